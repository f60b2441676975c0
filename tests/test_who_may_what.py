"""Every route × every kind of caller: who gets in, and that nothing changes for those who don't."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import CatalogueRevision
from models_registry.usage.models import GenerationKey
from pricing.quotes.models import HeldQuote
from pricing.quotes.services import hold
from pricing.schedule.deeds import Deed
from pricing.schedule.models import Kind, ScheduledChange
from pricing.schedule.services import schedule
from tests.factories import AIModelFactory, standard_policy, untraced
from tests.laying import laid_once
from tests.test_permissions import routes
from videoai.access import services as tokens
from videoai.limits.rates import Rate

pytestmark = pytest.mark.django_db

ANYONE, READER, WRITER, RECORDER, ANALYST = "anyone", "reader", "writer", "recorder", "analyst"
OPERATOR = "operator"
METRICS = "/metrics/"


class Route(NamedTuple):
    """One method of one address: who may use it, and what they get. `{}` stands for a model's id."""

    method: str
    path: str
    for_whom: str
    status: int
    body: dict[str, Any] | None = None


NEW = {
    "model_id": "new/one",
    "name": "New",
    "description": "",
    "cost_per_second": "0.5",
    "supported_durations": [5],
    "supported_qualities": ["high"],
    "provider": "Acme",
    "replicate_model_id": "new/one",
}
ASKED = "duration=5&quality=high"
ASKED_FOR = {"model_id": "a/other", "duration": 5, "quality": "high"}
HELD = "q_held"
CHANGE = {
    "change": "price",
    "model_id": "a/other",
    "cost_per_second": "0.5",
    "effective_from": (timezone.now() + timedelta(days=1)).isoformat(),
}
GENERATION = {"generation_id": "g-1", "generation_time": 12.5, "success": True}

ROUTES = [
    Route("GET", "models/", ANYONE, 200),
    Route("GET", "models/?status=draft", READER, 200),
    Route("GET", "models/default/", ANYONE, 200),
    Route("GET", "models/premium/", ANYONE, 200),
    Route("GET", "models/{}/", ANYONE, 200),
    Route("GET", f"models/{{}}/validate/?{ASKED}", ANYONE, 200),
    Route("GET", "models/deprecations/", ANYONE, 200),
    Route("GET", "models/stats/", ANYONE, 200),
    Route("GET", "models/{}/stats/", ANYONE, 200),
    Route("GET", "usage/summary/", ANALYST, 200),
    Route("GET", "models/{}/history/", READER, 200),
    Route("POST", "models/", WRITER, 201, NEW),
    Route("PATCH", "models/{}/", WRITER, 200, {"name": "Other"}),
    Route("PUT", "models/{}/", WRITER, 200, {**NEW, "model_id": "a/other"}),
    Route("DELETE", "models/{}/", WRITER, 204),
    Route("POST", "models/{}/default/", WRITER, 200),
    Route("POST", "models/{}/restore/", WRITER, 200),
    Route("POST", "models/{}/generations/", RECORDER, 201, GENERATION),
    Route(
        "POST", "generations/batch/", RECORDER, 200, {"generations": [{"model_id": "a/other", **GENERATION}]}
    ),
    Route("GET", f"pricing/quote/?model_id=a/other&{ASKED}", ANYONE, 200),
    Route("GET", "pricing/matrix/", ANYONE, 200),
    Route("GET", f"pricing/compare/?{ASKED}", ANYONE, 200),
    Route("GET", "pricing/policy/", READER, 200),
    Route("POST", "pricing/preview/", READER, 200, {"policy": {"profit_margin": "2"}}),
    Route("GET", "pricing/margins/", READER, 200),
    Route("GET", "pricing/margins/csv/", READER, 200),
    Route("POST", "pricing/quotes/", ANYONE, 201, ASKED_FOR),
    Route("GET", f"pricing/quotes/{HELD}/", ANYONE, 200),
    Route("POST", f"pricing/quotes/{HELD}/redeem/", RECORDER, 200, {"generation_id": "g-1"}),
    Route("GET", f"pricing/quote/?model_id=a/other&at=2100-01-01T00:00:00Z&{ASKED}", READER, 200),
    Route("GET", "pricing/changes/", READER, 200),
    Route("POST", "pricing/changes/", WRITER, 201, CHANGE),
    Route("GET", "pricing/changes/1/", READER, 200),
    Route("DELETE", "pricing/changes/1/", WRITER, 204),
    Route("GET", "events/", ANYONE, 200),
    Route("GET", "schema/", ANYONE, 200),
    Route("GET", "docs/", ANYONE, 200),
    Route("GET", METRICS, OPERATOR, 200),
]
GUARDED = [route for route in ROUTES if route.for_whom != ANYONE]
WRITES = [route for route in ROUTES if route.method != "GET"]


# --- Callers ---------------------------------------------------------------------------------------------


