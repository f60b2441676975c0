import math
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage import sketch
from models_registry.usage.figures import (
    MOST_CODES,
    NO_CODE,
    OTHER_CODES,
    By,
    Figures,
    Summary,
    summary,
    summary_without_codes,
)
from models_registry.usage.models import Generation, UsageRollup
from models_registry.usage.recording import record, record_many
from models_registry.usage.windows import MOST_PERIODS, Per, Window
from tests.factories import AIModelFactory
from tests.models_registry.usage.generations import generation

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 19, 18, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(at(start), at(end))


# Over new year and a leap day, with odd hours at both ends; and shorter ones, down to an hour.
WINDOWS = [
    window("2023-12-27T05:00", "2024-03-01T07:00"),
    window("2023-12-30T22:00", "2024-01-08T01:00"),
    window("2024-02-28T23:00", "2024-03-01T00:00"),
    window("2024-02-01T00:00", "2024-03-01T00:00"),
    window("2024-01-01T00:00", "2024-01-01T01:00"),
]


def some_day(chance: random.Random) -> datetime:
    """In the two months of `WINDOWS`, often exactly where one begins or ends, or just before."""
    edge = chance.choice([moment for each in WINDOWS for moment in each])
    return chance.choice(
        [
            edge,
            edge - timedelta(microseconds=1),
            edge + timedelta(minutes=chance.randrange(3_000)),
            at("2023-12-25") + timedelta(seconds=chance.randrange(70 * 86_400)),
        ]
    )


def report(chance: random.Random, number: int, models: list[AIModel]) -> dict[str, Any]:
    success = chance.random() < 0.8
    said = {
        "duration": chance.choice([5, 9]),
        "quality": chance.choice(["standard", "high"]),
        "queue_time": Decimal(chance.randrange(10_000)).scaleb(-3),
        "cost_usd": Decimal(chance.randrange(10**9)).scaleb(-9),
        "credits": chance.randrange(100),
        **({} if success else {"error_code": chance.choice(["quota", "nsfw", "timeout"])}),
    }
    return {
        "model_id": chance.choice(models).model_id,
        "generation_id": f"g-{number}",
        "success": success,
        "generation_time": Decimal(chance.randrange(10**9)).scaleb(-6),
        "finished_at": some_day(chance),
        **{name: value for name, value in said.items() if chance.random() < 0.7},
    }


@pytest.fixture
def usage() -> list[Generation]:
    """Three hundred generations of three models, one of which was retired since."""
    chance = random.Random(20231231)
    models = [
        AIModelFactory(model_id="a/one", provider="Acme", category="premium"),
        AIModelFactory(model_id="b/two", provider="Acme"),
        AIModelFactory(model_id="c/three", provider="Zeta", category="budget"),
    ]
    services.retire(models[2])
    assert record_many([report(chance, n, models) for n in range(300)], now=NOW).recorded == 300
    return list(Generation.objects.all())


# --- The same figures, by hand ---------------------------------------------------------------------------


def key_of(one: Generation, by: By | None, models: dict[int, AIModel]) -> Any:
    model = models[one.model_id]
    keys = {
        None: None,
        By.MODEL: model.model_id,
        By.PROVIDER: model.provider,
        By.CATEGORY: model.category,
        By.QUALITY: one.quality or None,
        By.DURATION: one.duration or None,
    }
    return keys[by]


def period_of(moment: datetime, per: Per | None, asked: Window) -> Window:
    if per is None:
        return asked
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight.replace(day=1)
    year, week, _ = moment.isocalendar()
    monday = datetime.fromisocalendar(year, week, 1).replace(tzinfo=UTC)
    start, end = {
        Per.HOUR: (midnight + moment.hour * HOUR, midnight + (moment.hour + 1) * HOUR),
        Per.DAY: (midnight, midnight + 24 * HOUR),
        Per.WEEK: (monday, monday + 7 * 24 * HOUR),
        Per.MONTH: (first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)),
    }[per]
    return Window(max(start, asked.start), min(end, asked.end))


