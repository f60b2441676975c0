import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from videoai.observing import sharing
from videoai.observing.exposition import exposition
from videoai.observing.metrics import DURATION, METRICS, Tallies
from videoai.observing.sharing import Sharing, make_folder

REQUESTS, STREAMS = ("videoai_slow_queries_total",), ("videoai_streams",)


def told_of(tallies: Tallies) -> dict[str, float]:
    """Samples of what Prometheus reads, by name and labels."""
    text = exposition(tallies.snapshot(), [], version="1.0.0", started=1.0).decode()
    return {
        f"{sample.name}{json.dumps(sample.labels, sort_keys=True)}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_counted_is_told():
    tallies = Tallies()
    tallies.add(("videoai_http_requests_total", "/a/", "GET", "200", "edge"), 2)
    tallies.add(("videoai_http_requests_total", "/a/", "GET", "200", "edge"))

    told = told_of(tallies)

    labels = {"answered_by": "edge", "method": "GET", "route": "/a/", "status": "200"}
    assert told[f"videoai_http_requests_total{json.dumps(labels)}"] == 3


def test_durations_fall_into_their_buckets():
    tallies = Tallies()
    tallies.observe("/a/", [0.0005, 0.003, 0.003, 99.0])
    tallies.observe("/a/", [0.0001])

    told = told_of(tallies)

    def upto(bound: str) -> float:
        return told[f"{DURATION}_bucket{json.dumps({'le': bound, 'route': '/a/'})}"]

    assert [upto(bound) for bound in ("0.0005", "0.001", "0.005", "10.0", "+Inf")] == [2, 2, 4, 4, 5]
    assert told[f'{DURATION}_count{{"route": "/a/"}}'] == 5
    assert told[f'{DURATION}_sum{{"route": "/a/"}}'] == pytest.approx(99.0066)


def test_no_label_names_a_model():
    for metric in METRICS.values():
        assert not {"model", "model_id", "path", "address", "actor"} & set(metric.labels)


# --- Many processes --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def process(folder: Path, number: int, streams: int) -> Sharing:
    """One more that answers, as if in a process of its own."""
    tallies = Tallies()
    tallies.add(REQUESTS, number)
    tallies.sample(STREAMS, lambda: float(streams))
    one = Sharing(tallies, str(folder))
    one.publish()
    return one


def end(one: Sharing) -> None:
    """As the kernel does it when a process is gone."""
    assert one._folder is not None
    assert one._folder._lock is not None
    os.close(one._folder._lock)


def test_each_answers_for_all(folder):
    first, second = process(folder, 3, 10), process(folder, 4, 20)

    for one in (first, second):
        assert one.numbers()[REQUESTS] == 7
        assert one.numbers()[STREAMS] == 30


def test_what_the_dead_have_counted_stays_and_what_they_held_does_not(folder):
    first, second, third = process(folder, 3, 10), process(folder, 4, 20), process(folder, 5, 40)

    for one in (second, third):
        end(one)
        for _ in range(3):
            first.numbers()

    assert first.numbers()[REQUESTS] == 12
    assert first.numbers()[STREAMS] == 10
    assert len(list(folder.glob("*.json"))) == 2  # its own, and one for all that are gone


def test_one_killed_between_counting_the_dead_and_clearing_up_counts_nobody_twice(folder, monkeypatch):
    first, second = process(folder, 3, 10), process(folder, 4, 20)
    end(second)
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError("killed")))
    first.numbers()
    monkeypatch.setattr(Path, "unlink", unlink)

    assert first.numbers()[REQUESTS] == 7
    assert first.numbers()[REQUESTS] == 7


def test_a_folder_that_is_gone_leaves_each_its_own(folder, caplog):
    one = Sharing(Tallies(), str(folder / "nowhere"))

    one.publish()
    one.publish()

    assert one.numbers()[REQUESTS] == 0
    assert len(caplog.records) == 1


def test_numbers_that_can_not_be_read_are_nobodys(folder):
    one = process(folder, 3, 10)
    (folder / "1-broken.json").write_text('[["videoai_')

    assert one.numbers()[REQUESTS] == 3


CHILD = """
import signal, sys
from videoai.observing.metrics import Tallies
from videoai.observing.sharing import Sharing
tallies = Tallies()
tallies.add(("videoai_slow_queries_total",), 5)
tallies.sample(("videoai_streams",), lambda: 50.0)
Sharing(tallies, sys.argv[1]).publish()
print("ready", flush=True)
signal.pause()
"""


def test_a_process_that_was_killed_holds_no_streams(folder):
    with subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        one = process(folder, 3, 10)
        before = one.numbers()
        child.kill()

    assert (before[REQUESTS], before[STREAMS]) == (8, 60)
    assert (one.numbers()[REQUESTS], one.numbers()[STREAMS]) == (8, 10)


def test_a_server_takes_away_what_servers_left_that_have_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    locks: list[int] = []
    locked: Callable[[Path], int] = sharing._locked
    monkeypatch.setattr(sharing, "_locked", lambda path: locks.append(locked(path)) or locks[-1])
    first = make_folder()
    second = make_folder()
    os.close(locks[0])  # the first has ended
    assert first is not None
    assert second is not None
    for folder in (first, second):
        os.utime(folder, (0, 0))

    third = make_folder()

    assert {str(path) for path in tmp_path.iterdir()} == {second, third}
    assert os.get_inheritable(locks[1])
    for lock in locks[1:]:
        os.close(lock)


def test_where_no_folder_can_be_made_the_server_starts_all_the_same(monkeypatch):
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: (_ for _ in ()).throw(OSError(28, "full")))

    assert make_folder() is None
