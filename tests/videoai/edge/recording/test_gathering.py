"""Items that wait are taken together, and those who come again and again are waited for a moment."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from videoai.edge.recording import gathering
from videoai.edge.recording.gathering import Gathering


def filled(*items: str, most: int = 100) -> Gathering[str]:
    found: Gathering[str] = Gathering(most=most)
    for item in items:
        found.put(item)
    return found


@pytest.fixture
def endless_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "LINGER_SECONDS", 60)


def test_all_that_waits_is_taken_in_its_order():
    assert next(filled(*"abc").batches()) == ["a", "b", "c"]


def test_a_batch_is_never_larger_than_it_may_be(endless_patience):
    waiting = filled(*"abcde", most=2)
    waiting.end()

    assert list(waiting.batches()) == [["a", "b"], ["c", "d"], ["e"]]


def test_the_end_comes_after_all_that_was_put():
    waiting = filled(*"abc")
    waiting.end()

    assert list(waiting.batches()) == [["a", "b", "c"]]


def test_without_anything_the_end_is_all_there_is():
    waiting = filled()
    waiting.end()

    assert list(waiting.batches()) == []


def test_who_was_there_before_is_waited_for(endless_patience):
    """Three were answered while one more waited: four may be there again."""
    waiting = filled(*"abc")
    batches = waiting.batches()
    next(batches)

    with ThreadPoolExecutor(1) as thread:
        waiting.put("d")
        batch = thread.submit(next, batches)
        while not waiting._queue.empty():
            pass
        for item in "efg":
            waiting.put(item)

        assert batch.result() == ["d", "e", "f", "g"]


def test_who_comes_alone_waits_for_nobody(endless_patience):
    waiting = filled("a")
    batches = waiting.batches()
    next(batches)

    with ThreadPoolExecutor(1) as thread:
        batch = thread.submit(next, batches)
        while not waiting._expected_at:
            pass
        waiting.put("b")

        assert batch.result() == ["b"]


def test_who_was_waited_for_in_vain_is_not_waited_for_at_once_again(monkeypatch, endless_patience):
    waiting = filled(*"abc")
    batches = waiting.batches()
    next(batches)
    with monkeypatch.context() as patch:
        patch.setattr(gathering, "LINGER_SECONDS", 0)
        waiting.put("d")
        assert next(batches) == ["d"]

    waiting.put("e")
    waiting.put("f")
    assert next(batches) == ["e", "f"]
    waiting.put("g")
    assert list(islice(batches, 1)) == [["g"]]
