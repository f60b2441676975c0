"""Requests of which the edge may make neither more nor less than Django does."""

from ipaddress import ip_network
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
from django.conf import settings
from django.core.cache import caches

from tests.factories import AIModelFactory, standard_policy
from tests.laying import laid_once
from tests.videoai.edge.twin import Told, Twin
from videoai.edge.requests import Scope
from videoai.limits.rates import Rate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

USUAL = (("host", "localhost"), ("x-request-id", "twin"))


@laid_once("module")
def catalogue():
    standard_policy()
    AIModelFactory(model_id="a/b", name="Ann", tags=["fast"], description="Long enough to be packed. " * 40)
    AIModelFactory(model_id="a/draft", is_active=False)


@pytest.fixture
def twin():
    return Twin()


def scope(target: str = "/api/v1/models/a/b/", *headers: tuple[str, str], **changes: Any) -> Scope:
    """A GET of `target`, as it stands on the line of the request."""
    path, _, query = target.partition("?")
    sent = [*(pair for pair in USUAL if pair[0] not in dict(headers)), *headers]
    return {
        "type": "http",
        "method": "GET",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": quote_from_bytes(path.encode("latin-1"), safe="/%").encode(),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent],
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 50_000),
        "server": ("localhost", 80),
        **changes,
    }


def asked(ask: Any, scope: Scope) -> Told:
    caches["default"].clear()
    return ask(scope)


def assert_both_tell_the_same(twin: Twin, scope: Scope) -> Told:
    """Also when it is ready, and when its headers are known."""
    told = asked(twin.of_django, scope)
    for _ in range(3):
        assert asked(twin.of_edge, scope) == told
    return told


TAG = '"0123"'


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("host", "")],
        [("host", "LOCALHOST:8000")],
        [
            ("host", "localhost."),
        ],
        [("host", "evil.example")],
        [("host", "localhost"), ("host", "localhost")],
        [("host", ""), ("host", "localhost")],
        [("host", "local\xe9host")],
        [("host", "[::1]:80")],
        [("accept", "text/html")],
        [("accept", "*/*")],
        [("accept", "application/json, text/html;q=0.1")],
        [("accept", "application/json;q=0")],
        [("accept", ""), ("accept", "text/html")],
        [("accept", "text/html"), ("accept", "*/*")],
        [("accept-encoding", "gzip")],
        [("accept-encoding", "GZIP;q=0.5, identity;q=0.1")],
        [("accept-encoding", "gzip;q=0")],
        [("accept-encoding", "identity, gzip;q=0.5")],
        [("accept-encoding", "*")],
        [("accept-encoding", ""), ("accept-encoding", "gzip")],
        [("accept-encoding", "br"), ("accept-encoding", "gzip")],
        [("accept-encoding", "x" * 300 + ", gzip")],
        [("if-none-match", "*")],
        [("if-none-match", "W/*")],
        [("if-none-match", TAG)],
        [("if-none-match", "garbage")],
        [("if-none-match", ""), ("if-none-match", "*")],
        [("if-none-match", TAG), ("if-none-match", "*")],
        [("if-match", TAG)],
        [("if-modified-since", "Sat, 01 Jan 2050 00:00:00 GMT")],
        [("range", "bytes=0-3")],
        [("x-forwarded-for", "192.0.2.1")],
        [("x-forwarded-for", "nonsense"), ("x-forwarded-for", "192.0.2.1")],
        [("x-forwarded-proto", "https")],
        [("x-forwarded-proto", "http")],
        [("x-forwarded-host", "evil.example")],
        [("x_forwarded_host", "evil.example")],
        [("authorization", "")],
        [("authorization", "Bearer vai_nonsense")],
        [("authorization", "Basic YTpi")],
        [("cookie", "sessionid=nonsense")],
        [("cookie", "a=b; sessionid=nonsense; c=d"), ("accept-encoding", "gzip")],
        [("cookie", "a=b"), ("cookie", "sessionid=nonsense")],
        [("cookie", "sessionid =nonsense"), ("accept-encoding", "gzip")],
        [("cookie", "sessionid"), ("accept-encoding", "gzip")],
        [("cookie", "csrftoken=" + "a" * 32)],
        [("cookie", "messages=nonsense; theme=dark")],
        [("content-length", "0")],
        [("transfer-encoding", "chunked")],
        [("content-type", "text/plain")],
        [("content-type", "nonsense; charset")],
        [("x-videoai-counted", "nonsense")],
        [("x-videoai-counted", "0:1:2")],
        [("x-http-method-override", "DELETE")],
        [("origin", "https://evil.example"), ("referer", "https://evil.example/")],
        [("accept-language", "de")],
        [("x-change-reason", "\xff")],
        [("expect", "100-continue")],
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_headers(twin, headers, method):
    told = assert_both_tell_the_same(twin, scope("/api/v1/models/a/b/", *headers, method=method))

    assert told.status < 500


