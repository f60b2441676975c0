"""The topology that production has, on this machine, asked through nginx as the public asks."""

import http.client
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from urllib.parse import urlencode

import pytest

from tests.videoai.deploy.local.visitors import STRANGER, Visitor, next_event
from videoai.deploy.local.app import App
from videoai.deploy.local.processes import running
from videoai.deploy.local.residents import evict, residents
from videoai.deploy.local.telling import steps, told, write_settings

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

VEO = "/api/v1/models/google/veo-3/"
PROBLEM = "application/problem+json"


def asked_directly(app: App, path: str, *, client: str = STRANGER) -> tuple[http.client.HTTPMessage, dict]:
    """As nginx asks, for a client at that address."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    connection.request("GET", path, headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": client})
    response = connection.getresponse()
    headers, body = response.headers, json.loads(response.read())
    connection.close()
    return headers, body


def left(headers: http.client.HTTPMessage) -> int:
    """How many more requests the client has."""
    return int(re.search(r";r=(\d+)", headers["RateLimit"])[1])


def test_browsers_get_http_2_and_nobody_an_old_tls(cluster):
    port = cluster.nginx.port
    trust = ssl.create_default_context(cafile=cluster.nginx.certificate)
    trust.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"
        assert secure.version() == "TLSv1.3"


def test_whoever_comes_without_tls_is_led_there(cluster):
    connection = http.client.HTTPConnection("127.0.0.1", cluster.nginx.plain_port, timeout=20)
    connection.request("GET", "/api/v1/models/?tag=fast", headers={"Host": "evil.example"})
    response = connection.getresponse()
    connection.close()

    assert response.status == 308
    assert response.headers["Location"] == f"{cluster.nginx.url}/api/v1/models/?tag=fast"


def test_the_catalogue_is_read_through_nginx(visitor):
    assert visitor.get("/healthz/").told == {"status": "ok"}
    assert visitor.get("/readyz/").told["status"] == "ready"
    assert visitor.get("/api/v1/models/default/").told["model_id"] == "luma/ray-flash-2-540p"


def test_a_request_has_one_id_all_the_way(visitor):
    assert visitor.get(VEO, x_request_id="from-client-1").headers["X-Request-ID"] == "from-client-1"


def test_an_admin_signs_in_over_tls_with_cookies_of_this_host_alone(cluster, visitor):
    page = visitor.get("/admin/login/")
    cookie = page.headers["Set-Cookie"]
    name, password = cluster.admin
    (token,) = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
    form = urlencode({"username": name, "password": password, "csrfmiddlewaretoken": token})

    connection = visitor.connect()
    connection.request(
        "POST",
        "/admin/login/?next=/admin/",
        form,
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": cookie.partition(";")[0],
            "Origin": f"https://127.0.0.1:{cluster.nginx.port}",
        },
    )
    response = connection.getresponse()
    connection.close()

    assert response.status == 302
    cookies = [cookie, *response.headers.get_all("Set-Cookie")]
    assert {one.partition("=")[0] for one in cookies} == {"__Host-csrftoken", "__Host-sessionid"}
    assert all("; Secure" in one for one in cookies)


def test_what_is_written_through_nginx_is_in_the_next_answer_of_both_apps(cluster, visitor, writer):
    for price in ("0.61", "0.62"):
        written = visitor.ask("PATCH", VEO, {"cost_per_second": price}, authorization=writer)

        assert written.status == 200
        assert [asked_directly(app, VEO)[1]["cost_per_second"] for app in cluster.apps] == [price, price]


def test_an_acknowledged_write_is_on_the_replica(cluster, visitor, writer):
    visitor.ask("PATCH", VEO, {"version": "1.1"}, authorization=writer)

    with cluster.primary.connect() as primary:
        assert primary.execute("SELECT sync_state FROM pg_stat_replication").fetchall() == [("sync",)]


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/%6detrics", "//metrics?x=1", "/x/../metrics"])
def test_metrics_are_not_for_the_public(visitor, path):
    answer = visitor.get(path)

    assert (answer.status, answer.kind, answer.told["code"]) == (404, PROBLEM, "not_found")


def test_clients_are_counted_by_their_own_address_whatever_they_say(cluster):
    one, other = Visitor(cluster.nginx, address="127.0.0.3"), Visitor(cluster.nginx, address="127.0.0.4")
    before = left(one.get(VEO).headers)

    assert left(one.get(VEO, x_forwarded_for="203.0.113.9").headers) == before - 1
    assert left(one.get(VEO, x_forwarded_for="127.0.0.1, 127.0.0.1").headers) == before - 2
    assert left(other.get(VEO).headers) == before


def test_both_apps_count_in_the_same_redis(cluster):
    first, second = cluster.apps
    before = left(asked_directly(first, VEO, client="198.51.100.7")[0])

    assert left(asked_directly(second, VEO, client="198.51.100.7")[0]) == before - 1
    assert left(asked_directly(first, VEO, client="198.51.100.7")[0]) == before - 2


def test_an_event_comes_through_nginx_when_it_happens(visitor, writer):
    with visitor.listening("/api/v1/events/") as stream:
        answer = visitor.ask("PATCH", VEO, {"description": "New."}, authorization=writer)
        event = next_event(stream)

    assert answer.status == 200
    assert stream.headers.get_content_type() == "text/event-stream"
    assert json.loads(event["data"])["changed"] == ["google/veo-3"]


@pytest.mark.parametrize("size", [1_060_000, 3_000_000])
def test_a_body_that_is_too_large_is_told_alike_by_app_and_nginx(visitor, writer, size):
    answer = visitor.ask("PATCH", VEO, {"description": "x" * size}, authorization=writer)

    assert (answer.status, answer.kind, answer.told["code"]) == (413, PROBLEM, "too_large")


def test_what_runs_where_is_told_with_each_port(cluster):
    words = told(cluster)

    parts = (cluster.nginx, *cluster.apps, cluster.primary, cluster.replica, cluster.redis)
    assert [part.port for part in parts if f":{part.port}" not in words] == []
    assert cluster.environment["SECRET_KEY"] not in words
    assert (cluster.folder / "settings.sh").stat().st_mode & 0o777 == 0o600


def test_an_app_that_somebody_starts_again_ends_with_the_cluster(cluster):
    (app, *_) = cluster.apps
    write_settings(cluster)
    _, start = steps(cluster)["Kill an app, which the other one covers; start it again"]
    app.kill()
    with subprocess.Popen(["sh", "-c", start], stderr=subprocess.DEVNULL, start_new_session=True) as shell:
        deadline = time.monotonic() + 30
        while len(at_home := residents(app.folder)) < 2:  # the server, and its worker
            assert time.monotonic() < deadline
            time.sleep(0.1)
        started = {pid for pid, known in running().items() if known.group == shell.pid}
        evict(app.folder)
    app.start()
    app.wait()

    assert started - {shell.pid} == set(at_home)


def test_while_an_app_is_killed_no_read_fails(cluster, visitor):
    statuses: list[int] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            statuses.append(visitor.get("/api/v1/models/").status)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    time.sleep(0.2)
    cluster.apps[0].kill()
    time.sleep(0.6)
    is_over.set()
    for reader in readers:
        reader.join()
    cluster.apps[0].start()
    cluster.apps[0].wait()

    assert set(statuses) == {200}
    assert len(statuses) > 20


def test_while_all_apps_are_gone_clients_are_told_when_to_come_back(cluster, visitor, writer):
    for app in cluster.apps:
        app.kill()
    read, page = visitor.get(VEO), visitor.get("/admin/")
    write = visitor.ask("PATCH", VEO, {"version": "2"}, authorization=writer, x_request_id="w-1")
    for app in cluster.apps:
        app.start()
    for app in cluster.apps:
        app.wait()

    assert (page.status, page.kind, page.headers["Retry-After"]) == (503, "text/html", "1")
    for answer in (read, write):
        assert (answer.status, answer.kind, answer.headers["Retry-After"]) == (503, PROBLEM, "1")
        assert (answer.told["status"], answer.told["code"]) == (503, "unavailable")
    assert write.told["request_id"] == write.headers["X-Request-ID"] == "w-1"


def test_they_answer_as_soon_as_they_are_back(visitor):
    deadline = time.monotonic() + 3  # nginx leaves an app alone for two seconds
    while visitor.get(VEO).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
