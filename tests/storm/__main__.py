"""A storm on a database of its own: every recording that was acknowledged is counted once, nothing twice.

Writers record over HTTP, one by one and in batches, a fifth of it twice. Each second the server is killed,
all processes at once, and started again; writers send again what was not acknowledged.

With --writes, another one: so many changes of models past Django, and no answer older than the last of them.
"""

import os
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import repeat

import django

import tests.environment  # noqa: F401 - sets what the settings insist on
from tests.benchmarks import database

OWN = "videoai_storm"


def main() -> None:
    options = read_options()
    with database_of(options.engine) as address:
        os.environ.update(DATABASE_URL=address, DJANGO_SETTINGS_MODULE="videoai.settings")
        django.setup()
        faults = reading(options, address) if options.writes else storm(options, address)
    if faults:
        sys.exit("\n".join(faults))


def storm(options: Namespace, address: str) -> list[str]:
    """What is wrong afterwards."""
    whole = import_module("tests.storm.whole")
    whole.prepare()
    begun = time.monotonic()
    every = options.every
    told, faults = whole.storm(
        options.recordings,
        writers=options.writers,
        workers=options.processes,
        seed=options.seed,
        database_url=address,
        strikes=repeat(lambda seconds, _: seconds >= every),
    )
    say(
        f"{options.engine}: {told.acknowledged:,} recordings acknowledged to {options.writers} writers in "
        f"{time.monotonic() - begun:.0f} s, {told.as_new:,} of them as new; {told.kills} kills of a server "
        f"with {options.processes} processes, {told.retries:,} requests sent again; {len(faults)} faults."
    )
    return faults


def reading(options: Namespace, address: str) -> list[str]:
    """Answers that are older than what was committed before they were asked for."""
    import_module("tests.storm.whole").prepare()
    storm = import_module("tests.storm.reading")
    begun = time.monotonic()
    seen = storm.storm(options.writes, answers=options.answers, database_url=address, seed=options.seed)
    seconds = time.monotonic() - begun
    say(f"{options.engine}: {options.writes:,} writes, {storm.summary(seen)}, in {seconds:.0f} s.")
    return list(seen.faults[:10])


@contextmanager
def database_of(engine: str) -> Iterator[str]:
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/storm.sqlite3"
        return
    server = os.environ["DATABASE_URL"] or database.USUAL
    with database.made(OWN, beside=server, keep=False):
        yield database.address_of(OWN, beside=server)


def read_options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--recordings", type=int, default=10_000, metavar="N", help="a fifth of them replays")
    parser.add_argument("--writers", type=int, default=16, metavar="N")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="of the server")
    parser.add_argument(
        "--every", type=float, default=1, metavar="SECONDS", help="it lives before it is killed"
    )
    parser.add_argument("--writes", type=int, default=0, metavar="N", help="of models, up to 3,000")
    parser.add_argument("--answers", type=int, default=4, metavar="N", help="that are read a write, at least")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    return parser.parse_args()


def say(line: str) -> None:
    print(line)  # noqa: T201


if __name__ == "__main__":
    main()
