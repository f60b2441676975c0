"""PostgreSQL goes away, comes back, or comes back as another one; nothing old is believed."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.factories import AIModelFactory
from tests.videoai.edge import loops
from tests.videoai.edge.databases import address_of_tests
from tests.videoai.edge.proxy import Proxy
from videoai.edge.freshness.postgresql import PostgreSQL
from videoai.edge.freshness.reading import Change, Freshness, Silent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

LONGEST = 3.0  # seconds until somebody knows what he asked
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'videoai-edge'"
MOVE = "UPDATE models SET name = name || '!'"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    AIModelFactory()
    settings = connection.settings_dict
    with Proxy((settings["HOST"], int(settings["PORT"] or 5432))) as proxy:
        yield proxy


@pytest.fixture
def known(proxy: Proxy) -> Freshness:
    return Freshness(PostgreSQL({**connection.get_connection_params(), "port": proxy.port}))


def sql(*statements: str) -> None:
    """As somebody at psql."""
    with psycopg.connect(address_of_tests(), autocommit=True) as session:
        for statement in statements:
            session.execute(statement)


def run(known: Freshness, scenario: Coroutine[Any, Any, None]) -> None:
    async def closing() -> None:
        try:
            await scenario
        finally:
            known.close()

    loops.run_in_real_time(closing())


def heard_by(known: Freshness) -> list[Change]:
    changes: list[Change] = []
    known.listen(changes.append)
    return changes


@pytest.mark.parametrize("by", ["the database", "the network"])
def test_nobody_is_told_of_a_connection_that_was_cut(known, proxy, by):
    async def scenario() -> None:
        changes = heard_by(known)
        await known.read()
        await asyncio.to_thread(sql, MOVE)
        await asyncio.to_thread(sql if by == "the database" else lambda _: proxy.cut(), TERMINATE)
        await known.read()
        assert [change.models for change in changes] == [None, None]

    run(known, scenario())


def test_a_database_that_refuses_is_told_at_once_and_found_again(known, proxy):
    async def scenario() -> None:
        await known.read()
        proxy.refuse()
        for _ in range(3):
            with pytest.raises(Silent):
                await known.read()
        proxy.restore()
        assert (await known.read()).revision > 0

    run(known, scenario())


@pytest.mark.slow
def test_one_that_is_swallowed_up_keeps_nobody_longer_than_three_seconds_and_the_loop_not_at_all(
    known, proxy
):
    async def scenario() -> None:
        await known.read()
        proxy.swallow()
        waited: list[float] = []
        gaps: list[float] = []

        async def ask(after: float) -> None:
            await asyncio.sleep(after)
            begun = time.monotonic()
            with pytest.raises(Silent):
                await known.read()
            waited.append(time.monotonic() - begun)

        async def tick() -> None:
            while True:
                begun = time.monotonic()
                await asyncio.sleep(0.01)
                gaps.append(time.monotonic() - begun)

        ticking = asyncio.ensure_future(tick())
        await asyncio.gather(*(ask(tenth / 10) for tenth in range(30)))
        ticking.cancel()
        assert max(waited) < LONGEST
        assert max(gaps) < 1  # an attempt to connect takes two
        await asyncio.to_thread(sql, MOVE)
        proxy.restore()
        expected = await asyncio.to_thread(revision)
        while True:
            try:
                assert (await known.read()).revision == expected
                break
            except Silent:
                pass  # an attempt that hung is given up

    run(known, scenario())


def revision() -> int:
    with psycopg.connect(address_of_tests()) as session:
        row = session.execute("SELECT revision FROM catalogue_revision").fetchone()
    assert row
    return int(row[0])


def test_a_locked_table_keeps_nobody_waiting_for_what_is_ready(known):
    async def scenario() -> None:
        await known.read()
        with psycopg.connect(address_of_tests()) as session:
            session.execute("LOCK TABLE models")
            assert await asyncio.wait_for(known.read(), LONGEST) == known.latest

    run(known, scenario())


KEPT = "CREATE TEMP TABLE kept AS SELECT * FROM catalogue_revision"


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE catalogue_revision SET revision = revision - 1"],
        ["UPDATE catalogue_revision SET revision = revision"],
        ["UPDATE catalogue_revision SET epoch = 'other', revision = revision + 1"],
        [KEPT, "TRUNCATE catalogue_revision", "INSERT INTO catalogue_revision SELECT * FROM kept"],
        [
            KEPT,
            "TRUNCATE catalogue_revision",
            "INSERT INTO catalogue_revision SELECT id, epoch, revision + 5 FROM kept",
        ],
        ["TRUNCATE models CASCADE"],
    ],
    ids=["back", "the same again", "other epoch", "emptied and filled", "and moved on", "truncated"],
)
def test_after_a_restore_everything_may_have_changed(known, statements):
    async def scenario() -> None:
        changes = heard_by(known)
        await known.read()
        await asyncio.to_thread(sql, *statements)
        await known.read()
        assert [change.models for change in changes] == [None, None]

    run(known, scenario())


def test_while_a_backup_is_put_back_nothing_is_believed(known):
    """The triggers come last; without them no revision would tell of the rows that still come."""

    async def scenario() -> None:
        await asyncio.to_thread(sql, "ALTER TABLE models DISABLE TRIGGER USER")
        try:
            with pytest.raises(Silent, match="being restored"):
                await known.read()
        finally:
            await asyncio.to_thread(sql, "ALTER TABLE models ENABLE TRIGGER USER")
        await known.read()

    run(known, scenario())
