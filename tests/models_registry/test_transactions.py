"""What is whole: done once, begun anew, or told."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from models_registry import transactions
from models_registry.models import QualityTier
from models_registry.transactions import Breakage, OutcomeUnknown, breakage, done, same_again, whole
from tests.factories import untraced

alone = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Nobody waits; a None for each pause that there would have been."""
    taken: list[None] = []
    monkeypatch.setattr(transactions, "pause", lambda: taken.append(None))
    return taken


def broken(sqlstate: str | None) -> OperationalError:
    """As Django passes on what the driver raised."""
    if connection.vendor == "postgresql":
        cause: Any = psycopg.errors.lookup(sqlstate)() if sqlstate else psycopg.OperationalError()
    else:
        cause = sqlite3.OperationalError()
        cause.sqlstate = sqlstate
    error = OperationalError("UPDATE secret")
    error.__cause__ = cause
    return error


def failing(times: int, sqlstate: str = "40P01") -> Callable[[], int]:
    """Puts a row in, and breaks so many times before it has come through; tells which try it was."""
    tries = []

    def work() -> int:
        tries.append(None)
        untraced(QualityTier).create(key=f"try-{len(tries)}", label="x", cost_multiplier=1)
        if len(tries) <= times:
            raise broken(sqlstate)
        return len(tries)

    return work


def keys() -> list[str]:
    return sorted(QualityTier.objects.values_list("key", flat=True))


@alone
@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "57P01", "08006", "25006"])
def test_what_broke_is_done_again_from_its_beginning(sqlstate: str, pauses: list[None]) -> None:
    assert whole(failing(2, sqlstate))() == 3
    assert keys() == ["try-3"]
    assert len(pauses) == 2


@alone
def test_after_three_tries_it_is_given_up_and_nothing_is_left() -> None:
    before = done()
    with pytest.raises(OperationalError):
        whole(failing(3))()
    assert keys() == []
    assert done() == before._replace(given_up=before.given_up + 1)


@alone
@pytest.mark.parametrize("sqlstate", ["57014", "53100", "42P01"])
def test_what_would_break_again_is_not_done_again(sqlstate: str, pauses: list[None]) -> None:
    with pytest.raises(OperationalError):
        whole(failing(1, sqlstate))()
    assert (keys(), pauses) == ([], [])


@alone
def test_a_lock_that_was_waited_for_to_the_end_is_not_waited_for_again(
    monkeypatch: pytest.MonkeyPatch, pauses: list[None]
) -> None:
    times = iter([0.0, 1.5])
    monkeypatch.setattr(transactions, "time", SimpleNamespace(monotonic=lambda: next(times)))
    with pytest.raises(OperationalError):
        whole(failing(1, "55P03"))()
    assert pauses == []


@alone
def test_a_lock_that_could_not_be_had_at_once_is_tried_again() -> None:
    assert whole(failing(1, "55P03"))() == 2


@pytest.mark.django_db
def test_inside_another_transaction_it_is_a_part_of_that(pauses: list[None]) -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        whole(failing(1))()
    assert (keys(), pauses) == ([], [])


@alone
def test_what_is_whole_within_what_is_whole_is_done_again_with_it() -> None:
    inner = whole(failing(1))

    @whole
    def outer() -> int:
        untraced(QualityTier).create(key="outer", label="x", cost_multiplier=1)
        return inner()

    assert outer() == 2
    assert keys() == ["outer", "try-2"]


@alone
def test_hooks_of_a_try_that_broke_are_not_run() -> None:
    ran: list[int] = []
    work = failing(1)

    @whole
    def hooked() -> None:
        transaction.on_commit(lambda: ran.append(1))
        work()

    hooked()
    assert ran == [1]


class Commit:
    """Lets the commit of this thread's connection break, once: before it is done, or behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_done: bool, error: OperationalError) -> None:
        wrapper: Any = connection
        self._commit, self._error, self._is_done = wrapper._commit, error, is_done
        monkeypatch.setattr(wrapper, "_commit", self)

    def __call__(self) -> None:
        error, self._error = self._error, None  # type: ignore[assignment]
        if error is None:
            self._commit()
            return
        if self._is_done:
            self._commit()
        raise error


@pytest.fixture
def reconnected() -> Iterator[None]:
    yield
    connection.close()


@alone
@pytest.mark.usefixtures("reconnected")
@pytest.mark.parametrize("is_done", [True, False])
def test_a_commit_without_an_answer_is_told_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, pauses: list[None], is_done: bool
) -> None:
    Commit(monkeypatch, is_done=is_done, error=broken("57P01"))
    with pytest.raises(OutcomeUnknown) as told:
        whole(failing(0))()
    assert keys() == (["try-1"] if is_done else [])
    assert pauses == []
    assert "secret" not in str(told.value)


@alone
@pytest.mark.usefixtures("reconnected")
def test_what_is_the_same_again_is_repeated_even_then(monkeypatch: pytest.MonkeyPatch) -> None:
    Commit(monkeypatch, is_done=False, error=broken("57P01"))
    assert same_again(failing(0))() == 2
    assert keys() == ["try-2"]


@alone
@pytest.mark.usefixtures("reconnected")
@pytest.mark.postgresql
def test_a_commit_that_the_database_refused_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    Commit(monkeypatch, is_done=False, error=broken("40001"))
    assert whole(failing(0))() == 2
    assert keys() == ["try-2"]


@alone
@pytest.mark.usefixtures("reconnected")
def test_what_is_the_same_again_is_at_last_told_as_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise broken("57P01")

    monkeypatch.setattr(connection, "_commit", lost)
    with pytest.raises(OperationalError) as told:
        same_again(failing(0))()
    assert not isinstance(told.value, OutcomeUnknown)


@alone
def test_only_what_must_not_be_repeated_counts_as_written() -> None:
    before = done()
    same_again(failing(0))()
    assert done() == before
    whole(failing(0))
    whole(lambda: None)()
    assert done().commits == before.commits + 1


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (OutcomeUnknown(), Breakage.LOST),
        (OperationalError("server closed the connection"), None),
        (ValueError(), None),
    ],
)
def test_nothing_is_read_from_words(error: Exception, found: Breakage | None) -> None:
    assert breakage(error) == found


@alone
@pytest.mark.postgresql
def test_a_connection_that_is_gone_before_the_commit_is_noticed() -> None:
    tries = []

    @whole
    def work() -> None:
        tries.append(None)
        untraced(QualityTier).create(key=f"try-{len(tries)}", label="x", cost_multiplier=1)
        if len(tries) == 1:
            hang_up()

    work()
    assert keys() == ["try-2"]


def hang_up() -> None:
    """Have the server end this connection, from another one."""
    driver: Any = connection.connection
    pid = driver.info.backend_pid

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        connection.close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()


@alone
@pytest.mark.postgresql
def test_an_error_that_somebody_has_swallowed_still_comes_out() -> None:
    """Django would commit nothing, and say nothing of it."""

    @whole
    def work() -> None:
        connection.close()

    with pytest.raises(OperationalError):
        work()


@alone
@pytest.mark.sqlite
def test_who_holds_the_lock_of_sqlite_is_waited_for() -> None:
    holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    tries = []

    def let_go() -> None:
        tries.append(None)
        holder.execute("ROLLBACK")

    with pytest.MonkeyPatch.context() as patch, connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 0")
        patch.setattr(transactions, "pause", let_go)
        whole(lambda: untraced(QualityTier).create(key="x", label="x", cost_multiplier=1))()
        cursor.execute(f"PRAGMA busy_timeout = {before}")
    holder.close()
    assert len(tries) == 1
    assert keys() == ["x"]
