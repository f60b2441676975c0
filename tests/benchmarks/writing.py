"""Somebody who changes the catalogue while others read it: raw SQL, from a process of its own."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from time import monotonic, sleep
from typing import Any, Self

import psycopg

from tests.benchmarks.wrk import WrongAnswers

# Of one random model; each is a change that lists, details or prices show.
CHANGES = (
    "cost_per_second = 0.01 * (1 + (cost_per_second * 100)::int %% 200)",
    "name = format('Bench %%s', %(number)s)",
    "description = format('Changed %%s times.', version_number)",
    "tags = CASE WHEN tags @> '[\"new\"]' THEN '[]'::jsonb ELSE '[\"new\"]'::jsonb END",
    "category = CASE category WHEN 'budget' THEN 'experimental' ELSE 'budget' END",
)
SLACK = 2  # writes that a run may have more or fewer than its seconds ask for


class Writer:
    """Changes a random model so many times a second, while it is busy; never the `spared` one."""

    def __init__(self, database_url: str, *, a_second: int, spared: str = "") -> None:
        fork = multiprocessing.get_context("fork")
        self._busy, self._written, self.a_second = fork.Event(), fork.Value("i", 0), a_second
        self._process = fork.Process(
            target=write, args=(database_url, a_second, spared, self._busy, self._written), daemon=True
        )

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Raises WrongAnswers when it did not keep its pace."""
        before, begun = self._written.value, monotonic()
        self._busy.set()
        try:
            yield
        finally:
            self._busy.clear()
        written, wanted = self._written.value - before, (monotonic() - begun) * self.a_second
        if abs(written - wanted) > SLACK + wanted / 4:
            raise WrongAnswers(f"{written} changes were written, not {wanted:.0f}.")


def write(database_url: str, a_second: int, spared: str, busy: Any, written: Any) -> None:
    random = Random(a_second)
    with psycopg.connect(database_url, autocommit=True) as connection:
        found = connection.execute("SELECT id FROM models WHERE model_id <> %s ORDER BY id", [spared])
        ids = [key for (key,) in found]
        while True:
            busy.wait()
            begun = monotonic()
            change(connection, random, ids)
            written.value += 1
            sleep(max(0.0, begun + 1 / a_second - monotonic()))


def change(connection: psycopg.Connection, random: Random, ids: list[int]) -> None:
    assignment = random.choice(CHANGES)
    values = {"id": random.choice(ids), "number": random.randrange(100_000)}
    connection.execute(f"UPDATE models SET {assignment} WHERE id = %(id)s", values)
