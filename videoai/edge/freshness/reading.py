"""Is what we know still so? One look at the database answers all who were waiting when it was sent.

Nobody is answered by a look that was sent before they came. So an answer is never older than the last
commit before its request, without any message that could be late or lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from videoai.observing.metrics import count

logger = logging.getLogger(__name__)

# How long the database may be silent, from when the first of those who wait came. With the least that a new
# look or connection is given, and the steps in which the time is watched, all are told within three seconds.
PATIENCE_SECONDS = 2.0
LEAST_SECONDS = 0.5
STEP_SECONDS = 0.25
# A look is sent as soon as this many turns of the event loop have brought no further request: requests come
# in bursts, and a look costs as much as answering several of them.
QUIET_TURNS = 2
# More changed rows than this are not told apart: everything may have changed then.
MOST_CHANGES = 1_000
# What was scheduled is carried out this often before nobody is answered: more may fall due meanwhile.
MOST_TURNS = 5
# What is stamped, but changes nothing that is told: a change that is only scheduled.
UNTOLD = "schedule"


class Silent(Exception):
    """The database did not answer in time, or could not be reached."""


class State(NamedTuple):
    """The row of the revision as it stands, with what else gives away that it is another one.

    `place` names the table itself, `version` changes whenever the row is written, also to the numbers that
    it had before. `is_due`: what was scheduled has to be carried out before anything is told.
    """

    place: str
    epoch: str
    revision: int
    version: str
    is_due: bool = False


class Touched(NamedTuple):
    """A row that was stamped: which, and what stands there now. No model: it is gone, or not a model's."""

    kind: str
    row_id: int
    model_id: str | None
    is_sold: bool


class Source(Protocol):
    """A connection of the event loop's own. Each method fails with `Silent`; one is asked at a time."""

    async def open(self) -> tuple[State, dict[int, str]]:
        """Connect. The state, and the models on sale in it: primary key → model id."""

    def look(self, done: Callable[[State | Silent], None]) -> None:
        """Ask for the state; `done` is called with it, now or later, once."""

    async def touched(self, since: State) -> tuple[State, list[Touched]]:
        """The state, and what was stamped since, at most one more than `MOST_CHANGES`."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of the catalogue at one moment."""

    epoch: str
    revision: int


