"""What is made when: nobody gets what was overtaken, and errors stay with whom they met."""

from threading import Event

import pytest

from tests.videoai.edge.errands import MOST_SECONDS
from tests.videoai.edge.standin import LIST, Asker, StandIn, detail

ONE = detail("a/one")


@pytest.fixture
def stand_in():
    stand_in = StandIn()
    stand_in.put("a/one")
    stand_in.put("a/two")
    return stand_in


@pytest.fixture
def asker(stand_in):
    return Asker(stand_in)


class Gate:
    """Holds back whoever makes `target`, once."""

    def __init__(self, stand_in, target):
        self.is_reached, self._opened = Event(), Event()
        self._target = target
        stand_in.meanwhile = self._pass

    def _pass(self, target):
        if target == self._target and not self.is_reached.is_set():
            self.is_reached.set()
            assert self._opened.wait(MOST_SECONDS)

    def wait(self):
        assert self.is_reached.wait(MOST_SECONDS)

    def open(self):
        self._opened.set()


def names(page):
    return [model["name"] for model in page["results"]]


def test_what_is_ready_is_not_made_again(asker, stand_in):
    assert asker.get(ONE) == asker.get(ONE) == stand_in.models["a/one"]

    assert stand_in.asked == [ONE]


@pytest.mark.parametrize("path", [ONE, LIST])
def test_a_maker_that_a_commit_overtakes_keeps_nothing(asker, stand_in, path):
    gate = Gate(stand_in, path)
    first = asker.begin(path)
    gate.wait()
    stand_in.put("a/one", name="New")
    gate.open()
    first.result(MOST_SECONDS)

    assert "New" in str(asker.get(path))


@pytest.mark.parametrize("path", [ONE, LIST])
def test_who_came_after_the_commit_does_not_get_what_was_begun_before(asker, stand_in, path):
    gate = Gate(stand_in, path)
    first = asker.begin(path)
    gate.wait()
    stand_in.put("a/one", name="New")
    later = [asker.begin(path) for _ in range(5)]
    gate.open()

    assert all("New" in str(one.result(MOST_SECONDS)) for one in later)
    assert "New" not in str(first.result(MOST_SECONDS))


def test_many_who_wait_have_one_maker(asker, stand_in):
    gate = Gate(stand_in, ONE)
    all_of_them = [asker.begin(ONE) for _ in range(50)]
    gate.wait()
    gate.open()

    assert all(one.result(MOST_SECONDS)["name"] == "a/one" for one in all_of_them)
    assert stand_in.asked == [ONE]


def test_who_goes_away_takes_the_maker_from_nobody(asker, stand_in):
    gate = Gate(stand_in, ONE)
    first = asker.begin(ONE)
    gate.wait()
    second = asker.begin(ONE)
    first.cancel()
    gate.open()

    assert second.result(MOST_SECONDS)["name"] == "a/one"
    assert asker.get(ONE)["name"] == "a/one"
    assert stand_in.asked == [ONE]


def test_an_error_is_made_for_each_who_asks(asker, stand_in):
    nowhere = detail("no/such")
    gate = Gate(stand_in, nowhere)
    first = asker.begin(nowhere)
    gate.wait()
    others = [asker.begin(nowhere) for _ in range(5)]
    gate.open()

    assert [one.result(MOST_SECONDS) for one in (first, *others)] == [None] * 6
    assert len(stand_in.asked) == 6
    stand_in.put("no/such")
    assert asker.get(nowhere)["name"] == "no/such"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_model_that_fails_for_a_moment_is_not_taken_for_none(asker, stand_in, status):
    """Else a list without the model would stay as it is."""
    asker.get(LIST)
    asker.get(detail("a/three"))
    stand_in.put("a/three")
    stand_in.fails[detail("a/three")] = status

    assert names(asker.get(LIST)) == ["a/one", "a/three", "a/two"]


def test_a_body_that_django_can_not_make_is_asked_for_again(asker, stand_in, caplog):
    def explode(target):
        stand_in.meanwhile = lambda target: None
        raise RuntimeError("x")

    stand_in.meanwhile = explode

    assert asker.get(ONE)["name"] == "a/one"
    assert "could not be answered from what is ready" in caplog.text


@pytest.mark.parametrize("cache_bytes", [0, 3_000, 1_000_000])
def test_every_size_of_memory_serves_what_is_new(stand_in, cache_bytes):
    asker = Asker(stand_in, cache_bytes=cache_bytes)
    for number in range(10):
        stand_in.put("a/one", name=f"Name {number}", is_premium=bool(number % 2))
        for path in (LIST, ONE, detail("a/two"), LIST):
            asker.get(path)
        assert asker.get(ONE)["name"] == f"Name {number}"
        assert names(asker.get(LIST)) == [f"Name {number}", "a/two"]