@pytest.mark.parametrize("ids", [("", "given"), ("given", "twice")])
def test_an_id_that_is_not_one_is_not_taken(twin, ids):
    answer = twin.of_edge(scope(MODEL, *(("x-request-id", sent) for sent in ids)))

    assert dict(answer.headers)["x-request-id"] not in {"", *ids}


def test_a_spoilt_cookie_of_a_form_is_answered_with_a_new_one(twin):
    spoilt = scope(MODEL, ("cookie", "csrftoken=short"))

    for _ in range(2):
        assert "csrftoken=" in dict(twin.of_edge(spoilt).headers)["set-cookie"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8::1", "2001:db8::2"),
        ("", "/run/videoai.sock"),
    ],
)
def test_callers_that_django_counts_as_one_are_counted_as_one(twin, one, other):
    caches["default"].clear()
    for address in (one, other):
        last = twin.of_edge(scope(MODEL, client=(address, 50_000)))

    assert ";r=999998;" in dict(last.headers)["ratelimit"]


def test_ipv4_callers_are_counted_apart_however_their_addresses_are_written(twin):
    caches["default"].clear()
    for address in ("::ffff:192.0.2.1", "::ffff:192.0.2.2"):
        last = twin.of_edge(scope(MODEL, client=(address, 50_000)))

    assert ";r=999999;" in dict(last.headers)["ratelimit"]


def test_a_count_that_a_client_makes_up_breaks_nothing_when_it_has_asked_too_often(twin, monkeypatch):
    monkeypatch.setattr(twin.edge._counting, "is_over", lambda counted: True)

    assert twin.of_edge(scope(MODEL, ("x-videoai-counted", "nonsense"))).status == 200


MODEL = "/api/v1/models/a/b/"