@dataclass(frozen=True, slots=True)
class ChangedModel:
    """A model that anonymous callers could see before, or can see now. Others are never told of."""

    model_id: str
    was_sold: bool
    is_sold: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What happened between two readings of this process.

    `models` is None if anything may have changed; `prices` if what all prices rest on has.
    """

    before: Reading | None  # None: nothing was known, at first or after the connection was lost
    after: Reading
    models: tuple[ChangedModel, ...] | None
    prices: bool


class Freshness:
    """The state of the catalogue, asked for by many and read once for all who wait."""

    def __init__(self, source: Source, *, settle: Callable[[], Awaitable[object]] | None = None) -> None:
        """`settle` carries out what is due; without it, there is never anything."""
        self._source = source
        self._settle = settle
        self._listeners: list[Callable[[Change], None]] = []
        self._waiting: list[asyncio.Future[Reading]] = []
        self._asking: list[asyncio.Future[Reading]] = []
        self._state: State | None = None  # None: not connected
        self._sold: dict[int, str] = {}
        self._is_busy = self._is_lost = self._is_due = False
        self._last_count = self._quiet_turns = 0
        self._waiting_since = self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self.latest: Reading | None = None

    def listen(self, listener: Callable[[Change], None]) -> None:
        """`listener` is called with each change before anybody who waited for the reading goes on."""
        self._listeners.append(listener)

    def read(self) -> "asyncio.Future[Reading]":
        """The state at some moment after this call. Raises Silent within three seconds.

        The future is the caller's own: to cancel it disturbs nobody else.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reading] = loop.create_future()
        if not self._waiting:
            self._waiting_since = loop.time()
        self._waiting.append(future)
        if not self._is_busy:
            self._is_busy = True
            self._gather(loop)
        return future

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._forget()
        self._tell(Silent("The server is going down."))

    # --- A look for all who wait -------------------------------------------------------------------------

    def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        self._last_count = self._quiet_turns = 0
        loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        count = len(self._waiting)
        if count == self._last_count:
            self._quiet_turns += 1
            if self._quiet_turns == QUIET_TURNS:
                self._send(loop)
                return
        self._last_count = count
        loop.call_soon(self._turn, loop)

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asking, self._waiting = self._waiting, []
        self._deadline = max(self._waiting_since + PATIENCE_SECONDS, loop.time() + LEAST_SECONDS)
        if self._state is None:
            self._catch_up(loop)
            return
        if self._watch is None:
            self._watch = loop.call_later(STEP_SECONDS, self._be_impatient, loop)
        try:
            self._source.look(self._seen)
        except Silent as silent:
            self._seen(silent)

    def _be_impatient(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all looks: to set one for each would cost as much as the look."""
        self._watch = None
        if not self._asking or self._catching_up is not None:
            return
        if loop.time() >= self._deadline:
            self._lose(Silent("No answer in time."))
            self._go_on(loop)
        else:
            self._watch = loop.call_later(STEP_SECONDS, self._be_impatient, loop)

    def _seen(self, seen: State | Silent) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(seen, Silent):
            self._be_cut(seen)
        else:
            self._is_due = seen.is_due
        if seen != self._state:
            self._catch_up(loop)
            return
        self._release()
        self._go_on(loop)

    def _release(self) -> None:
        released, self._asking = self._asking, []
        reading = self.latest
        for future in released:
            if not future.done() and reading is not None:
                future.set_result(reading)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_busy = bool(self._waiting)
        if self._is_busy:
            self._gather(loop)

    # --- When something has changed ----------------------------------------------------------------------

    def _catch_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._catching_up = loop.create_task(self._caught_up(loop))

    async def _caught_up(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            async with asyncio.timeout_at(max(self._deadline, loop.time() + LEAST_SECONDS)):
                change = await self._changed()
            self.latest = change.after
            for listener in self._listeners:
                listener(change)
        except (Silent, TimeoutError) as error:
            self._lose(error if isinstance(error, Silent) else Silent("The database is too slow."))
        except Exception as error:
            # Nobody may wait for ever; and what the listeners know may be wrong, so it is all told anew.
            logger.exception("What has changed could not be learned.")
            self._lose(Silent(str(error)))
        else:
            self._release()
        self._catching_up = None
        self._go_on(loop)

    async def _changed(self) -> Change:
        """What has changed, when nothing is due any more."""
        if self._is_due:
            await self._turn_over()
        change = await self._looked_through()
        for _ in range(MOST_TURNS):
            if self._state is None or not self._state.is_due:
                return change
            await self._turn_over()
            change = await self._connected()  # nobody was told of the change before
        raise Silent("There is always something due.")

    async def _turn_over(self) -> None:
        """Have what is due carried out, or tell nobody anything."""
        self._is_due = False
        if self._settle is None:
            raise Silent("What is due is not carried out here.")
        try:
            await self._settle()
        except Exception as error:
            logger.exception("What is due could not be carried out.")
            raise Silent("What is due could not be carried out.") from error

    async def _looked_through(self) -> Change:
        if self._state is not None:
            try:
                return await self._moved(self._state)
            except Silent as silent:
                self._be_cut(silent)
        return await self._connected()

    async def _connected(self) -> Change:
        self._state, self._sold = await self._source.open()
        self._is_lost = False
        logger.info("The catalogue is read at revision %s.", self._state.revision)
        return Change(None, _reading(self._state), None, prices=True)

    async def _moved(self, before: State) -> Change:
        after, touched = await self._source.touched(before)
        if _is_another_line(before, after) or len(touched) > MOST_CHANGES or _hides_rows(touched):
            # Whatever we remember may be wrong, the models on sale included.
            self._source.close()
            self._state, self._sold = await self._source.open()
            return Change(_reading(before), _reading(self._state), None, prices=True)
        self._state = after
        models = tuple(self._changed_models(touched))
        prices = any(row.kind not in {"models", UNTOLD} for row in touched)
        return Change(_reading(before), _reading(after), models, prices=prices)

    def _changed_models(self, touched: Iterable[Touched]) -> Iterable[ChangedModel]:
        for row in touched:
            if row.kind != "models":
                continue
            was = self._sold.pop(row.row_id, None)
            if row.is_sold and row.model_id is not None:
                self._sold[row.row_id] = row.model_id
            for model_id in {was, row.model_id if row.is_sold else None} - {None}:
                yield ChangedModel(str(model_id), was == model_id, row.is_sold and row.model_id == model_id)

    # --- When the database is gone -----------------------------------------------------------------------

    def _lose(self, silent: Silent) -> None:
        count("videoai_database_errors_total", "silent")
        if not self._is_lost:
            logger.error("The database does not answer: %s", silent)
        self._is_lost = True
        self._forget()
        self._tell(silent)

    def _tell(self, silent: Silent) -> None:
        """Tell all who wait, the latest too: another look would keep them as long again."""
        released, self._asking, self._waiting = [*self._asking, *self._waiting], [], []
        for future in released:
            if not future.done():
                future.set_exception(silent)

    def _be_cut(self, silent: Silent) -> None:
        """Nobody need be told if a new connection can be made."""
        logger.warning("The connection to the database was lost: %s", silent)
        self._forget()

    def _forget(self) -> None:
        """The next who asks makes a new connection."""
        self._source.close()
        self._state = self.latest = None


def _reading(state: State) -> Reading:
    return Reading(state.epoch, state.revision)


def _is_another_line(before: State, after: State) -> bool:
    """Has the database been put back, or been replaced? Stamps tell only what came later in the same line."""
    is_same_line = (after.place, after.epoch) == (before.place, before.epoch)
    return not is_same_line or after.revision <= before.revision


def _hides_rows(touched: Iterable[Touched]) -> bool:
    """Row 0 stands for all rows of its kind."""
    return any(row.row_id == 0 for row in touched)
