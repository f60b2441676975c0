"""The Redis that counts requests dies, comes back empty, and is emptied, while all ask for everything."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis as RedisClient

from tests.chaos.answers import Client, Request
from tests.chaos.load import Load
from tests.chaos.shown import Say, Shown
from tests.chaos.stage import DATABASE, Furnished, broken_promises, folder, furnish, postgresql, server
from tests.chaos.visitors import signing_in
from tests.server import Server
from videoai.deploy.local.redis import Redis

TITLE = "Redis killed, flushed"
MUST_SHOW = "no 5xx, no lost write; limits fail open for reads, closed for sign-in"

ROUNDS, QUICK_ROUNDS = 5, 1
SECONDS, QUICK_SECONDS = 6.0, 2.0  # between one thing that happens and the next
# Of one address, all processes together; far below what is asked in a minute.
FEW = 20
SIGN_INS = 5
LIMITED = {"RATE_LIMIT_READ": f"{FEW}/min"}
READ = Request("read", "GET", "/api/v1/models/default/", fine=(200, 429))


def run(*, quick: bool, say: Say) -> Shown:
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    with folder() as place, postgresql(place) as primary, running(place / "redis") as redis:
        url = primary.url(DATABASE)
        furnished = furnish(url)
        shared = {"CACHE_URL": redis.url}
        with server(url, place, environment=shared) as served, Load(served, furnished) as load:
            for number in range(rounds):
                time.sleep(seconds)
                redis.kill()
                time.sleep(seconds)
                redis.start()
                redis.wait()
                time.sleep(seconds)
                _empty(redis)
                say(f"killed, started and flushed {number + 1} times")
            time.sleep(seconds)
            load.end()
        faults = [*load.all_faults(place), *broken_promises(url, load.writes)]
        with server(url, place, environment={**shared, **LIMITED}) as served:
            faults += _limits(served, furnished, redis)
    say(load.told())
    figures = (
        f"{rounds} × killed, started, flushed: {load.answers.total():,} answers, "
        f"{_server_errors(load)} of them 5xx; "
        f"{load.writes.acknowledged:,} acknowledged writes; without Redis, reads at the limit go on, and the "
        f"{SIGN_INS}th failed sign-in locks"
    )
    return Shown(figures, faults)


@contextmanager
def running(place: Path) -> Iterator[Redis]:
    redis = Redis(place)
    try:
        redis.start()
        redis.wait()
        yield redis
    finally:
        redis.kill()


def _empty(redis: Redis) -> None:
    with RedisClient.from_url(redis.url) as client:
        client.flushall()


def _server_errors(load: Load) -> int:
    return sum(number for (_, status), number in load.answers.items() if status >= 500 or status == 0)


def _limits(served: Server, furnished: Furnished, redis: Redis) -> Iterator[str]:
    """Met with Redis; without it, open for reads and closed for who failed to sign in."""
    _empty(redis)
    before = [Client(served).ask(READ).status for _ in range(2 * FEW)]
    if before.count(200) != FEW:
        yield f"With Redis, {before.count(200)} of {2 * FEW} reads were let through, not {FEW}."
    redis.kill()
    after = [Client(served).ask(READ).status for _ in range(FEW // 2)]
    if set(after) != {200}:
        yield f"Without Redis, reads were answered {after}."
    name = "grace"
    wrong = [_sign_in(served, name, "not it") for _ in range(SIGN_INS)]
    if wrong != [200] * (SIGN_INS - 1) + [429]:
        yield f"Without Redis, {SIGN_INS} wrong passwords were answered {wrong}."
    right = _sign_in(served, name, furnished.passwords[name])
    if right != 429:
        yield f"Without Redis, {name} got in after {SIGN_INS} wrong passwords: {right}."


def _sign_in(served: Server, name: str, password: str) -> int:
    """The status that the password was answered with."""
    client, steps = Client(served), signing_in(name, password, fine=(200, 302, 429))
    form = client.ask(next(steps))
    answer = client.ask(steps.send(form))
    client.close()
    return answer.status
