"""The promise: nobody is answered by a look that was sent before he asked."""

import asyncio
from collections.abc import Callable

import pytest

from tests.videoai.edge.loops import run
from videoai.edge.freshness import reading as freshness
from videoai.edge.freshness.reading import Change, ChangedModel, Freshness, Reading, Silent, State, Touched

FIRST = State("place", "epoch", 1, "1")
LONGEST = 3.0  # seconds until somebody knows what he asked


def at(revision: int, **other: str) -> State:
    return FIRST._replace(revision=revision, version=str(revision), **other)


class Fake:
    """A database whose answers are given by hand."""

    def __init__(self) -> None:
        self.state = FIRST
        self.sold: dict[int, str] = {}
        self.rows: list[Touched] = []
        self.looks: list[Callable[[State | Silent], None]] = []
        self.opened = self.closed = 0
        self.refuses: Silent | None = None
        self.hangs = False  # in all but looks

    async def open(self) -> tuple[State, dict[int, str]]:
        self.opened += 1
        await self._asked()
        return self.state, dict(self.sold)

    def look(self, done: Callable[[State | Silent], None]) -> None:
        if self.refuses:
            raise self.refuses
        self.looks.append(done)

    async def touched(self, since: State) -> tuple[State, list[Touched]]:
        await self._asked()
        return self.state, self.rows

    def close(self) -> None:
        self.closed += 1

    def answer(self, seen: State | Silent | None = None) -> None:
        self.looks.pop(0)(seen or self.state)

    def change(self, *rows: Touched) -> None:
        self.state, self.rows = at(self.state.revision + 1), list(rows)

    async def _asked(self) -> None:
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.refuses:
            raise self.refuses


async def turns() -> None:
    """All that can be done without waiting is done."""
    for _ in range(20):
        await asyncio.sleep(0)


async def connected(source: Fake) -> tuple[Freshness, list[Change]]:
    known, changes = Freshness(source), []
    known.listen(changes.append)
    await known.read()
    changes.clear()
    return known, changes


def test_one_look_answers_all_who_were_waiting_when_it_was_sent():
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        readers = [known.read() for _ in range(50)]
        await turns()
        assert len(source.looks) == 1
        source.answer()
        assert await asyncio.gather(*readers) == [Reading("epoch", 1)] * 50

    run(scenario())


def test_it_answers_nobody_who_came_after_it_was_sent():
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        early = known.read()
        await turns()
        late = known.read()
        source.answer()
        await turns()
        assert early.done()
        assert not late.done()
        source.change()
        source.answer()
        assert await late == Reading("epoch", 2)

    run(scenario())


def test_nor_does_a_connection_that_was_begun_before_he_came():
    async def scenario() -> None:
        source = Fake()
        source.hangs = True
        known = Freshness(source)
        early = known.read()
        await turns()
        late = known.read()
        source.hangs = False
        with pytest.raises(Silent):
            await early
        with pytest.raises(Silent):
            await late
        assert await known.read() == Reading("epoch", 1)

    run(scenario())


def test_who_goes_away_disturbs_nobody():
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        gone, stays = known.read(), known.read()
        await turns()
        gone.cancel()
        source.answer()
        assert await stays == Reading("epoch", 1)

    run(scenario())


def test_listeners_hear_of_a_change_in_their_order_before_anybody_goes_on():
    async def scenario() -> None:
        source, order = Fake(), []
        known, _ = await connected(source)
        known.listen(lambda _: order.append("first"))
        known.listen(lambda _: order.append("second"))
        reader = known.read()
        reader.add_done_callback(lambda _: order.append("reader"))
        await turns()
        source.change()
        source.answer()
        await reader
        await turns()
        assert order == ["first", "second", "reader"]

    run(scenario())


def test_a_change_tells_which_models_could_be_seen_before_and_can_be_now():
    async def scenario() -> None:
        source = Fake()
        source.sold = {1: "a", 2: "b", 3: "old"}
        known, changes = await connected(source)
        source.change(
            Touched("models", 1, "a", True),
            Touched("models", 2, "b", False),
            Touched("models", 3, "new", True),
            Touched("models", 4, "draft", False),
            Touched("models", 5, None, False),
        )
        reader = known.read()
        await turns()
        source.answer()
        await reader
        (change,) = changes
        assert change.models is not None
        assert set(change.models) == {
            ChangedModel("a", True, True),
            ChangedModel("b", True, False),
            ChangedModel("old", True, False),
            ChangedModel("new", False, True),
        }
        assert not change.prices

    run(scenario())


