"""Recording from Python: what is counted, once, and where."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.choices import Status
from models_registry.errors import ModelUnavailable
from models_registry.models import AIModel, QualityTier
from models_registry.usage import sketch
from models_registry.usage.errors import GenerationConflict
from models_registry.usage.models import (
    Generation,
    GenerationKey,
    UsageCounter,
    UsageErrorCount,
    UsageRollup,
)
from models_registry.usage.recording import (
    Batch,
    Recorded,
    Single,
    read_each,
    record,
    record_each,
    record_many,
)
from models_registry.values import in_milliseconds
from tests.factories import AIModelFactory, QualityTierFactory, untraced
from tests.laying import laid_once
from tests.models_registry.api.conftest import catalogue
from tests.models_registry.usage.generations import (
    EVERYTHING,
    HOUR,
    NOW,
    counted,
    generation,
    kept,
    periods,
)
from videoai.api.problem import FIELD_CODES

pytestmark = pytest.mark.django_db


@laid_once("module")
def models() -> None:
    AIModelFactory(model_id="a/other")
    AIModelFactory(model_id="a/b")


@pytest.fixture(autouse=True)
def model(models: None) -> AIModel:
    return AIModel.objects.get(model_id="a/b")


def of(model_id: str, generation_id: str, **fields: Any) -> dict[str, Any]:
    """An item of a batch."""
    return {"model_id": model_id, **generation(generation_id, **fields)}


def summary(batch: Batch) -> tuple[int, int, dict[int, dict[str, str]]]:
    """Recorded, duplicates, and what is wrong with the rejected: index → field → code."""
    rejected = {
        rejection.index: {problem.field: problem.code for problem in rejection.errors}
        for rejection in batch.rejected
    }
    assert list(rejected) == sorted(rejected)
    assert len(rejected) == len(batch.rejected)
    assert {code for errors in rejected.values() for code in errors.values()} <= FIELD_CODES
    return batch.recorded, batch.duplicates, rejected


class TestOne:
    def test_it_is_kept_as_it_was_reported(self, model):
        recorded = record("a/b", generation(**EVERYTHING), now=NOW)

        assert recorded.is_new
        row = Generation.objects.get()
        assert (row.generation_id, row.model_id, row.success) == ("g-1", model.pk, True)
        assert (row.microseconds, row.queue_microseconds) == (12_500_000, 250_000)
        assert (row.duration, row.quality, row.error_code) == (8, "high", "")
        assert (row.cost_nanodollars, row.credits) == (400_000_000, 27)
        assert row.finished_at == datetime(2026, 11, 22, 18, 59, 59, 500_000, tzinfo=UTC)
        assert row.bucket == sketch.bucket_of(12_500_000)
        assert GenerationKey.objects.get().finished_at == row.finished_at

    def test_what_nobody_said_stays_apart_from_nought(self):
        record("a/b", generation("g-1"), now=NOW)
        record("a/b", generation("g-2", queue_time=0, cost_usd=0, credits=0), now=NOW)

        unsaid, nought = Generation.objects.order_by("generation_id")
        assert (unsaid.duration, unsaid.quality, unsaid.finished_at) == (0, "", NOW)
        assert [unsaid.queue_microseconds, unsaid.cost_nanodollars, unsaid.credits] == [None] * 3
        assert [nought.queue_microseconds, nought.cost_nanodollars, nought.credits] == [0] * 3

    def test_the_record_is_told(self):
        assert record("a/b", generation(**EVERYTHING), now=NOW).record == {
            "model_id": "a/b",
            "generation_id": "g-1",
            "generation_time": 12.5,
            "success": True,
            "duration": 8,
            "quality": "high",
            "queue_time": 0.25,
            "error_code": None,
            "cost_usd": "0.4",
            "credits": 27,
            "price_row": None,
            "finished_at": datetime(2026, 11, 22, 18, 59, 59, 500_000, tzinfo=UTC),
        }

    def test_it_is_counted_of_its_model_alone(self):
        record("a/b", generation("g-1"), now=NOW)
        record("a/b", generation("g-2", success=False, generation_time="0.000001"), now=NOW)
        record("a/other", generation("g-3", generation_time=0), now=NOW)

        assert counted() == {"a/b": (2, 1, 12_500_001), "a/other": (1, 1, 0)}

    def test_it_is_counted_in_its_hour_its_day_and_its_month(self, model):
        record("a/b", generation(**EVERYTHING), now=NOW)

        assert periods() == {
            ("hour", "2026-11-22 18:00"): 1, ("day", "2026-11-22 00:00"): 1, ("month", "2026-11-01 00:00"): 1,
        }  # fmt: skip
        for rollup in UsageRollup.objects.all():
            assert (rollup.model_id, rollup.quality, rollup.duration) == (model.pk, "high", 8)
            assert (rollup.successes, rollup.microseconds, rollup.success_microseconds) == (
                1, 12_500_000, 12_500_000,
            )  # fmt: skip
            assert (rollup.queued, rollup.queue_microseconds) == (1, 250_000)
            assert (rollup.costed, rollup.cost_nanodollars) == (1, 400_000_000)
            assert (rollup.credited, rollup.credits) == (1, 27)
            assert sketch.read(rollup.sketch) == {sketch.bucket_of(12_500_000): 1}

    def test_the_next_ones_are_added_to_what_stands(self):
        for n, took in enumerate(["12.5", "12.5", "0", "0.000001", "86400"]):
            record("a/b", generation(f"g-{n}", generation_time=took, credits=n), now=NOW)
        record("a/b", generation("g-5", success=False, generation_time=3), now=NOW)

        assert UsageRollup.objects.count() == 3
        for rollup in UsageRollup.objects.all():
            assert (rollup.generations, rollup.successes, rollup.credits) == (6, 5, 10)
            assert rollup.microseconds - rollup.success_microseconds == 3_000_000
            assert sketch.read(rollup.sketch) == {
                sketch.NO_TIME: 1,
                sketch.bucket_of(1): 1,
                sketch.bucket_of(12_500_000): 2,
                sketch.bucket_of(86_400_000_000): 1,
            }

    def test_errors_are_counted_by_code(self):
        for n, code in enumerate(["timeout", "nsfw", "timeout", None]):
            record("a/b", generation(f"g-{n}", success=False, error_code=code), now=NOW)
        record("a/b", generation("g-5"), now=NOW)

        failures = {(row.grain, row.error_code): row.failures for row in UsageErrorCount.objects.all()}
        assert failures == {
            (grain, code): number
            for grain in ("hour", "day", "month")
            for code, number in (("timeout", 2), ("nsfw", 1))
        }

    @pytest.mark.parametrize("status", Status)
    def test_a_model_of_any_status_is_counted(self, status):
        assert AIModelFactory(model_id="a/x", **status.flags).status == status

        assert record("a/x", generation(), now=NOW).is_new
        assert record_many([of("a/x", "g-2")], now=NOW).recorded == 1
        assert counted() == {"a/x": (2, 2, 25_000_000)}

    def test_what_the_model_offers_today_is_not_asked(self, model):
        services.revise(model, {"supported_qualities": ["standard"], "supported_durations": [5]})

        assert record("a/b", generation(quality="ultra", duration=3_600), now=NOW).is_new

    def test_a_quality_that_is_gone_is_still_that_of_what_was_made_in_it(self, model):
        QualityTierFactory(key="2k")
        record("a/b", generation(quality="2k"), now=NOW)
        services.delete_tier(QualityTier.objects.get(key="2k"))

        assert not record("a/b", generation(quality="2k"), now=NOW).is_new
        late = record_many([{"model_id": "a/b", **generation("late", quality="2k")}], now=NOW)
        assert (late.recorded, late.rejected) == (1, [])
        with pytest.raises(ValidationError, match="no quality tier"):
            record("a/b", generation("g-3", quality="3k"), now=NOW)

    def test_an_empty_quality_is_none_also_when_generations_without_any_were_recorded(self, model):
        record("a/b", generation(), now=NOW)

        with pytest.raises(ValidationError, match='"" is no quality tier'):
            record("a/b", generation("g-2", quality=""), now=NOW)
        batch = record_many([{"model_id": "a/b", **generation("g-3", quality="")}], now=NOW)
        assert summary(batch) == (0, 0, {0: {"quality": "unknown_quality"}})
        assert counted()["a/b"][0] == 1

    def test_without_a_clock_it_finished_just_now(self):
        before = in_milliseconds(datetime.now(UTC))
        told = record("a/b", generation()).record["finished_at"]

        assert before <= told <= datetime.now(UTC)
        assert Generation.objects.get().finished_at == told

    @pytest.mark.parametrize("model_id", ["no/such", "A/B", "a/b ", "", "a\0", "\ud800"])
    def test_an_unknown_model_is_told_and_leaves_nothing(self, model_id):
        with pytest.raises(ModelUnavailable):
            record(model_id, generation(), now=NOW)

        assert kept() == [[], [], [], [], []]

    def test_a_bad_report_is_told_by_field_and_leaves_nothing(self):
        with pytest.raises(ValidationError) as refusal:
            record(
                "a/b", {"generation_id": "100%s", "generation_time": -1, "success": True, "%d": 1}, now=NOW
            )

        codes = {field: error.code for field, (error,) in refusal.value.error_dict.items()}
        assert codes == {"generation_time": "min_value", "%d": "unknown_field"}
        assert refusal.value.messages
        assert kept() == [[], [], [], [], []]


class TestWhen:
    @pytest.mark.parametrize(
        ("finished_at", "hour", "day", "month"),
        [
            ("2026-11-22T18:59:59.999999Z", "2026-11-22 18:00", "2026-11-22 00:00", "2026-11-01 00:00"),
            ("2026-11-22T19:00:00Z", "2026-11-22 19:00", "2026-11-22 00:00", "2026-11-01 00:00"),
            ("2026-10-31T23:59:59.999999Z", "2026-10-31 23:00", "2026-10-31 00:00", "2026-10-01 00:00"),
            ("2026-11-01T00:00:00Z", "2026-11-01 00:00", "2026-11-01 00:00", "2026-11-01 00:00"),
            ("2025-12-31T23:59:59.999999Z", "2025-12-31 23:00", "2025-12-31 00:00", "2025-12-01 00:00"),
            ("2026-01-01T00:00:00Z", "2026-01-01 00:00", "2026-01-01 00:00", "2026-01-01 00:00"),
            ("2024-02-29T12:00:00Z", "2024-02-29 12:00", "2024-02-29 00:00", "2024-02-01 00:00"),
            ("2020-01-01T00:00:00Z", "2020-01-01 00:00", "2020-01-01 00:00", "2020-01-01 00:00"),
            ("2026-11-01T00:30:00+01:00", "2026-10-31 23:00", "2026-10-31 00:00", "2026-10-01 00:00"),
            ("2025-12-31T23:30:00-00:30", "2026-01-01 00:00", "2026-01-01 00:00", "2026-01-01 00:00"),
            ("2026-11-22T00:10:00+05:45", "2026-11-21 18:00", "2026-11-21 00:00", "2026-11-01 00:00"),
        ],
    )
    def test_it_lands_in_its_hour_day_and_month_of_utc(self, finished_at, hour, day, month):
        record("a/b", generation(finished_at=finished_at), now=NOW)

        assert periods() == {("hour", hour): 1, ("day", day): 1, ("month", month): 1}

    def test_a_late_one_lands_where_it_finished_and_moves_nothing_else(self):
        record("a/b", generation("g-1"), now=NOW)
        record("a/b", generation("g-2", finished_at=NOW - 2 * HOUR), now=NOW)
        record("a/b", generation("g-3", finished_at="2023-03-03T03:03:03Z"), now=NOW)

        assert periods() == {
            ("hour", "2026-11-22 19:00"): 1,
            ("hour", "2026-11-22 17:00"): 1,
            ("day", "2026-11-22 00:00"): 2,
            ("month", "2026-11-01 00:00"): 2,
            ("hour", "2023-03-03 03:00"): 1,
            ("day", "2023-03-03 00:00"): 1,
            ("month", "2023-03-01 00:00"): 1,
        }

    def test_a_clock_in_another_zone_says_the_same(self):
        zone = (NOW - timedelta(hours=5)).astimezone().tzinfo
        record("a/b", generation("g-1"), now=NOW.astimezone(zone))

        assert Generation.objects.get().finished_at == NOW
        assert ("hour", "2026-11-22 19:00") in periods()


SAME = {
    "as it was": {},
    "numbers written otherwise": {
        "generation_time": "12.50", "duration": Decimal("8.0"), "cost_usd": Decimal("0.400"),
        "credits": Decimal("27.0"), "queue_time": Decimal("2.5E-1"),
    },
    "another zone": {"finished_at": "2026-11-22T19:59:59.500+01:00"},
    "an empty error": {"error_code": None},
    "not saying when": {"finished_at": None},
}  # fmt: skip
OTHERWISE = {
    "generation_time": Decimal("12.500001"),
    "success": False,
    "duration": 9,
    "quality": "ultra",
    "queue_time": Decimal("0.250001"),
    "cost_usd": Decimal("0.400000001"),
    "credits": 28,
    "finished_at": "2026-11-22T18:59:59.501Z",
}


class TestAgain:
    @pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
    def test_the_same_is_counted_once_and_told_as_it_stands(self, changes):
        first = record("a/b", generation(**EVERYTHING), now=NOW)
        before = kept()

        again = record("a/b", generation(**{**EVERYTHING, **changes}), now=NOW + 9 * HOUR)

        assert (first.is_new, again.is_new) == (True, False)
        assert again.record == first.record
        assert kept() == before

    @pytest.mark.parametrize("field", OTHERWISE)
    def test_other_content_is_a_conflict_and_changes_nothing(self, field):
        record("a/b", generation(**EVERYTHING), now=NOW)
        before = kept()

        for value in (OTHERWISE[field], None):
            if value is None and field in {"generation_time", "success", "finished_at"}:
                continue
            with pytest.raises(GenerationConflict):
                record("a/b", generation(**{**EVERYTHING, field: value}), now=NOW)
        assert kept() == before

    def test_another_error_code_is_a_conflict(self):
        record("a/b", generation(success=False, error_code="timeout"), now=NOW)

        for code in ("nsfw", None):
            with pytest.raises(GenerationConflict):
                record("a/b", generation(success=False, error_code=code), now=NOW)

    def test_another_model_is_a_conflict(self):
        record("a/b", generation(), now=NOW)

        with pytest.raises(GenerationConflict) as conflict:
            record("a/other", generation(), now=NOW)

        assert (conflict.value.code, conflict.value.field) == ("generation_conflict", "generation_id")
        assert counted() == {"a/b": (1, 1, 12_500_000)}

    def test_who_did_not_say_when_stays_at_the_first_time(self):
        first = record("a/b", generation(), now=NOW)
        again = record("a/b", generation(), now=NOW + 48 * HOUR)

        assert again.record == first.record
        assert periods().keys() == {
            ("hour", "2026-11-22 19:00"), ("day", "2026-11-22 00:00"), ("month", "2026-11-01 00:00"),
        }  # fmt: skip
        assert not record("a/b", generation(finished_at=NOW), now=NOW + HOUR).is_new
        with pytest.raises(GenerationConflict):
            record("a/b", generation(finished_at=NOW + HOUR), now=NOW + HOUR)

    def test_ids_differ_by_case_space_and_accent(self):
        ids = ["g", "G", "g ", " g", "ǵ", "g\u0301", "g\n"]

        assert all(record("a/b", generation(generation_id), now=NOW).is_new for generation_id in ids)
        assert not any(record("a/b", generation(generation_id), now=NOW).is_new for generation_id in ids)
        assert counted()["a/b"][0] == len(ids)

    def test_its_id_outlives_the_generation(self):
        """As it does when old ones are dropped."""
        record("a/b", generation(), now=NOW)
        Generation.objects.all().delete()

        assert not record("a/b", generation(), now=NOW).is_new
        with pytest.raises(GenerationConflict):
            record("a/b", generation(success=False), now=NOW)
        assert counted() == {"a/b": (1, 1, 12_500_000)}


def readable(items: list[tuple[str, dict[str, Any]]]) -> list[Single]:
    singles = read_each(items, now=NOW)
    assert all(isinstance(single, Single) for single in singles)
    return singles


class TestEach:
    """Singles that are recorded in one transaction, each as if it were alone."""

    def test_each_is_told_what_it_would_have_been_told_alone(self):
        items = [
            ("a/b", generation("g-1", **EVERYTHING)),
            ("a/other", generation("g-2")),
            ("a/b", generation("g-1", **EVERYTHING)),
        ]
        together = record_each(readable(items))
        for model in (Generation, GenerationKey):
            untraced(model).delete()
        alone = [record(model_id, values, now=NOW) for model_id, values in items]

        assert together == alone
        assert [one.is_new for one in alone] == [True, True, False]

    def test_who_comes_second_is_told_when_the_first_finished(self):
        said = generation("g-1", finished_at=NOW - HOUR)

        first, second = record_each(readable([("a/b", said), ("a/b", generation("g-1"))]))

        assert isinstance(second, Recorded)
        assert second.record == first.record
        assert counted() == {"a/b": (1, 1, 12_500_000)}

    def test_who_says_something_else_of_the_same_id_is_in_conflict(self):
        items = [
            ("a/b", generation("g-1")),
            ("a/other", generation("g-1")),
            ("a/b", generation("g-1", success=False)),
            ("a/b", generation("g-2")),
        ]

        first, *others, last = record_each(readable(items))

        assert [first.is_new, last.is_new] == [True, True]
        assert [str(one) for one in others] == [str(GenerationConflict("g-1"))] * 2
        assert counted() == {"a/b": (2, 2, 25_000_000)}

    def test_what_is_wrong_stands_in_its_place(self):
        strange, bad, good = read_each(
            [("a/nobody", generation()), ("a/b", generation(credits=-1)), ("a/b", generation())], now=NOW
        )

        assert isinstance(strange, ModelUnavailable)
        assert isinstance(bad, ValidationError)
        assert set(bad.message_dict) == {"credits"}
        assert isinstance(good, Single)

    def test_a_thousand_take_no_more_statements_than_two(self):
        taken = []
        for number in (2, 1_000):
            items = [("a/b", generation(f"{number}-{n}", quality="high")) for n in range(number)]
            with CaptureQueriesContext(connection) as statements:
                record_each(readable(items))
            taken.append(len(statements))

        assert taken[0] == taken[1]

    @pytest.mark.postgresql
    def test_what_stands_already_is_told_once_the_replicas_have_it_too(self):
        """It may stand because its commit was cut off while it waited for them."""
        for expected in (0, 1):
            with CaptureQueriesContext(connection) as statements:
                record_each(readable([("a/b", generation())]))
            waits = [one for one in statements if "pg_logical_emit_message(true" in one["sql"]]
            assert len(waits) == expected

    def test_none_are_recorded_without_asking(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert record_each([]) == []


class TestMany:
    def test_none_are_fine(self):
        assert summary(record_many([], now=NOW)) == (0, 0, {})

    def test_they_are_counted_as_one_by_one(self):
        items = [
            of(
                ("a/b", "a/other")[n % 2],
                f"g-{n}",
                generation_time=n,
                success=n % 3 > 0,
                error_code=None if n % 3 else ("timeout", "nsfw")[n % 2],
                quality=(None, "high", "ultra")[n % 5 % 3],
                duration=(None, 5, 8)[n % 7 % 3],
                queue_time=(None, "0.5")[n % 2],
                cost_usd=(None, "0.000000007")[n % 3 % 2],
                finished_at=NOW - n * 13 * HOUR,
            )
            for n in range(90)
        ]
        with transaction.atomic():
            for item in items:
                record(item["model_id"], {k: v for k, v in item.items() if k != "model_id"}, now=NOW)
            one_by_one = comparable(kept())
            transaction.set_rollback(True)

        assert summary(record_many(items[::-1], now=NOW)) == (90, 0, {})
        assert comparable(kept()) == one_by_one
        assert len(one_by_one[3]) > 100

    def test_the_same_batch_again_changes_nothing(self):
        items = [of("a/b", f"g-{n}", generation_time=n) for n in range(20)]
        record_many(items, now=NOW)
        before = kept()

        assert summary(record_many(items, now=NOW + HOUR)) == (0, 20, {})
        assert summary(record_many([*items[5:], of("a/b", "new")], now=NOW)) == (1, 15, {})
        assert counted()["a/b"][0] == 21
        assert kept()[1][:20] == before[1]

    def test_what_was_recorded_alone_is_a_duplicate_in_a_batch_and_the_other_way_round(self):
        record("a/b", generation("g-1"), now=NOW)

        assert summary(record_many([of("a/b", "g-1"), of("a/b", "g-2")], now=NOW)) == (1, 1, {})
        assert not record("a/b", generation("g-2"), now=NOW).is_new

    def test_of_one_id_the_first_counts(self):
        items = [
            of("a/b", "g", generation_time=1),
            of("a/b", "g", generation_time="1.0"),
            of("a/b", "g", generation_time=2),
            of("a/other", "g", generation_time=1),
            of("a/b", "g", generation_time=1, finished_at=NOW),
            of("a/b", "g", generation_time=1, finished_at=NOW - HOUR),
        ]

        conflict = {"generation_id": "generation_conflict"}
        assert summary(record_many(items, now=NOW)) == (1, 2, {2: conflict, 3: conflict, 5: conflict})
        assert counted() == {"a/b": (1, 1, 1_000_000)}

    def test_the_first_readable_one_counts(self):
        items = [of("a/b", "g", generation_time=-1), of("no/such", "g"), of("a/b", "g", generation_time=2)]

        assert summary(record_many(items, now=NOW)) == (
            1, 0, {0: {"generation_time": "min_value"}, 1: {"model_id": "model_unavailable"}},
        )  # fmt: skip
        assert counted() == {"a/b": (1, 1, 2_000_000)}

    def test_what_stands_counts_before_the_first_of_a_batch(self):
        record("a/b", generation("g", generation_time=1), now=NOW)
        items = [of("a/b", "g", generation_time=2), of("a/b", "g", generation_time=1), of("a/b", "h"), {}]

        recorded, duplicates, rejected = summary(record_many(items, now=NOW))

        assert (recorded, duplicates, list(rejected)) == (1, 1, [0, 3])
        assert rejected[0] == {"generation_id": "generation_conflict"}
        assert counted() == {"a/b": (2, 2, 13_500_000)}

    def test_one_bad_among_a_thousand_is_named_and_the_others_recorded(self):
        items = [of("a/b", f"g-{n}", generation_time=1) for n in range(1_000)]
        items[417] |= {"generation_time": Decimal("-1"), "duration": Decimal("5.5"), "quality": "8k", "x": 1}

        assert summary(record_many(items, now=NOW)) == (
            999,
            0,
            {
                417: {
                    "generation_time": "min_value",
                    "duration": "invalid",
                    "quality": "unknown_quality",
                    "x": "unknown_field",
                }
            },
        )
        assert counted() == {"a/b": (999, 999, 999_000_000)}
        assert not GenerationKey.objects.filter(pk="g-417").exists()

    def test_a_thousand_good_ones_are_recorded(self):
        items = [of("a/b", f"g-{n}", finished_at=NOW - n * HOUR) for n in range(1_000)]

        assert summary(record_many(items, now=NOW)) == (1_000, 0, {})
        assert sum(number for (grain, _), number in periods().items() if grain == "hour") == 1_000

    def test_a_thousand_bad_ones_are_named(self):
        assert len(record_many([{}] * 1_000, now=NOW).rejected) == 1_000
        assert kept() == [[], [], [], [], []]

    def test_more_are_refused(self):
        with pytest.raises(ValueError, match="1,001"):
            record_many([of("a/b", f"g-{n}") for n in range(1_001)], now=NOW)

        assert kept() == [[], [], [], [], []]

    @pytest.mark.parametrize("item", [None, 5, "g", True, [], [{}], Decimal("1.5")], ids=repr)
    def test_what_is_no_object_is_rejected(self, item):
        batch = record_many([of("a/b", "g-1"), item, of("a/b", "g-2")], now=NOW)

        assert summary(batch) == (2, 0, {1: {"non_field_errors": "invalid"}})

    @pytest.mark.parametrize(
        ("model_id", "code"),
        [
            (None, "required"),
            *(
                (model_id, "model_unavailable")
                for model_id in ("no/such", "A/B", "a/b ", "", "a\0", "\ud800")
            ),
            *((model_id, "model_unavailable") for model_id in (5, True, ["a/b"], {}, Decimal(1))),
        ],
        ids=repr,
    )
    def test_an_unknown_model_is_named_with_whatever_else_is_wrong(self, model_id, code):
        batch = record_many([{**of("a/b", "g", success=1), "model_id": model_id}], now=NOW)

        assert summary(batch) == (0, 0, {0: {"model_id": code, "success": "invalid"}})
        assert batch.rejected[0].errors[0].message.encode()

    def test_the_model_has_to_be_named(self):
        assert summary(record_many([generation()], now=NOW)) == (0, 0, {0: {"model_id": "required"}})

    def test_items_are_left_as_they_came(self):
        items = [of("a/b", "g", **EVERYTHING)]
        record_many(items, now=NOW)

        assert items == [of("a/b", "g", **EVERYTHING)]


def comparable(rows: list[Any]) -> list[Any]:
    """Without the clock, and with sketches as they read: a number can be written in many ways."""
    return [
        sorted(
            ({**row, "recorded_at": None, "sketch": sketch.read(row.get("sketch", "0"))} for row in table),
            key=repr,
        )
        for table in rows
    ]


# --- All or nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["generations", "usage_counters", "usage_rollups", "usage_error_counts"])
def test_if_the_database_fails_midway_nothing_was_recorded(lost):
    record("a/b", generation("old"), now=NOW)
    before = kept()
    items = [of("a/b", f"g-{n}", success=False, error_code="timeout") for n in range(3)]

    rename(lost, "elsewhere")
    with pytest.raises(DatabaseError):
        record_many(items, now=NOW)
    with pytest.raises(DatabaseError):
        record("a/b", generation("g-0", success=False, error_code="timeout"), now=NOW)
    rename("elsewhere", lost)

    assert kept() == before
    assert summary(record_many(items, now=NOW)) == (3, 0, {})


def rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


def test_a_caller_who_takes_it_back_takes_all_of_it_back():
    with transaction.atomic():
        record("a/b", generation(), now=NOW)
        transaction.set_rollback(True)

    assert kept() == [[], [], [], [], []]
    assert record("a/b", generation(), now=NOW).is_new


# --- The catalogue ---------------------------------------------------------------------------------------


def test_recording_touches_nothing_of_the_catalogue(get):
    addresses = ("models/", "models/a/b/", "models/a/b/validate/?duration=5&quality=high")
    before, tags = catalogue(), [get(address)["ETag"] for address in addresses]

    record("a/b", generation(success=False, error_code="timeout"), now=NOW)
    record("a/b", generation(success=False, error_code="timeout"), now=NOW)
    record_many([of("a/b", "g-2"), of("a/b", "g-1"), {}], now=NOW)

    assert catalogue() == before
    assert [get(address)["ETag"] for address in addresses] == tags
    assert UsageCounter.objects.get().generations == 2
