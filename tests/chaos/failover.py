"""A cluster's primary is lost and its replica promoted, while everybody asks both apps for everything.

In the long form what was lost comes back as the replica of the other, and is promoted in its turn.
"""

import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from tests.chaos.load import ALL, Load
from tests.chaos.shown import Say, Shown
from tests.chaos.stage import broken_promises, folder, furnish
from tests.chaos.visitors import EVERYBODY, READERS, WRITERS
from tests.chaos.writes import Writes
from videoai.deploy.local.app import App
from videoai.deploy.local.cluster import Cluster
from videoai.deploy.local.residents import inhabited

TITLE = "primary lost, replica promoted (`make cluster`)"
MUST_SHOW = "the apps follow by DATABASE_URL in ≤ 15 s; nothing acknowledged is lost; errors are 503 only"

LONGEST = 15.0  # seconds from the loss until all goes well, the operator's own work included
MOST_TOLD = 40  # lines of what an app said
SETTLED = 3.0  # seconds of load before each loss
NOTICED = 2.0  # seconds that whoever promotes needs to notice, at the very best
BEHIND = 1.0  # seconds that the replica is behind a primary that is killed


def killed_while_ahead(cluster: Cluster) -> None:
    """What the replica has not got by then, nobody may have been told to be written."""
    with cluster.replica.connect() as connection:
        row = connection.execute("SELECT pid FROM pg_stat_wal_receiver").fetchone()
    assert row is not None
    receiver = int(str(row[0]))
    os.kill(receiver, signal.SIGSTOP)
    time.sleep(BEHIND)
    cluster.primary.kill()
    # Ended before it goes on: otherwise it would still read what lies in its socket.
    os.kill(receiver, signal.SIGTERM)
    os.kill(receiver, signal.SIGCONT)


LOSSES: dict[str, Callable[[Cluster], None]] = {
    "crashed": lambda cluster: cluster.primary.stop("immediate"),
    "stopped": lambda cluster: cluster.primary.stop("fast"),
    "killed while the replica was behind": killed_while_ahead,
}
QUICK = ("killed while the replica was behind",)
# Asked without nginx, each app by itself: what one of them can't do the other must not hide.
SETTINGS = {
    "HTTPS": "false",
    **dict.fromkeys(("RATE_LIMIT_READ", "RATE_LIMIT_WRITE", "RATE_LIMIT_FAILURE"), "off"),
}


class Served(NamedTuple):
    """An app, as the load asks it."""

    app: App

    def connect(self, *, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.app.port, timeout=timeout)


def run(*, quick: bool, say: Say) -> Shown:
    losses = QUICK if quick else tuple(LOSSES)
    with folder() as place, inhabited(place / "cluster", keep=True) as home:
        home.mkdir(mode=0o711)
        cluster = Cluster(home, environment=SETTINGS)
        try:
            cluster.start(say)
            return _failovers(cluster, losses, say)
        finally:
            cluster.stop()


def _failovers(cluster: Cluster, losses: tuple[str, ...], say: Say) -> Shown:
    furnished = furnish(cluster.database_url)
    slowest = 0.0
    with ExitStack() as stack:
        # Signing in costs so much that people at both would leave nothing for the others.
        everybody = (EVERYBODY, (*READERS, *WRITERS))
        loads = [
            stack.enter_context(Load(Served(app), furnished, visitors=some, excused=ALL))
            for app, some in zip(cluster.apps, everybody, strict=True)
        ]
        time.sleep(SETTLED)
        for number, loss in enumerate(losses):
            if number:
                cluster.rejoin()
                say("the one that was lost follows the new primary, and is waited for")
                time.sleep(SETTLED)
            slowest = max(slowest, _fail_over(cluster, loads, loss, say))
    writes = Writes([one for load in loads for one in load.writes.sent])
    faults = [*_faults(cluster, loads), *_too_slow(slowest)]
    faults += broken_promises(cluster.database_url, writes)
    for load in loads:
        say(load.told())
    answers = sum(load.answers.total() for load in loads)
    refused = sum(load.number(503) for load in loads)
    figures = (
        f"{', '.join(losses)}: {answers:,} answers of two apps, {refused:,} of them 503, the last "
        f"≤ {slowest:.1f} s after the loss; {writes.acknowledged:,} acknowledged writes"
    )
    return Shown(figures, faults)


def _fail_over(cluster: Cluster, loads: list[Load], loss: str, say: Say) -> float:
    """Seconds from the loss to the last answer that was a refusal; `inf` if something never worked again."""
    kinds = [load.kinds for load in loads]
    lost = time.monotonic()
    LOSSES[loss](cluster)
    time.sleep(NOTICED)
    cluster.fail_over()
    promoted = time.monotonic() - lost
    found = [load.seconds_until_well(some, since=lost) for load, some in zip(loads, kinds, strict=True)]
    seconds, kind = max((seconds, kind) for one in found for kind, seconds in one.items())
    say(f"{loss}: promoted after {promoted:.1f} s; {kind} refused last, after {seconds:.1f} s")
    return max(promoted, seconds)


def _faults(cluster: Cluster, loads: list[Load]) -> Iterator[str]:
    for load, app in zip(loads, cluster.apps, strict=True):
        yield from load.faults
        if load.number(500):
            yield from app.log.read_text(errors="replace").splitlines()[-MOST_TOLD:]


def _too_slow(slowest: float) -> Iterator[str]:
    if slowest > LONGEST:
        yield f"Something worked only {slowest:.1f} s after the loss; {LONGEST:.0f} s are allowed."
