"""Closed by default: every address says what it asks of its callers."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from videoai.access.permissions import HasDeclaredScopes

# Addresses outside Django REST framework, and why each may be there.
OTHERS = {
    "": "a redirect to the ModelManager, which asks for sign-in",
    "demo/": "the page of live prices, which shows what anybody may read",
    "healthz/": "says only that the process lives",
    "readyz/": "says only whether the database answers",
    "^api/": "the 404 of every unknown API address",
}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, address)
        else:
            yield address, entry


def served() -> list[tuple[str, URLPattern]]:
    # The admin has a lock of its own on every page.
    return [(address, route) for address, route in routes(get_resolver()) if not address.startswith("admin/")]


def test_every_address_is_a_rest_view_or_a_known_exception():
    others = {address for address, route in served() if not hasattr(route.callback, "cls")}

    assert others == OTHERS.keys()


@pytest.mark.parametrize(
    ("address", "route"),
    [pytest.param(a, r, id=a) for a, r in served() if hasattr(r.callback, "cls")],
)
def test_every_method_of_every_view_declares_its_scopes(address, route):
    view, actions = route.callback.cls, getattr(route.callback, "actions", None)
    methods = actions or {m: m for m in view.http_method_names if hasattr(view, m) and m != "options"}

    assert view.permission_classes == [HasDeclaredScopes]
    assert set(methods.values()) <= view.required_scopes.keys()


def test_a_view_that_declares_nothing_is_closed_even_to_the_superuser(admin):
    class Forgetful(APIView):
        def get(self, request):
            raise AssertionError("unreachable")

    request = APIRequestFactory().get("/")
    request.user = admin

    assert Forgetful.as_view()(request).status_code in {401, 403}
