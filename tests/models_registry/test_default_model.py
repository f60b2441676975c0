"""The default rules under fire: real threads, real transactions, and readers that look all the time."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from django.db import connection

from models_registry import services
from models_registry.errors import (
    CatalogueError,
    DefaultModelRequired,
    DefaultMustBeActive,
    ModelIdTaken,
)
from models_registry.models import AIModel
from tests.factories import AIModelFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WRITERS = 4
ROUNDS = 15


def run_at_once(*jobs: Callable[[], object]) -> list[BaseException]:
    """Run the jobs in threads that start together; what they raised."""
    gate = threading.Barrier(len(jobs))
    raised: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            gate.wait()
            job()
        except BaseException as error:  # noqa: BLE001 - handed to the test, which judges it
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@contextmanager
def watching_the_default() -> Iterator[list[int]]:
    """Count the defaults again and again from another connection; every count that was seen."""
    counts: list[int] = []
    enough = threading.Event()

    def watch() -> None:
        while not enough.is_set():
            counts.append(AIModel.default.count())
            time.sleep(0.001)  # threads share one interpreter: leave the writers some of it
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield counts
    finally:
        enough.set()
        watcher.join()


def test_a_storm_of_make_default_never_shows_two_defaults_or_none():
    models = [AIModelFactory() for _ in range(6)]

    def storm(start: int) -> Callable[[], None]:
        def job() -> None:
            for step in range(ROUNDS):
                services.make_default(models[(start + step) % len(models)])

        return job

    with watching_the_default() as counts:
        raised = run_at_once(*(storm(start) for start in range(WRITERS)))

    assert raised == []
    assert len(counts) > 10
    assert set(counts) == {1}


def test_retiring_and_promoting_at_once_leaves_one_active_default():
    models = [AIModelFactory() for _ in range(4)]

    def retire_and_restore() -> None:
        for model in itertools.islice(itertools.cycle(models), ROUNDS):
            with suppress(DefaultModelRequired):
                services.retire(model)
                services.restore(model)

    def promote() -> None:
        for model in itertools.islice(itertools.cycle(models), ROUNDS):
            with suppress(DefaultMustBeActive):
                services.make_default(model)

    with watching_the_default() as counts:
        raised = run_at_once(retire_and_restore, retire_and_restore, promote, promote)

    assert raised == []
    assert set(counts) == {1}
    assert AIModel.default.get().status == "active"


def test_the_first_model_of_many_at_once_becomes_the_default_once():
    AIModelFactory(model_id="a/draft", is_active=False)  # plants the quality tiers, too

    raised = run_at_once(*(lambda n=n: AIModelFactory(model_id=f"a/{n}") for n in range(8)))

    assert raised == []
    assert AIModel.active.count() == 8
    assert AIModel.default.count() == 1


def test_of_many_who_create_one_id_at_once_one_succeeds():
    AIModelFactory()
    spellings = ["a/same", "A/same", "a/SAME", "A/SAME"] * 2

    raised = run_at_once(*(lambda s=s: AIModelFactory(model_id=s) for s in spellings))

    assert [type(error) for error in raised] == [ModelIdTaken] * 7
    assert AIModel.objects.count() == 2


def test_of_two_writers_who_saw_the_same_row_one_is_told():
    model = AIModelFactory()

    def rename(name: str) -> Callable[[], object]:
        return lambda: services.revise(model, {"name": name}, expected_version=model.version_number)

    raised = run_at_once(rename("One"), rename("Two"))

    assert [error.code for error in raised if isinstance(error, CatalogueError)] == ["stale_model"]
    assert AIModel.objects.get().version_number == model.version_number + 1