def signed_in(*codenames: str, **facts: Any) -> Client:
    user = User.objects.create_user("ada", **facts)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies["csrftoken"] = client.defaults["HTTP_X_CSRFTOKEN"] = (
        "c" * 32
    )  # as a page would hand it out
    return client


def bearer(text: str) -> Client:
    return Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {text}"})


def with_token(*scopes: str) -> Client:
    return bearer(tokens.create("ci", scopes=scopes).text)


def with_expired_token() -> Client:
    with time_machine.travel(timezone.now() - timedelta(days=3)):
        issued = tokens.create("ci", scopes=["catalog:write"], expires_in=timedelta(days=1))
    return bearer(issued.text)


def with_revoked_token() -> Client:
    issued = tokens.create("ci", scopes=["catalog:write"])
    tokens.revoke("ci")
    return bearer(issued.text)


class Caller(NamedTuple):
    """How somebody calls, the routes that let them in, and the status that turns them away elsewhere."""

    make: Callable[[], Client]
    lets_in: tuple[str, ...]
    refusal: int


CALLERS = {
    "anonymous": Caller(lambda: Client(enforce_csrf_checks=True), (ANYONE,), 401),
    "garbage token": Caller(lambda: bearer("garbage"), (), 401),
    "unknown token": Caller(lambda: bearer(f"vai_{'a' * 12}_{'b' * 43}"), (), 401),
    "expired token": Caller(with_expired_token, (), 401),
    "revoked token": Caller(with_revoked_token, (), 401),
    "user without rights": Caller(signed_in, (ANYONE,), 403),
    "user with rights who is no staff": Caller(
        lambda: signed_in("view_aimodel", "change_aimodel", "add_aimodel"), (ANYONE,), 403
    ),
    "staff without rights": Caller(lambda: signed_in(is_staff=True), (ANYONE,), 403),
    "staff view-only": Caller(
        lambda: signed_in("view_aimodel", is_staff=True), (ANYONE, READER, ANALYST), 403
    ),
    "staff editor": Caller(
        lambda: signed_in("view_aimodel", "change_aimodel", "add_aimodel", is_staff=True),
        (ANYONE, READER, WRITER, RECORDER, ANALYST),
        403,
    ),
    "superuser": Caller(
        lambda: signed_in(is_staff=True, is_superuser=True),
        (ANYONE, READER, WRITER, RECORDER, ANALYST, OPERATOR),
        403,
    ),
    "staff who read the audit trail": Caller(
        lambda: signed_in("view_auditentry", is_staff=True), (ANYONE, OPERATOR), 403
    ),
    "token that reads metrics": Caller(lambda: with_token("metrics:read"), (ANYONE, OPERATOR), 403),
    "token that reads usage": Caller(lambda: with_token("usage:read"), (ANYONE, ANALYST), 403),
    "token that records": Caller(lambda: with_token("usage:write"), (ANYONE, RECORDER), 403),
    "token that reads": Caller(lambda: with_token("catalog:read"), (ANYONE, READER), 403),
    "token that writes": Caller(lambda: with_token("catalog:write"), (ANYONE, READER, WRITER), 403),
}


@pytest.fixture(autouse=True)
def rights_count_here_too(settings: Any) -> None:
    """From this machine, anybody may see metrics."""
    settings.METRICS_NETWORKS = []


@laid_once("module")
def catalogue() -> None:
    standard_policy()
    AIModelFactory(model_id="a/first")
    other = AIModelFactory(model_id="a/other")
    services.revise(other, {"description": "Second."})
    hold(**ASKED_FOR, quote_id=HELD)
    deed = Deed(Kind.POLICY, {"profit_margin": "1.4"})
    change = schedule(deed, effective_from=timezone.now() + timedelta(days=1))
    untraced(ScheduledChange).filter(pk=change.pk).update(id=1)


def send(client: Client, route: Route, model_id: str = "a/other", **changes: Any) -> Any:
    path = route.path.format(model_id)
    address = path if path.startswith("/") else f"/api/v1/{path}"
    if route.method == "GET":
        return client.get(address, headers=changes.get("headers"))
    sent = {"data": route.body or "", "content_type": "application/json", **changes}
    return getattr(client, route.method.lower())(address, **sent)


def named(routes: list[Route]) -> Any:
    return [pytest.param(route, id=f"{route.method} {route.path}") for route in routes]


EVERY_CALLER = pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)


def those(wanted: Callable[[Caller], Any]) -> Any:
    """The callers of whom there is something to ask: a loop over no routes could not fail."""
    found = {name: caller for name, caller in CALLERS.items() if wanted(caller)}
    return pytest.mark.parametrize("caller", found.values(), ids=found)


def refused(caller: Caller, routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.for_whom not in caller.lets_in]


