"""What was agreed on is what a generation is recorded with."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from models_registry.models import AIModel
from models_registry.usage.agreements import Agreement, agree, in_nanodollars
from models_registry.usage.errors import GenerationConflict
from models_registry.usage.models import AgreedPrice, Generation, GenerationKey, UsageRollup
from models_registry.usage.recording import Recorded, read_each, record, record_each, record_many
from models_registry.usage.verifying import Verification
from tests.factories import AIModelFactory
from tests.laying import laid_once
from tests.models_registry.usage.generations import NOW, generation, kept

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("agreed")]

ROW = "rate:7@2026-11-22T10:00:00.000Z"
WHAT: dict[str, Any] = {"quality": "high", "duration": 4}
SAME = {"credits": 60, "cost_usd": Decimal("0.9"), "price_row": ROW, **WHAT}
OTHER = [{"quality": "ultra"}, {"duration": 3_600}, {"quality": "ultra", "duration": 3_600}]
FIELDS = ["quality", "duration", "quality"]


@laid_once("module")
def agreed() -> None:
    model = AIModelFactory(model_id="a/b")
    AIModelFactory(model_id="a/other")
    agree("g-1", Agreement(model.pk, **WHAT, credits=60, cost_nanodollars=900_000_000, price_row=ROW))


def item(generation_id: str = "g-1", model_id: str = "a/b", **fields: Any) -> dict[str, Any]:
    return {"model_id": model_id, **generation(generation_id, **fields)}


def priced() -> list[tuple[str, int | None, int | None, str]]:
    columns = ("generation_id", "credits", "cost_nanodollars", "price_row")
    return list(Generation.objects.order_by("generation_id").values_list(*columns))


def is_sound() -> bool:
    return list(Verification(deep=True).findings()) == []


@pytest.mark.parametrize("said", [{}, {"credits": 60}, WHAT, SAME])
def test_it_is_recorded_whether_the_report_says_it_or_not(said):
    told = record("a/b", generation("g-1", **said), now=NOW)

    assert told.is_new
    assert (told.record["credits"], told.record["cost_usd"], told.record["price_row"]) == (60, "0.9", ROW)
    assert (told.record["quality"], told.record["duration"]) == ("high", 4)
    assert priced() == [("g-1", 60, 900_000_000, ROW)]
    sums = UsageRollup.objects.values_list("credits", "cost_nanodollars", "quality", "duration").distinct()
    assert list(sums) == [(60, 900_000_000, "high", 4)]
    assert is_sound()


@pytest.mark.parametrize("first", [{}, {"credits": 60}, WHAT, SAME])
@pytest.mark.parametrize("again", [{}, {"credits": 60}, WHAT, SAME])
def test_the_same_again_is_the_same_however_much_of_it_is_said(first, again):
    one = record("a/b", generation("g-1", **first), now=NOW)
    before = kept()

    other = record("a/b", generation("g-1", **again), now=NOW)

    assert (other.is_new, other.record) == (False, one.record)
    assert kept() == before


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("credits", {"credits": 61}),
        ("credits", {"credits": 0}),
        ("cost_usd", {"cost_usd": "0.900000001"}),
        ("price_row", {"price_row": "rate:8"}),
        ("quality", {"quality": "ultra"}),
        ("duration", {"duration": 3_600}),
        ("duration", {"duration": 3_600, "success": False}),
    ],
)
def test_another_price_is_refused_by_name_and_leaves_no_trace(field, said):
    before = kept()

    with pytest.raises(GenerationConflict) as refusal:
        record("a/b", generation("g-1", **said), now=NOW)

    assert (refusal.value.code, refusal.value.field) == ("generation_conflict", field)
    assert kept() == before
    assert record("a/b", generation("g-1"), now=NOW).is_new


def test_another_model_is_refused():
    with pytest.raises(GenerationConflict) as refusal:
        record("a/other", generation("g-1"), now=NOW)

    assert refusal.value.field == "model_id"
    assert not GenerationKey.objects.exists()


def test_a_failure_may_say_that_the_credits_were_given_back():
    told = record("a/b", generation("g-1", success=False, credits=0), now=NOW).record

    assert (told["credits"], told["cost_usd"], told["price_row"]) == (0, "0.9", ROW)
    assert not record("a/b", generation("g-1", success=False, credits=0), now=NOW).is_new
    with pytest.raises(GenerationConflict):
        record("a/b", generation("g-1", success=False), now=NOW)
    assert is_sound()


def test_of_a_batch_the_first_that_fits_counts():
    items = [
        item(credits=1),
        item(model_id="a/other"),
        item(generation_time=3),
        item(generation_time=3, credits=60),
        item(generation_time=4),
        item("g-2", credits=5),
    ]

    batch = record_many(items, now=NOW)

    assert (batch.recorded, batch.duplicates) == (2, 1)
    rejected = {one.index: [problem.field for problem in one.errors] for one in batch.rejected}
    assert rejected == {0: ["credits"], 1: ["model_id"], 4: ["generation_id"]}
    assert priced() == [("g-1", 60, 900_000_000, ROW), ("g-2", 5, None, "")]
    assert GenerationKey.objects.count() == 2
    assert is_sound()


def test_of_a_batch_what_is_of_another_quality_or_duration_is_refused_by_name():
    batch = record_many([*(item(**other) for other in OTHER), item()], now=NOW)

    assert (batch.recorded, batch.duplicates) == (1, 0)
    rejected = [(one.index, problem.code, problem.field) for one in batch.rejected for problem in one.errors]
    assert rejected == [(index, "generation_conflict", field) for index, field in enumerate(FIELDS)]
    assert set(Generation.objects.values_list("quality", "duration")) == {("high", 4)}
    assert is_sound()


def test_a_batch_in_which_none_fits_leaves_the_id_free():
    batch = record_many([item(credits=1), item(credits=2), item("g-2")], now=NOW)

    assert (batch.recorded, len(batch.rejected)) == (1, 2)
    assert record("a/b", generation("g-1"), now=NOW).is_new
    assert is_sound()


def test_those_that_wait_together_are_told_apart():
    singles = read_each([("a/b", generation("g-1", credits=9)), ("a/b", generation("g-1"))], now=NOW)

    wrong, right = record_each(singles)  # type: ignore[arg-type]

    assert isinstance(wrong, GenerationConflict)
    assert isinstance(right, Recorded)
    assert right.is_new


@pytest.mark.parametrize(("other", "field"), list(zip(OTHER, FIELDS, strict=True)))
def test_of_those_that_wait_together_another_quality_or_duration_is_refused(other, field):
    singles = read_each([("a/b", generation("g-1", **other)), ("a/b", generation("g-1"))], now=NOW)

    wrong, right = record_each(singles)  # type: ignore[arg-type]

    assert isinstance(wrong, GenerationConflict)
    assert wrong.field == field
    assert isinstance(right, Recorded)
    assert (right.record["quality"], right.record["duration"]) == ("high", 4)


def test_what_is_recorded_or_agreed_on_already_gets_no_other_price():
    record("a/b", generation("g-9"), now=NOW)
    agreement = Agreement(AIModel.objects.get(model_id="a/b").pk, "high", 4, 1, 1, ROW)
    before = kept()

    for generation_id in ("g-1", "g-9"):
        with pytest.raises(GenerationConflict), transaction.atomic():
            agree(generation_id, agreement)

    assert kept() == before
    assert AgreedPrice.objects.get().credits == 60


def test_a_price_row_may_be_said_without_an_agreement_and_is_part_of_the_content():
    told = record("a/b", generation("g-5", price_row="rate:1"), now=NOW).record

    assert told["price_row"] == "rate:1"
    assert not record("a/b", generation("g-5", price_row="rate:1"), now=NOW).is_new
    for other in ({}, {"price_row": "rate:2"}):
        with pytest.raises(GenerationConflict):
            record("a/b", generation("g-5", **other), now=NOW)
    assert is_sound()


@pytest.mark.parametrize(
    ("dollars", "nanodollars"),
    [("0", 0), ("0.0000000005", 1), ("0.00000000049", 0), ("1234567.1234567895", 1_234_567_123_456_790)],
)
def test_costs_are_rounded_half_up(dollars, nanodollars):
    assert in_nanodollars(Decimal(dollars)) == nanodollars
