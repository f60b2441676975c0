"""What every response tells browsers, whoever made it: views, files, middlewares, error handlers."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import OperationalError
from django.test import Client

from tests.factories import AIModelFactory
from tests.videoai.access.doors import new_user, sign_in

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
INLINE = ("<style", "<script>", " style=", " onclick=", " onload=", "javascript:")
FILE = "/static/admin/css/base.css"


def policy_of(response: Any) -> dict[str, str]:
    directives = (part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    return dict(directives)


def unchanged_since(client: Client, address: str) -> Any:
    first = client.get(address)
    sent = {"if-none-match": first.get("ETag", ""), "if-modified-since": first.get("Last-Modified", "")}
    return client.get(address, headers=sent)


RESPONSES: dict[str, tuple[int, Callable[[Client], Any]]] = {
    "json": (200, lambda c: c.get("/api/v1/models/")),
    "json without its slash": (200, lambda c: c.get("/api/v1/models")),
    "json not modified": (304, lambda c: unchanged_since(c, "/api/v1/models/")),
    "a head": (200, lambda c: c.head("/api/v1/models/")),
    "an unknown parameter": (400, lambda c: c.get("/api/v1/models/?nope=1")),
    "no credentials": (401, lambda c: c.get("/api/v1/pricing/policy/")),
    "an unknown model": (404, lambda c: c.get("/api/v1/models/no/such/")),
    "an unknown api address": (404, lambda c: c.get("/api/v1/nope/")),
    "an unknown address": (404, lambda c: c.get("/nope")),
    "a wrong method": (405, lambda c: c.generic("TRACE", "/api/v1/models/")),
    "a wrong type": (406, lambda c: c.get("/api/v1/models/", headers={"accept": "text/html"})),
    "a wrong host": (400, lambda c: c.get("/api/v1/models/", headers={"host": "evil.example"})),
    "a wrong host of a page": (400, lambda c: c.get("/admin/", headers={"host": "evil.example"})),
    "the schema": (200, lambda c: c.get("/api/v1/schema/")),
    "health": (200, lambda c: c.get("/healthz/")),
    "health by a wrong method": (405, lambda c: c.post("/healthz/")),
    "a redirect": (302, lambda c: c.get("/")),
    "a redirect to the sign-in": (302, lambda c: c.get("/admin/models/")),
    "a redirect to the slash": (302, lambda c: c.get("/admin/models")),
    "the sign-in": (200, lambda c: c.get("/admin/login/")),
    "a form that has expired": (403, lambda c: Client(enforce_csrf_checks=True).post("/admin/login/")),
    "a file": (200, lambda c: c.get(FILE)),
    "a file not modified": (304, lambda c: unchanged_since(c, FILE)),
    "a file by a wrong method": (405, lambda c: c.post(FILE)),
    "a part of a file": (206, lambda c: c.get(FILE, headers={"range": "bytes=0-9"})),
    "a part behind the end": (416, lambda c: c.get(FILE, headers={"range": "bytes=99999999-"})),
    "a file that is not there": (404, lambda c: c.get("/static/nope.css")),
}


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def assert_headers(response: Any) -> None:
    assert policy_of(response) == POLICY
    assert {name: response.get(name) for name in HEADERS} == HEADERS
    assert "camera=()" in response["Permissions-Policy"]
    assert response["X-Request-ID"]


@pytest.mark.parametrize(("status", "ask"), RESPONSES.values(), ids=RESPONSES)
def test_every_response_has_them(client, status, ask):
    AIModelFactory()

    response = ask(client)

    assert response.status_code == status
    assert_headers(response)


@pytest.mark.parametrize("address", ["/api/v1/models/", "/admin/login/"])
@pytest.mark.parametrize(("raised", "status"), [(RuntimeError("x"), 500), (OperationalError("x"), 503)])
def test_our_own_faults_have_them(client, monkeypatch, address, raised, status):
    def explode(*args, **kwargs):
        raise raised

    monkeypatch.setattr("models_registry.api.views.AIModelViewSet.list", explode)
    monkeypatch.setattr("django.contrib.auth.views.LoginView.as_view", explode)

    response = client.get(address)

    assert response.status_code == status
    assert_headers(response)


@pytest.mark.parametrize("middleware", [m for m in configured.MIDDLEWARE if "headers" not in m][4:])
def test_a_middleware_that_breaks_loses_none(client, monkeypatch, middleware):
    module, name = middleware.rsplit(".", 1)

    def explode(self, request):
        raise RuntimeError("x")

    monkeypatch.setattr(f"{module}.{name}.__call__", explode)

    response = Client(raise_request_exception=False).get("/api/v1/models/")

    assert response.status_code == 500
    assert_headers(response)


def test_pages_for_staff_have_them(admin_client):
    for address, status in {"/admin/models/": 200, "/admin/nope/": 404}.items():
        response = admin_client.get(address)
        assert response.status_code == status
        assert_headers(response)


@pytest.mark.parametrize("address", ["/admin", "/api/v1/nope/", "/healthz/", "/"])
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_servers_need_not_find_out_how_long_a_body_is(client, address, host):
    response = client.get(address, headers={"host": host})

    assert response["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("address", ["/api/v1/models/", "/api/v1/docs/", "/admin/login/"])
def test_every_process_sends_the_policy_in_the_same_bytes(client, address):
    directives = client.get(address)["Content-Security-Policy"].split("; ")

    assert directives == sorted(directives)


@pytest.mark.parametrize(
    "ask", [lambda c: c.get("/api/v1/docs/"), lambda c: unchanged_since(c, "/api/v1/docs/")]
)
def test_the_docs_page_alone_may_show_icons_from_its_style_sheet(client, ask):
    assert policy_of(ask(client)) == POLICY | {"img-src": "'self' data:"}


def test_no_page_of_ours_needs_what_the_policy_forbids(admin_client):
    """Inline scripts and styles, handlers in attributes: a browser would only drop them in silence."""
    AIModelFactory()
    for address in (
        "/admin/",
        "/admin/models/",
        "/admin/models/add/",
        "/admin/login/",
        "/api/v1/docs/",
        "/demo/",
    ):
        html = admin_client.get(address).content.decode()
        assert [inline for inline in INLINE if inline in html] == [], address


@pytest.mark.parametrize(
    "file", sorted((configured.BASE_DIR / "templates").rglob("*.html")), ids=lambda file: file.name
)
def test_no_template_of_ours_does_either(file):
    assert [inline for inline in INLINE if inline in file.read_text()] == []


class TestOnlyJson:
    @pytest.mark.parametrize("wanted", ["text/html", "application/xhtml+xml", "text/html;q=0.9, text/plain"])
    def test_a_browser_that_wants_html_gets_a_problem(self, client, wanted):
        response = client.get("/api/v1/models/", headers={"accept": wanted})

        assert response.status_code == 406
        assert response["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("wanted", ["json", "api", "html", "yaml"])
    @pytest.mark.parametrize("address", ["models/", "models/default/", "pricing/matrix/", "pricing/policy/"])
    def test_no_parameter_picks_another_format(self, admin_client, address, wanted):
        response = admin_client.get(f"/api/v1/{address}?format={wanted}")

        assert response.status_code == 400
        assert response["Content-Type"] == "application/problem+json"

    def test_there_is_no_other_renderer(self):
        assert configured.REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"] == [
            "rest_framework.renderers.JSONRenderer"
        ]


BEHIND_TLS = """
import django, json
django.setup()
from django.test import Client
def ask(address, host="models.example", **extra):
    response = Client().get(address, headers={"host": host}, **extra)
    return [response.status_code, {**response.headers}, response.cookies.output()]