@pytest.mark.parametrize(
    "target",
    [
        *("/api/v1/models", "/api/v1/models//", "/api/v1//models/", "//api/v1/models/", "/API/v1/models/"),
        *("/api/v1/models/a/b", "/api/v1/models/a%2Fb/", "/api/v1/models/a%2fb", "/api/v1/models/a/b//"),
        *("/api/v1/models/%61/b/", "/api/v1/models/a/b%2F", "/api/v1/models/a%252Fb/", "/api/v1/models/A/B/"),
        *(
            "/api/v1/models/a/../b/",
            "/api/v1/models/a/b/.",
            "/api/v1/models/%2e%2e/",
            "/api/v1/models/a/b;x/",
        ),
        *(
            "/api/v1/models/a/b%3Fx=1",
            "/api/v1/models/a/b/%00",
            "/api/v1/models/%ff/",
            "/api/v1/models/%ED%A0%80/",
        ),
        *("/api/v1/models/\xe4/", "/api/v1/models/a%20b/", "/api/v1/models/a b/", "/api/v1/models/a+b/"),
        *("/api/v1/models/a/draft/", "/api/v1/models/stats/", "/api/v1/models/a/b/stats/"),
        *("/api/v1/models/a/b/history/", "/api/v1/pricing/policy/", "/api/v1/models/a/b/default/"),
        *("/api/v1/models/validate/", "/api/v1/models/validate/validate/?duration=5&quality=high"),
        *("/api/v1/models/default/validate/?duration=5&quality=high", "/api/v1/models/default"),
        *("/api/v1/models/a/b/validate/validate/?duration=5&quality=high", "/api/v1/models/premium"),
        *("/api/v1/models/stats/validate/?duration=5&quality=high", "/api/v1/models/a/generations/"),
        *(f"/api/v1/models/{'a/' * 6}", f"/api/v1/models/{'a/' * 7}", f"/api/v1/models/{'a' * 201}/"),
        *("/api/v1/models/?", "/api/v1/models/?&", "/api/v1/models/?=", "/api/v1/models/?provider"),
        *(
            "/api/v1/models/?provider=",
            "/api/v1/models/?search=",
            "/api/v1/models/?search=+",
            "/api/v1/models/?tag=",
        ),
        *("/api/v1/models/?tag=fast&tag=fast", "/api/v1/models/?provider=Acme&provider=Acme"),
        *("/api/v1/models/?colour=red", "/api/v1/models/?Provider=Acme", "/api/v1/models/?status=active"),
        *(
            "/api/v1/models/?provider=%ff",
            "/api/v1/models/?provider=\xff",
            "/api/v1/models/?search=%ED%A0%80",
        ),
        *("/api/v1/models/?search=%00", "/api/v1/models/?search=%C3%A4", "/api/v1/models/?search=\xc3\xa4"),
        *(
            "/api/v1/models/?provider=Acme;category=budget",
            "/api/v1/models/?page=1#x",
            "/api/v1/models/?page=%31",
        ),
        *("/api/v1/models/?page=2", "/api/v1/models/?page=01", "/api/v1/models/?page_size=201"),
        *("/api/v1/models/?duration=005", "/api/v1/models/?duration=5.0", "/api/v1/models/?duration=%D9%A8"),
        *(f"/api/v1/models/?search={'x' * 200}", f"/api/v1/models/?search={'x' * 201}"),
        *("/api/v1/models/?page=1?page=2", "/api/v1/models/?%70age=1", "/api/v1/models/?format=json"),
        *("/api/v1/models/default/?x=1", "/api/v1/models/a/b/?x=1", "/api/v1/models/a/b/?"),
        *(f"{MODEL}validate/", f"{MODEL}validate/?duration=5", f"{MODEL}validate/?duration=+5&quality=high"),
        *(f"{MODEL}validate/?duration=5&quality=high", f"{MODEL}validate/?duration=005&quality=high"),
        *(
            f"{MODEL}validate/?duration={'0' * 99}5&quality=high",
            f"{MODEL}validate/?duration={'0' * 100}5&quality=high",
        ),
        *(f"{MODEL}validate/?duration=999999999&quality=high", f"{MODEL}validate/?duration=-5&quality=high"),
        *(f"{MODEL}validate/?quality=high&duration=0", f"{MODEL}validate/?quality=%22&duration=0"),
        *(
            "/api/v1/models/no/such/validate/?quality=high&duration=5",
            "/api/v1/models/A/B/validate/?quality=high&duration=5",
        ),
        *("/api/v1/pricing/quote/?model_id=a/b&quality=high&duration=5", "/api/v1/pricing/quote/"),
        *(
            "/api/v1/pricing/quote/?model_id=A/B&quality=high&duration=5",
            "/api/v1/pricing/quote/?model_id=%00&quality=high&duration=5",
        ),
        *(
            "/api/v1/pricing/quote/?model_id=a/stats&quality=high&duration=5",
            "/api/v1/pricing/quote/?model_id=default&quality=high&duration=5",
        ),
        *(
            "/api/v1/pricing/matrix/?provider=Acme",
            "/api/v1/pricing/matrix/?category=nonsense",
            "/api/v1/pricing/matrix/?tag=fast",
        ),
        *(
            "/api/v1/pricing/compare/?quality=high&duration=05",
            "/api/v1/pricing/compare/?quality=high",
            "/api/v1/pricing/compare",
        ),
    ],
)
def test_addresses(twin, target):
    assert assert_both_tell_the_same(twin, scope(target)).status < 500


@pytest.mark.parametrize("limit", [None, Rate(limit=2, seconds=60)], ids=["no limit", "two a minute"])
def test_limits(monkeypatch, limit):
    monkeypatch.setattr(settings, "RATE_LIMIT_READ", limit)
    twin = Twin()
    told = {}
    for ask in (twin.of_django, twin.of_edge):
        caches["default"].clear()
        told[ask] = [ask(scope(MODEL)) for _ in range(4)]

    assert told[twin.of_django] == told[twin.of_edge]
    assert [one.status for one in told[twin.of_edge]] == (
        [200] * 4 if limit is None else [200, 200, 429, 429]
    )


def test_proxies_are_believed_by_both_alike(monkeypatch):
    monkeypatch.setattr(settings, "TRUSTED_PROXIES", [ip_network("127.0.0.1")])
    twin = Twin()
    told = {}
    for ask in (twin.of_django, twin.of_edge):
        caches["default"].clear()
        chains = ("192.0.2.1", "192.0.2.2, 192.0.2.1", "192.0.2.1:80", "nonsense", "192.0.2.2")
        told[ask] = [ask(scope(MODEL, ("x-forwarded-for", chain))) for chain in chains]

    assert told[twin.of_django] == told[twin.of_edge]
    assert ";r=999997;" in dict(told[twin.of_edge][2].headers)["ratelimit"]
