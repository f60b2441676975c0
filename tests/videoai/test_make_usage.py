"""The command, as a developer meets it."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Sum

from models_registry.usage import loading
from models_registry.usage.models import Generation, GenerationKey, UsageCounter, UsageRollup
from models_registry.usage.recording import record
from tests.factories import AIModelFactory
from videoai.management.commands import make_usage

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = StringIO()
    defaults = ("--generations=90", "--days=40", "--until=2026-07-01")
    call_command("make_usage", *defaults, *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def refused(*args: str) -> str:
    with pytest.raises(CommandError) as error:
        run(*args)
    return str(error.value)


def contents() -> list[Any]:
    return list(Generation.objects.order_by("pk").values_list("generation_id", "finished_at", "microseconds"))


def counted() -> dict[str, int]:
    """How many generations each table knows of."""
    by_grain = UsageRollup.objects.values_list("grain").annotate(Sum("generations"))
    counters = UsageCounter.objects.aggregate(all=Sum("generations", default=0))
    return {
        "keys": GenerationKey.objects.count(),
        "generations": Generation.objects.count(),
        "counters": counters["all"],
        **dict(by_grain),
    }


def verified() -> str:
    """The last line of `verify_usage`, which says before it what lies in no partition."""
    out = StringIO()
    call_command("verify_usage", "--deep", stdout=out, stderr=StringIO())
    assert "lie in no partition" not in out.getvalue()
    return out.getvalue().splitlines()[-1]


@pytest.fixture
def model() -> Any:
    return AIModelFactory(model_id="a/b")


@pytest.mark.usefixtures("model")
def test_it_fills_all_tables_alike_and_says_what_it_did() -> None:
    out = run()

    assert out.startswith("90 generations from 2026-05-22 00:00 to 2026-07-01 00:00 UTC made in ")
    assert set(counted().values()) == {90}
    assert len(counted()) == 6
    assert verified() == "Usage adds up."


@pytest.mark.usefixtures("model")
def test_the_same_seed_again_makes_nothing_twice_and_another_one_more() -> None:
    run()
    before = contents()

    assert run() == "90 of seed 1 stand already; 0 are missing.\n"
    assert contents() == before
    run("--seed=2")
    assert set(counted().values()) == {180}


@pytest.mark.usefixtures("model")
def test_a_run_that_was_stopped_leaves_tables_that_agree_and_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("--seed=3")
    whole = [row[1:] for row in contents()]
    load, loaded = loading.load, []

    def stop_at_the_third(reports: Any) -> None:
        loaded.append(reports)
        if len(loaded) == 3:
            raise KeyboardInterrupt
        load(reports)

    monkeypatch.setattr(make_usage, "BATCH", 20)
    monkeypatch.setattr(loading, "load", stop_at_the_third)
    GenerationKey.objects.all().delete()
    Generation.objects.all().delete()
    UsageRollup.objects.all().delete()
    UsageCounter.objects.all().delete()

    with pytest.raises(KeyboardInterrupt):
        run("--seed=3")
    assert set(counted().values()) == {40}

    assert run("--seed=3").startswith("40 of seed 3 stand already; 50 are missing.\n50 generations")
    assert [row[1:] for row in contents()] == whole
    assert set(counted().values()) == {90}


def test_two_runs_at_once_end_in_words_for_the_second(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    load = loading.load

    def load_second(reports: Any) -> None:
        load(reports)
        with transaction.atomic():
            load(reports)

    monkeypatch.setattr(loading, "load", load_second)

    assert refused().startswith("The database refused: ")
    assert set(counted().values()) == {90}


def test_real_generations_are_kept_apart(model: Any) -> None:
    record(model.model_id, {"generation_id": "real", "generation_time": 1, "success": True})

    assert "There are real generations in this database" in refused()
    assert GenerationKey.objects.count() == 1
    run("--mix")
    assert set(counted().values()) == {91}


@pytest.mark.usefixtures("model")
def test_a_dry_run_writes_nothing() -> None:
    assert "90 generations" in run("--dry-run")
    assert "Dry run: nothing was written." in run("--dry-run")
    assert not Generation.objects.exists()


def test_without_models_it_says_what_to_do() -> None:
    assert "seed_models" in refused()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--generations=0", "no whole number from 1 to"),
        ("--generations=1e3", "no whole number from 1 to"),
        ("--seed=-1", "no whole number from 0 to"),
        ("--until=yesterday", "no day, as in 2026-07-01"),
        ("--until=9999-12-31", "has not come yet"),
        ("--days=9000", "before 2020-01-01"),
        ("--until=0001-01-01", "40 days before 0001-01-01 is before 2020-01-01"),
    ],
)
def test_options_that_make_no_sense_are_refused(model: Any, option: str, words: str) -> None:
    assert words in refused(option)
    assert not Generation.objects.exists()