print(json.dumps([
    ask("/admin/login/", secure=True, HTTP_X_FORWARDED_PROTO="https"),
    ask("/admin/login/"),
    ask("/admin/login/", host="evil.example"),
]))
"""


@pytest.mark.slow
def test_behind_tls_browsers_are_told_to_insist_on_it():
    environment = {
        **os.environ,
        "HTTPS": "true",
        "ALLOWED_HOSTS": "models.example",
        "PYTHONWARNINGS": "ignore",
    }
    environment["DJANGO_SETTINGS_MODULE"] = "videoai.settings"
    printed = subprocess.run(
        [sys.executable, "-c", BEHIND_TLS], env=environment, capture_output=True, text=True, check=True
    ).stdout

    secure, plain, refused = json.loads(printed)

    assert secure[0] == 200
    assert secure[1]["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert "__Host-csrftoken=" in secure[2]
    assert "Secure" in secure[2]
    assert "SameSite=Lax" in secure[2]
    assert "Domain" not in secure[2]
    assert (plain[0], plain[1]["Location"]) == (301, "https://models.example/admin/login/")
    assert "Strict-Transport-Security" not in plain[1]
    assert refused[0] == 400
    for _, headers, _ in (secure, plain, refused):
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert "default-src 'self'" in headers["Content-Security-Policy"]


class TestSession:
    def test_its_cookie_is_for_the_server_alone_and_ends_with_the_day(self, client):
        cookie = sign_in(client, new_user()).cookies["sessionid"]

        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert cookie["max-age"] == 12 * 60 * 60

    def test_it_ends_everywhere_else_when_the_password_changes(self, admin_client, admin):
        elsewhere = Client()
        elsewhere.force_login(admin)
        assert elsewhere.get("/admin/models/").status_code == 200
        admin.set_password("first horse battery")
        admin.save()
        admin_client.force_login(admin)

        changed = admin_client.post(
            "/admin/password_change/",
            {
                "old_password": "first horse battery",
                "new_password1": "next horse battery",
                "new_password2": "next horse battery",
            },
        )

        assert changed.status_code == 302
        assert admin_client.get("/admin/models/").status_code == 200
        assert elsewhere.get("/admin/models/").status_code == 302
        assert elsewhere.get("/api/v1/pricing/policy/").status_code == 401