@pytest.mark.parametrize(
    "after",
    [
        at(0),  # a backup
        FIRST._replace(version="2"),  # a backup of the same number
        at(5, epoch="other"),
        at(5, place="emptied and filled again"),
    ],
)
def test_after_a_restore_everything_may_have_changed(after):
    async def scenario() -> None:
        source = Fake()
        source.sold = {1: "a"}
        known, changes = await connected(source)
        source.state, source.sold = after, {1: "b"}
        reader = known.read()
        await turns()
        source.answer()
        await reader
        assert [(change.models, change.prices) for change in changes] == [(None, True)]
        assert source.opened == 2

    run(scenario())


@pytest.mark.parametrize(
    "rows",
    [
        [Touched("models", 0, None, False)],
        [Touched("models", number, f"m{number}", True) for number in range(1, freshness.MOST_CHANGES + 2)],
    ],
    ids=["truncated", "very many"],
)
def test_what_can_not_be_told_apart_is_everything(rows):
    async def scenario() -> None:
        source = Fake()
        known, changes = await connected(source)
        source.change(*rows)
        reader = known.read()
        await turns()
        source.answer()
        await reader
        assert changes[0].models is None

    run(scenario())


def test_a_connection_that_is_cut_is_made_anew_and_nobody_is_told():
    async def scenario() -> None:
        source = Fake()
        known, changes = await connected(source)
        reader = known.read()
        await turns()
        source.answer(Silent("cut"))
        assert await reader == Reading("epoch", 1)
        assert source.opened == 2
        # Nobody knows what happened meanwhile.
        assert [(change.before, change.models) for change in changes] == [(None, None)]

    run(scenario())


def test_one_that_is_cut_while_catching_up_too():
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        reader = known.read()
        await turns()
        source.change()
        source.refuses = Silent("cut")
        source.close = lambda: setattr(source, "refuses", None)  # type: ignore[method-assign]
        source.answer()
        assert await reader == Reading("epoch", 2)

    run(scenario())


def test_if_none_can_be_made_it_is_said_at_once_and_tried_again():
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        source.refuses = Silent("refused")
        for _ in range(3):
            with pytest.raises(Silent):
                await known.read()
        assert known.latest is None
        source.refuses = None
        assert await known.read() == Reading("epoch", 1)

    run(scenario())


def test_a_listener_that_fails_leaves_nobody_waiting_and_nothing_believed():
    async def scenario() -> None:
        source, told = Fake(), []
        known, _ = await connected(source)

        def fail_once(change: Change) -> None:
            told.append(change.models)
            if len(told) == 1:
                raise ValueError

        known.listen(fail_once)
        reader = known.read()
        await turns()
        source.change()
        source.answer()
        with pytest.raises(Silent):
            await reader
        assert await known.read() == Reading("epoch", 2)
        assert told == [(), None]

    run(scenario())


def test_a_silent_database_keeps_nobody_longer_than_three_seconds():
    """Whenever he comes: before the look, while it waits, while a connection is made."""

    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        source.hangs = True
        loop = asyncio.get_running_loop()
        waited = []

        async def ask(at: float) -> None:
            await asyncio.sleep(at)
            begun = loop.time()
            with pytest.raises(Silent):
                await known.read()
            waited.append(loop.time() - begun)

        await asyncio.gather(*(ask(tenth / 10) for tenth in range(80)))
        assert len(waited) == 80
        assert max(waited) < LONGEST

    run(scenario())


@pytest.mark.parametrize("cut_after", [0.1, 1.0, 1.9, 2.1])
def test_nor_does_one_that_is_cut_late_and_can_not_be_reached_again(cut_after):
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        source.hangs = True
        loop = asyncio.get_running_loop()
        begun = loop.time()
        reader = known.read()
        await turns()
        loop.call_later(cut_after, source.answer, Silent("cut"))
        with pytest.raises(Silent):
            await reader
        assert loop.time() - begun < LONGEST

    run(scenario())


def test_who_waited_for_a_slow_look_has_not_his_whole_patience_for_the_next():
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        source.hangs = True
        loop = asyncio.get_running_loop()
        first = known.read()
        await turns()
        begun = loop.time()
        second = known.read()
        loop.call_later(1.9, source.answer)
        await first
        with pytest.raises(Silent):
            await second
        assert loop.time() - begun < LONGEST

    run(scenario())


def test_after_closing_nobody_waits():
    async def scenario() -> None:
        source = Fake()
        known, _ = await connected(source)
        reader = known.read()
        await turns()
        known.close()
        with pytest.raises(Silent):
            await reader

    run(scenario())