def by_hand(found: list[Generation]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(getattr(one, name) or 0 for one in found)

    def said(name: str) -> int:
        return sum(getattr(one, name) is not None for one in found)

    good = [one.microseconds for one in found if one.success]
    codes = Counter(one.error_code for one in found if one.error_code)
    return {
        "generations": len(found),
        "successes": len(good),
        "microseconds": total("microseconds"),
        "success_microseconds": sum(good),
        "queued": said("queue_microseconds"),
        "queue_microseconds": total("queue_microseconds"),
        "costed": said("cost_nanodollars"),
        "cost_nanodollars": total("cost_nanodollars"),
        "credited": said("credits"),
        "credits": total("credits"),
        "times": dict(sorted(Counter(map(sketch.bucket_of, good)).items())),
        "errors": sorted(codes.items(), key=lambda code: (-code[1], code[0])),
    }


def as_read(figures: Figures) -> dict[str, Any]:
    names = by_hand([])
    told = {name: getattr(figures, name) for name in names}
    return {**told, "errors": list(figures.errors.items())}


class TestSummary:
    def test_it_says_what_the_generations_say_however_it_is_asked(self, usage):
        models = AIModel.objects.in_bulk()
        for asked, by, per in product(WINDOWS, [None, *By], [None, *Per]):
            if per == Per.HOUR and asked == WINDOWS[0]:
                continue  # too many
            expected = defaultdict(list)
            for one in usage:
                if asked.start <= one.finished_at < asked.end:
                    place = period_of(one.finished_at, per, asked), key_of(one, by, models)
                    expected[place].append(one)

            found = summary(asked, by=by, per=per)

            told = {(Window(row.start, row.end), row.key): as_read(row.figures) for row in found}
            assert told == {place: by_hand(those) for place, those in expected.items()}, (asked, by, per)
            places = [(row.start, row.key is None, row.key) for row in found]
            assert all(one < other for one, other in pairwise(places)), (asked, by, per)

    def test_it_is_narrowed_to_models_a_quality_and_a_duration(self, usage):
        (row,) = summary(
            WINDOWS[0], models=AIModel.objects.by_provider("Acme"), quality="high", duration=9, per=None
        )

        those = [
            one
            for one in usage
            if WINDOWS[0].start <= one.finished_at < WINDOWS[0].end
            and (one.quality, one.duration) == ("high", 9)
            and AIModel.objects.get(pk=one.model_id).provider == "Acme"
        ]
        assert as_read(row.figures) == by_hand(those)
        assert those

    def test_a_slice_is_a_part_of_the_whole(self, usage):
        for by, per in [(By.MODEL, Per.DAY), (By.QUALITY, None), (None, Per.WEEK), (None, None)]:
            asked = Summary(WINDOWS[0], by=by, per=per)
            whole = summary(WINDOWS[0], by=by, per=per)

            assert asked.count() == len(whole)
            for start, end in [
                (0, 7),
                (7, 14),
                (len(whole) - 1, len(whole) + 5),
                (len(whole), len(whole) + 1),
            ]:
                assert asked[start:end] == whole[start:end], (by, per, start)

    def test_nothing_is_no_row(self, usage):
        quiet = window("2021-01-01", "2022-01-01")

        for by, per in product([None, *By], [None, Per.DAY, Per.WEEK, Per.MONTH]):
            assert summary(quiet, by=by, per=per) == []
            assert Summary(quiet, by=by, per=per).count() == 0
            assert Summary(quiet, by=by, per=per)[0:50] == []

    def test_it_takes_two_queries_and_reads_no_generation(self, usage):
        with CaptureQueriesContext(connection) as queries:
            summary(WINDOWS[0], by=By.PROVIDER, per=Per.WEEK)

        assert ["usage_error_counts" in query["sql"] for query in queries] == [True, False]
        assert not any('"generations"."' in query["sql"] for query in queries)

    def test_a_long_window_is_read_from_its_months(self, usage):
        """Whatever the hours and days in the middle say."""
        UsageRollup.objects.filter(
            grain__in=["hour", "day"], start__gte=at("2024-01-01"), start__lt=at("2024-03-01")
        ).delete()

        (row,) = summary(WINDOWS[0])

        assert row.figures.generations == len(
            [one for one in usage if WINDOWS[0].start <= one.finished_at < WINDOWS[0].end]
        )

    def test_more_than_a_thousand_periods_are_refused_before_anything_is_read(self):
        with CaptureQueriesContext(connection) as queries, pytest.raises(ValidationError, match="per=day"):
            summary(Window(NOW, NOW + (MOST_PERIODS + 2) * HOUR), per=Per.HOUR)

        assert len(queries) == 0

    def test_a_late_generation_stands_in_the_hour_in_which_it_finished(self):
        AIModelFactory(model_id="a/one")
        hour = window("2024-02-29T23:00", "2024-03-01T00:00")

        record("a/one", generation("g-1", finished_at="2024-02-29T23:59:59.999999Z"), now=NOW)
        record("a/one", generation("g-2", finished_at="2024-03-01T00:00:00Z"), now=NOW)

        assert [(row.start, row.figures.generations) for row in summary(hour, per=Per.HOUR)] == [
            (hour.start, 1)
        ]


class TestCodes:
    @pytest.fixture
    def failures(self) -> Window:
        """Of code c-0 one, of c-1 two and so on up to 25 of c-24; and three without a code."""
        AIModelFactory(model_id="a/one")
        codes = [f"c-{number}" for number in range(25) for _ in range(number + 1)] + [None] * 3
        reports = [
            {
                "model_id": "a/one",
                **generation(str(n), success=False, error_code=code, finished_at="2024-02-01T10:00:00Z"),
            }
            for n, code in enumerate(codes)
        ]
        assert record_many(reports, now=NOW).rejected == []
        return window("2024-02-01", "2024-02-02")

    def test_the_most_frequent_are_listed_and_all_are_accounted_for(self, failures):
        for per in (None, Per.HOUR, Per.DAY):
            (row,) = summary(failures, by=By.MODEL, per=per)

            listed = {f"c-{number}": number + 1 for number in range(24, 4, -1)}
            assert list(row.figures.errors.items()) == [*listed.items(), (OTHER_CODES, 1 + 2 + 3 + 4 + 5)]
            assert len(listed) == MOST_CODES
            assert list(row.figures.error_codes) == [*listed, OTHER_CODES, NO_CODE]
            assert row.figures.error_codes[NO_CODE] == 3
            assert sum(row.figures.error_codes.values()) == row.figures.failures == 328

    def test_they_can_be_left_out(self, failures):
        with CaptureQueriesContext(connection) as queries:
            (row,) = summary_without_codes(failures)

        assert (row.figures.failures, row.figures.errors) == (328, {})
        assert len(queries) == 1

    def test_successes_have_none(self):
        assert Figures(generations=3, successes=3).error_codes == {}


class TestFigures:
    def test_nothing_was_neither_good_nor_bad(self):
        nothing = Figures()

        assert nothing.success_rate is nothing.success_interval is nothing.average_time is None
        assert (
            nothing.mean_time is nothing.mean_queue_time is nothing.cost_usd is nothing.credits_total is None
        )
        assert nothing.percentiles() == {"p50": None, "p90": None, "p95": None, "p99": None}

    def test_none_of_two_is_nought_and_two_of_three_are_exact(self):
        assert Figures(generations=2).success_rate == 0
        assert Figures(generations=3, successes=2).success_rate == 66.666667

    def test_what_cost_nothing_is_not_what_nobody_told_the_cost_of(self):
        free = Figures(generations=2, costed=1, credited=1, queued=1)

        assert (free.cost_usd, free.credits_total, free.mean_queue_time) == (0, 0, 0)

    def test_money_is_exact(self):
        much = Figures(costed=3, cost_nanodollars=10**18 + 1)

        assert much.cost_usd == Decimal("1000000000.000000001")

    def test_means_are_over_those_that_they_are_of(self):
        figures = Figures(
            generations=4,
            successes=3,
            microseconds=10_000_000,
            success_microseconds=4_000_000,
            queued=2,
            queue_microseconds=1_000_001,
        )

        assert figures.average_time == 2.5
        assert figures.mean_time == 1.333333
        assert figures.mean_queue_time == 0.5  # 0.5000005, half to even

    def test_percentiles_are_within_one_percent_of_the_true_ones(self):
        """Skewed times as they are: most take half a minute, a few many minutes; two models, several days."""
        chance = random.Random(7)
        for model_id in ("a/one", "b/two"):
            AIModelFactory(model_id=model_id)
        times = [math.exp(chance.gauss(3.4, 0.9)) for _ in range(900)] + [600 + 9 * n for n in range(100)]
        reports = [
            {
                "model_id": ("a/one", "b/two")[n % 2],
                **generation(
                    str(n),
                    generation_time=Decimal(repr(round(took, 6))),
                    success=n % 10 > 0,
                    finished_at=at("2024-02-28") + n * 7 * timedelta(minutes=1),
                ),
            }
            for n, took in enumerate(times)
        ]
        assert record_many(reports, now=NOW).recorded == len(times)

        (row,) = summary(window("2024-02-01", "2024-03-10T01:00"))

        good = sorted(float(one["generation_time"]) for one in reports if one["success"])
        exact = [good[math.ceil(share * len(good)) - 1] for share in (0.5, 0.9, 0.95, 0.99)]
        assert list(row.figures.percentiles().values()) == pytest.approx(exact, rel=sketch.ACCURACY)
        assert row.figures.mean_time == pytest.approx(sum(good) / len(good), abs=1e-6)
