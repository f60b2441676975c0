"""Generations that nobody made look like some that a backend could have reported."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage.reports import as_told, read_report
from models_registry.usage.synthesis import FAILURES, Plan, generations
from tests.factories import AIModelFactory

UNTIL = datetime(2026, 7, 1, tzinfo=UTC)
PLAN = Plan(seed=7, generations=3_000, days=60, until=UNTIL)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def models() -> list[AIModel]:
    AIModelFactory(model_id="a/first", supported_durations=[4, 8], supported_qualities=["high"])
    AIModelFactory(model_id="a/second")
    return [*AIModel.objects.all(), services.retire(AIModelFactory(model_id="a/retired"))]


def test_a_seed_makes_the_same_again_and_another_one_others():
    made = list(generations(PLAN))

    assert list(generations(PLAN)) == made
    assert {report.microseconds for report in generations(replace(PLAN, seed=8))} != {
        report.microseconds for report in made
    }


def test_there_are_as_many_as_planned_each_with_an_id_of_its_own_and_in_time():
    made = list(generations(PLAN))

    assert [report.generation_id for report in made] == [f"synthetic-7-{n}" for n in range(1, 3_001)]
    assert all(UNTIL - timedelta(days=60) <= report.finished_at < UNTIL for report in made)


def test_every_model_is_used_the_retired_one_less_and_less_and_only_for_what_it_offers(models):
    offered = {
        (model.pk, quality, duration)
        for model in models
        for quality in model.supported_qualities
        for duration in model.supported_durations
    }
    made = list(generations(PLAN))
    retired = [report.finished_at for report in made if report.model == models[-1].pk]

    assert {(report.model, report.quality, report.duration) for report in made} <= offered
    assert {report.model for report in made} == {model.pk for model in models}
    assert Counter(time.month for time in retired)[5] > 2 * Counter(time.month for time in retired)[6] > 0


def test_it_grows_and_sleeps_at_night():
    finished = [report.finished_at for report in generations(PLAN)]
    late = sum(time >= UNTIL - timedelta(days=30) for time in finished)
    by_night = sum(1 <= time.hour < 7 for time in finished)

    assert late > 0.55 * len(finished)
    assert by_night < 0.15 * len(finished)


def test_some_fail_with_a_code_and_cost_nothing():
    failed = [report for report in generations(PLAN) if not report.success]

    assert 0.02 < len(failed) / PLAN.generations < 0.06
    assert {report.error_code for report in failed} == set(FAILURES)
    assert {(report.cost_nanodollars, report.credits) for report in failed} == {(None, None)}


def test_a_backend_could_have_reported_each_of_them():
    for report in generations(replace(PLAN, generations=200)):
        told = as_told(report, model_id="")
        del told["model_id"]
        known = {report.quality}

        assert read_report(told, model=report.model, now=UNTIL, known_qualities=known) == (report, [])
