"""PostgreSQL ends and comes back, in order and as in a crash, while everybody asks for everything."""

import time
from collections.abc import Iterator

from tests.chaos.load import ALL, Load
from tests.chaos.shown import Say, Shown
from tests.chaos.stage import DATABASE, broken_promises, folder, furnish, postgresql, server
from videoai.deploy.local.postgresql import PostgreSQL

MUST_SHOW = "errors are 503 problem+json only, recovery ≤ 10 s, invariants hold"

RESTARTS, QUICK_RESTARTS = 10, 2
TITLE, QUICK_TITLE = (
    f"PostgreSQL restarted {restarts} times under mixed load" for restarts in (RESTARTS, QUICK_RESTARTS)
)
MODES = ("fast", "immediate")
LONGEST_RECOVERY = 10.0  # seconds
BETWEEN, QUICK_BETWEEN = 4.0, 1.5  # seconds of load before each restart, and after the last
DOWN = 1.0  # seconds that it is away, besides what stopping and starting take


def run(*, quick: bool, say: Say) -> Shown:
    restarts, between = (QUICK_RESTARTS, QUICK_BETWEEN) if quick else (RESTARTS, BETWEEN)
    with folder() as place, postgresql(place) as primary:
        url = primary.url(DATABASE)
        furnished = furnish(url)
        with server(url, place) as served, Load(served, furnished, excused=ALL) as load:
            time.sleep(between)
            slowest = 0.0
            for number in range(restarts):
                seconds = _restart(primary, load, mode=MODES[number % len(MODES)])
                say(f"restart {number + 1} ({MODES[number % len(MODES)]}): {_worst(seconds)}")
                slowest = max(slowest, *seconds.values())
                time.sleep(between)
            load.end()
        faults = [*load.all_faults(place), *_too_slow(slowest), *broken_promises(url, load.writes)]
    say(load.told())
    figures = (
        f"{restarts} restarts; {load.answers.total():,} answers, {load.number_of_faults} faults, "
        f"{load.number(503):,} × 503, the last ≤ {slowest:.1f} s after PostgreSQL was back; "
        f"{load.writes.acknowledged:,} acknowledged writes"
    )
    return Shown(figures, faults)


def _restart(primary: PostgreSQL, load: Load, *, mode: str) -> dict[str, float]:
    """Of each kind of request, the seconds from its first answer until the last that was refused."""
    kinds = load.kinds
    primary.stop(mode)
    time.sleep(DOWN)
    primary.start()
    return load.seconds_until_well(kinds, since=time.monotonic())


def _worst(seconds: dict[str, float]) -> str:
    kind = max(seconds, key=lambda one: seconds[one])
    return f"{kind} refused last, after {seconds[kind]:.1f} s"


def _too_slow(slowest: float) -> Iterator[str]:
    if slowest > LONGEST_RECOVERY:
        yield f"The last 503 came {slowest:.1f} s after PostgreSQL was back, not ≤ {LONGEST_RECOVERY:.0f} s."
