"""What is due is carried out before anybody is answered, or nobody is."""

import asyncio

import pytest

from tests.videoai.edge.freshness.test_freshness import Fake, turns
from tests.videoai.edge.loops import run
from videoai.edge.freshness.reading import Change, Freshness, Reading, Silent, Touched


def due(source: Fake) -> None:
    source.state = source.state._replace(is_due=True)


async def begun(source: Fake, settle) -> tuple[Freshness, list[Change]]:
    known, changes = Freshness(source, settle=settle), []
    known.listen(changes.append)
    await known.read()
    changes.clear()
    return known, changes


def test_who_waits_is_answered_with_what_was_carried_out():
    async def scenario() -> None:
        source = Fake()

        async def settle() -> None:
            source.change(Touched("models", 7, "a/one", True))

        known, changes = await begun(source, settle)
        reader = known.read()
        await turns()
        due(source)
        source.answer()
        assert await reader == Reading("epoch", 2)
        assert [one.model_id for change in changes for one in change.models or ()] == ["a/one"]
        assert source.opened == 1

    run(scenario())


def test_who_connects_when_something_is_due_has_it_carried_out_first():
    async def scenario() -> None:
        source = Fake()
        due(source)

        async def settle() -> None:
            source.change()

        known = Freshness(source, settle=settle)
        assert await known.read() == Reading("epoch", 2)

    run(scenario())


@pytest.mark.parametrize("fails", [True, False])
def test_what_can_not_be_carried_out_leaves_everybody_without_an_answer(fails):
    async def scenario() -> None:
        source = Fake()

        async def settle() -> None:
            if fails:
                raise RuntimeError("The database is read-only.")

        known, _ = await begun(source, settle)
        reader = known.read()
        await turns()
        due(source)
        source.answer()
        with pytest.raises(Silent):
            await asyncio.wait_for(reader, 3)

    run(scenario())


def test_what_is_only_scheduled_changes_no_price():
    async def scenario() -> None:
        source = Fake()
        known, changes = await begun(source, None)
        source.change(Touched("schedule", 1, None, False))
        reader = known.read()
        await turns()
        source.answer()
        await reader
        assert [(change.models, change.prices) for change in changes] == [((), False)]

    run(scenario())
