import json
import socket
import time

import psycopg
import pytest

from tests.factories import AIModelFactory
from tests.server import Server, database_url
from videoai import serve


def test_a_taken_port_is_refused_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="Set HOST or PORT to another"):
            serve.refuse_taken_port("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "٣", "65536", "9" * 5_000])
def test_a_setting_that_is_no_number_ends_with_a_sentence(monkeypatch, text):
    monkeypatch.setenv("PORT", text)

    with pytest.raises(SystemExit, match="not a whole number from 1 to 65535"):
        serve.port()


@pytest.mark.parametrize("unset", ["", None])
def test_without_one_the_default_counts(monkeypatch, unset):
    monkeypatch.delenv("PORT", raising=False)
    if unset is not None:
        monkeypatch.setenv("PORT", unset)

    assert serve.port() == 8000


@pytest.mark.parametrize(
    ("edge", "interface", "target"),
    [(True, "asgi", "videoai.asgi:application"), (False, "wsgi", "videoai.wsgi:application")],
)
def test_the_server_gets_what_it_was_told(monkeypatch, settings, edge, interface, target):
    started = []
    monkeypatch.setattr(serve, "share_metrics", lambda: None)
    monkeypatch.setattr(serve.os, "execv", lambda path, command: started.append(command))
    settings.EDGE = edge

    serve.serve("127.0.0.1", 8123, workers=3, shutdown_seconds=7)

    (command,) = started
    assert command[command.index("--port") + 1] == "8123"
    assert command[command.index("--workers") + 1] == "3"
    assert command[command.index("--workers-kill-timeout") + 1] == "7"
    assert command[command.index("--interface") + 1] == interface
    assert command[-1] == target


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_request_under_way_is_answered_before_the_server_ends():
    """It takes longer than the two seconds that are enough for most."""
    model = AIModelFactory()
    with Server(database_url(), workers=1) as server, psycopg.connect(database_url()) as locker:
        locker.execute("LOCK TABLE models IN ACCESS EXCLUSIVE MODE")
        asked = server.connect()
        asked.request("GET", f"/api/v1/models/?search={model.model_id}")
        time.sleep(0.5)
        server.terminate()
        time.sleep(3)
        locker.rollback()
        answer = asked.getresponse()

        assert (answer.status, json.loads(answer.read())["count"]) == (200, 1)
        with pytest.raises(ConnectionRefusedError):
            server.connect().connect()
