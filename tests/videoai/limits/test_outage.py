"""A Redis that is gone stops nobody: counting goes on, alone, and the log says so once."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.factories import AIModelFactory
from tests.videoai.limits.redis_server import PASSWORD, RedisServer
from videoai.limits import counting
from videoai.limits.counting import count
from videoai.limits.rates import Rate


def counted(times: int) -> list[int]:
    return [count("one", seconds=60).number for _ in range(times)]


@pytest.fixture
def asked_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "PAUSE_SECONDS", 0)


@pytest.fixture
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "PAUSE_SECONDS", 3_600)


@pytest.fixture
def mortal() -> Iterator[RedisServer]:
    """A Redis to be killed."""
    with RedisServer() as server:
        yield server


@pytest.mark.usefixtures("asked_every_time")
def test_one_that_dies_and_comes_back_is_missed_and_used_again(mortal, count_at, caplog):
    count_at(mortal.url)

    assert counted(3) == [1, 2, 3]
    mortal.kill()
    assert counted(3) == [1, 2, 3]
    mortal.start()
    assert counted(3) == [1, 2, 3]
    assert mortal.client.get("videoai:1:one") == b"3"
    lost, found = [record.getMessage() for record in caplog.records]
    assert lost.startswith("The Redis at CACHE_URL fails (ConnectionError). Until it works again, ")
    assert found == "The Redis at CACHE_URL works again."


@pytest.mark.usefixtures("asked_once")
def test_one_that_was_started_anew_is_not_taken_for_gone(mortal, count_at, caplog):
    """The connection that was kept is dead, the Redis is not."""
    count_at(mortal.url)
    counted(1)
    mortal.kill()
    mortal.start()

    assert counted(2) == [1, 2]
    assert mortal.client.get("videoai:1:one") == b"2"
    assert caplog.records == []


@pytest.fixture
def black_hole() -> Iterator[tuple[int, list[socket.socket]]]:
    """A port that takes every call and answers none, and the calls that it has taken."""
    calls: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            try:
                while True:
                    calls.append(server.accept()[0])
            except OSError:  # closed
                pass

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield server.getsockname()[1], calls
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for call in calls:
        call.close()


@pytest.mark.usefixtures("asked_once")
def test_one_that_never_answers_is_waited_for_once(black_hole, count_at, caplog):
    port, calls = black_hole
    count_at(f"redis://:{PASSWORD}@127.0.0.1:{port}")

    assert counted(50) == list(range(1, 51))
    assert len(calls) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "TimeoutError" in caplog.text


@pytest.mark.usefixtures("asked_every_time")
def test_many_threads_report_one_outage(count_at, caplog):
    count_at("redis://127.0.0.1:1")
    threads = [threading.Thread(target=counted, args=(4,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count("one", seconds=60).number == 65
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("asked_every_time")
@pytest.mark.parametrize(
    ("ailment", "remedy"),
    [(("maxmemory", "1"), ("maxmemory", "0")), (("requirepass", "other"), ("requirepass", PASSWORD))],
    ids=["full", "other password"],
)
def test_one_that_refuses_is_as_good_as_gone(mortal, count_at, caplog, ailment, remedy):
    count_at(mortal.url)
    mortal.client.config_set(*ailment)
    mortal.client.client_kill_filter(skipme=True, _type="normal")

    assert counted(3) == [1, 2, 3]
    mortal.client.config_set(*remedy)
    assert counted(1) == [1]
    assert len(caplog.records) == 2


@pytest.mark.usefixtures("asked_every_time")
def test_no_password_gets_into_the_log(mortal, count_at, caplog):
    caplog.set_level("DEBUG")
    count_at(mortal.url)
    counted(1)
    mortal.kill()
    counted(2)

    assert "CACHE_URL fails" in caplog.text
    assert PASSWORD not in caplog.text
    assert str(mortal.port) not in caplog.text


@pytest.mark.usefixtures("asked_once")
@pytest.mark.django_db
def test_requests_are_answered_and_limited_as_ever(get, settings, count_at):
    AIModelFactory()
    settings.RATE_LIMIT_READ = Rate(2, 60)
    count_at("redis://127.0.0.1:1")

    assert [get("models/default/").status_code for _ in range(3)] == [200, 200, 429]