@contextmanager
def undone() -> Iterator[None]:
    """Each route meets the catalogue as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# --- The table -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("catalogue")
@those(lambda caller: caller.lets_in)
def test_each_caller_gets_through_where_it_should(caller):
    client, routes = caller.make(), [route for route in ROUTES if route.for_whom in caller.lets_in]
    found = {}

    for route in routes:
        with undone():
            found[route.method, route.path] = send(client, route).status_code

    assert found == {(route.method, route.path): route.status for route in routes}


@pytest.mark.usefixtures("catalogue")
@those(lambda caller: refused(caller, ROUTES))
def test_and_nowhere_else_and_changes_nothing(caller):
    client = caller.make()
    before = trace()

    for route in refused(caller, ROUTES):
        response = send(client, route)
        assert response.status_code == caller.refusal, route
        assert response["Content-Type"] == "application/problem+json", route
        assert ("WWW-Authenticate" in response) == (caller.refusal == 401), route
        assert trace() == before, route


@pytest.mark.usefixtures("catalogue")
@those(lambda caller: refused(caller, GUARDED))
def test_rights_are_asked_before_existence_and_validity(caller):
    client = caller.make()

    for route in refused(caller, GUARDED):
        strange = route._replace(path=route.path if "?" in route.path else f"{route.path}?colour=red")
        assert send(client, strange, model_id="no/such").status_code == caller.refusal, route
    for route in refused(caller, WRITES):
        garbage = {"data": b'{"colour": NaN', "content_type": "application/json"}
        assert send(client, route, model_id="no/such", **garbage).status_code == caller.refusal, route
        assert send(client, route, data=b"x", content_type="image/png").status_code == caller.refusal, route


@pytest.mark.usefixtures("catalogue")
@EVERY_CALLER
def test_rights_are_asked_before_what_a_client_accepts(caller):
    client = caller.make()

    for route in GUARDED:
        response = send(client, route, headers={"accept": "text/html"})
        if route.for_whom in caller.lets_in and route.path == METRICS:
            continue  # in plain text, whatever is accepted
        expected = 406 if route.for_whom in caller.lets_in else caller.refusal
        assert response.status_code == expected, route
        assert response["Content-Type"] == "application/problem+json", route


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
@pytest.mark.parametrize("model_id", ["a%0a", "%0d%0a", "a%00", "..%2f..", "%E2%80%AE", "a" * 5_000])
def test_nobody_learns_what_an_id_may_be(client, method, model_id):
    assert getattr(client, method)(f"/api/v1/models/{model_id}/").status_code == 401


@pytest.mark.usefixtures("catalogue")
def test_a_session_without_its_csrf_token_is_written_down_by_name():
    client = signed_in(is_staff=True)
    del client.defaults["HTTP_X_CSRFTOKEN"]

    send(client, WRITES[0])

    refused = AuditEntry.objects.get(action="write_refused")
    assert (refused.actor_kind, refused.actor) == ("user", "ada")


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("caller", ["anonymous", "token that records", "staff view-only"])
def test_who_is_refused_may_not_hammer_either(settings, caller):
    settings.RATE_LIMIT_WRITE = Rate(2, 60)
    client = CALLERS[caller].make()

    statuses = [send(client, WRITES[0]).status_code for _ in range(4)]

    assert statuses == [CALLERS[caller].refusal] * 2 + [429] * 2


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("route", named(WRITES))
def test_a_session_writes_only_with_its_csrf_token(route):
    client = signed_in(is_staff=True, is_superuser=True)
    del client.defaults["HTTP_X_CSRFTOKEN"]
    before = trace()

    response = send(client, route)

    assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")
    assert trace() == before


@pytest.mark.usefixtures("catalogue")
def test_who_may_change_but_not_add_can_not_create():
    client = signed_in("view_aimodel", "change_aimodel", is_staff=True)

    statuses = {route.status for route in WRITES if send(client, route).status_code == 403}

    assert statuses == {201}


def trace() -> tuple[int, int, int, int, int]:
    """What moves with every write: the catalogue's revision, the audit trail, generations, held quotes."""
    return (
        CatalogueRevision.objects.get().revision,
        AuditEntry.objects.changes().count(),
        GenerationKey.objects.count(),
        HeldQuote.objects.count(),
        HeldQuote.objects.redeemed().count(),
    )


# --- Nothing is forgotten --------------------------------------------------------------------------------


def served() -> Iterator[tuple[str, str]]:
    """Every method and address that rights are asked at, as the resolver has them."""
    for address, route in routes(get_resolver()):
        if address.startswith(("api/v1/", "metrics/")):
            view = route.callback.cls
            actions = getattr(route.callback, "actions", None)
            methods = actions or [name for name in view.http_method_names if hasattr(view, name)]
            for method in set(methods) - {"head", "options"}:
                yield method.upper(), told(address)


def told(address: str) -> str:
    """An address as the table has it."""
    ids = {"<any_text:model_id>": "{}", "<slug:quote_id>": HELD, "<int:change_id>": "1"}
    for id_, stands_for in ids.items():
        address = address.replace(id_, stands_for)
    return address.removeprefix("api/v1/") if address.startswith("api/") else f"/{address}"


def test_the_table_has_every_route():
    assert {(route.method, route.path.partition("?")[0]) for route in ROUTES} == set(served())
