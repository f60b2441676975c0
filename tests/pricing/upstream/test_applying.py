"""What a sync makes of the catalogue."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from models_registry import services as catalogue
from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.models import AIModel, CatalogueRevision
from pricing import services as pricing
from pricing.models import Layer, Rate, Unit, UpstreamModel
from pricing.upstream.applying import rehearse_sync
from pricing.upstream.models import HeldPrice, State
from pricing.upstream.planning import Verdict
from pricing.upstream.price_list import BASE, ListRefused, Spot
from pricing.upstream.services import approve
from tests.factories import AIModelFactory, rate
from tests.pricing.upstream.lists import (
    AT,
    KEY,
    as_bytes,
    basis,
    entry,
    everything,
    map_of,
    model,
    raw_map,
    read,
    synced,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]


def listed() -> UpstreamModel:
    return UpstreamModel.objects.get(key=KEY)


def problems(content: bytes) -> list[tuple[str, str, str]]:
    """Why it was refused; and nothing was written."""
    before = everything()
    with pytest.raises(ListRefused) as refused:
        synced(content)
    assert everything() == before
    return [tuple(problem) for problem in refused.value.problems]  # type: ignore[misc]


# --- New models ------------------------------------------------------------------------------------------


def test_a_new_model_arrives_as_a_draft_that_says_what_to_check() -> None:
    synced(map_of(output_cost_per_second_720p=0.1, output_cost_per_second_4k=0.6))
    found = model()
    assert (found.status, found.is_default) == (Status.DRAFT, False)
    assert (found.name, found.provider, found.replicate_model_id) == ("Clip 1", "Acme", KEY)
    assert "Check durations and qualities" in found.description
    assert found.supported_qualities == ["720p", "4k"]


def test_a_base_price_that_is_no_tiers_prices_the_standard_quality() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    assert model().supported_qualities == ["standard", "4k"]
    assert basis("standard").dollars_a_second == Decimal("0.1")


def test_a_price_says_where_and_when_it_was_read() -> None:
    synced(map_of(output_cost_per_second_4k=0.6, metadata={"comment": "4K since May."}))
    found = Rate.objects.get()
    assert (found.layer, found.source, found.note) == (
        Layer.UPSTREAM,
        "https://acme.test/prices",
        "4K since May.",
    )
    assert found.source_fetched_at == AT
    assert listed().notes == ["4K since May."]


def test_a_key_is_made_fit_to_be_an_id() -> None:
    synced(as_bytes({"bedrock/amazon.nova reel-v1:0": entry()}))
    assert AIModel.objects.get().model_id == "bedrock/amazon.nova-reel-v1-0"


def test_two_keys_that_would_be_one_id_are_refused() -> None:
    [(key, _, told)] = problems(as_bytes({"a b": entry(), "A-b": entry()}))
    assert key == "A-b"
    assert told.startswith("Its id would be A-b, like that of a b.")


def test_a_key_that_the_catalogue_refuses_leaves_nothing_behind() -> None:
    [(key, field, _)] = problems(as_bytes({KEY: entry(), "acme/stats": entry()}))
    assert (key, field) == ("acme/stats", "model_id")


def test_a_price_by_the_clip_alone_starts_no_model() -> None:
    [(_, _, told)] = problems(map_of(output_cost_per_second=None, output_cost_per_video=2))
    assert told.startswith("It has no price by the second")


def test_a_new_price_of_zero_is_refused() -> None:
    assert problems(raw_map("0")) == [
        (KEY, "base price", "A price of 0 is none. Mend it, or leave the entry out.")
    ]


# --- What was set by hand --------------------------------------------------------------------------------


def test_a_price_of_its_own_survives_and_covers_the_list() -> None:
    made = AIModelFactory(model_id=KEY.upper(), cost_per_second=Decimal("0.18"), supported_qualities=["4k"])
    [plan] = synced(map_of(output_cost_per_second_4k=0.6)).plans

    assert {step.by_hand for step in plan.steps} == {"0.18, the model's own price"}
    made.refresh_from_db()
    assert made.cost_per_second == Decimal("0.18")
    assert basis("4k", made).dollars_a_second == Decimal("0.18")
    assert listed().cost_per_second == Decimal("0.1")


def test_a_rate_set_by_hand_survives_every_sync_and_uncovers_the_list_when_it_goes() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    own = rate(model(), "4k", "0.5")
    synced(map_of(output_cost_per_second_4k=0.7))
    assert basis("4k").dollars_a_second == Decimal("0.5")

    pricing.remove_rate(own)
    assert basis("4k").dollars_a_second == Decimal("0.7")


def test_a_model_that_a_list_brought_follows_it() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=0.12))
    assert (model().cost_per_second, listed().follows) == (Decimal("0.12"), True)


def test_a_model_that_was_there_keeps_its_price_though_the_list_says_the_same() -> None:
    AIModelFactory(model_id=KEY, cost_per_second=Decimal("0.1"))
    synced(map_of())
    synced(map_of(output_cost_per_second=0.12))
    assert (model().cost_per_second, listed().follows) == (Decimal("0.1"), False)


def test_a_price_set_by_hand_survives_a_list_that_passes_through_it() -> None:
    synced(map_of(output_cost_per_second=0.1))
    catalogue.revise(model(), {"cost_per_second": Decimal("0.15")})

    for price in (0.12, 0.15, 0.2):
        synced(map_of(output_cost_per_second=price))

    assert (model().cost_per_second, listed().cost_per_second) == (Decimal("0.15"), Decimal("0.2"))


def test_a_list_that_comes_to_the_price_set_by_hand_at_once_does_not_take_it_over() -> None:
    synced(map_of(output_cost_per_second=0.1, output_cost_per_second_4k=0.2))
    catalogue.revise(model(), {"cost_per_second": Decimal("0.15")})
    synced(map_of(output_cost_per_second=0.15, output_cost_per_second_4k=0.2))
    assert not listed().follows
    assert basis("4k").dollars_a_second == Decimal("0.15")


def test_an_approved_price_that_comes_to_the_one_set_by_hand_does_not_take_it_over() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=0.5))
    catalogue.revise(model(), {"cost_per_second": Decimal("0.5")})
    approve(HeldPrice.objects.get())
    synced(map_of(output_cost_per_second=0.6))
    assert (model().cost_per_second, listed().follows) == (Decimal("0.5"), False)


def test_a_price_changed_by_raw_sql_is_set_by_hand_before_any_sync() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE models SET cost_per_second = 0.15")
    assert basis("4k").dollars_a_second == Decimal("0.15")


def test_a_sync_that_finds_a_price_set_by_hand_writes_it_down_once() -> None:
    synced(map_of())
    catalogue.revise(model(), {"cost_per_second": Decimal("0.15")})

    [plan] = synced(map_of()).plans

    assert plan.details == {"follows": (True, False)}
    told = AuditEntry.objects.filter(kind="upstream_model").latest("number")
    assert (told.state_after or {})["follows"] is False
    before = everything()
    [plan] = synced(map_of()).plans
    assert (plan.changes, everything()) == (False, before)


def test_a_base_price_changed_by_hand_no_longer_follows() -> None:
    synced(map_of())
    catalogue.revise(model(), {"cost_per_second": Decimal("0.15")})
    synced(map_of(output_cost_per_second=0.12))
    assert model().cost_per_second == Decimal("0.15")
    assert listed().cost_per_second == Decimal("0.12")


def test_a_model_of_another_list_is_left_alone() -> None:
    synced(map_of())
    other = listed()
    other.list_name = "videoai"
    other.save()
    before = everything()

    [plan] = synced(map_of(output_cost_per_second=0.2)).plans

    assert plan.passed_over == f"{KEY} follows videoai: {KEY} already."
    assert everything() == before


# --- What changes and what stays -------------------------------------------------------------------------


def test_a_changed_tier_moves_with_its_time_and_its_trail() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    before = CatalogueRevision.objects.get().revision
    [plan] = synced(map_of(output_cost_per_second_4k=0.7)).plans

    assert [(step.spot, step.verdict) for step in plan.steps] == [
        (BASE, Verdict.SAME),
        (Spot("4k"), Verdict.CHANGED),
    ]
    assert basis("4k").dollars_a_second == Decimal("0.7")
    assert CatalogueRevision.objects.get().revision > before
    entry_ = AuditEntry.objects.filter(kind="rate").order_by("number").last()
    assert entry_ is not None
    assert (entry_.state_after or {})["upstream.4k"] == "0.7"


def test_what_leaves_the_list_stays_and_is_told() -> None:
    synced(as_bytes({KEY: entry(output_cost_per_second_4k=0.6), "acme/other": entry()}))
    report = synced(map_of())
    assert report.plans[0].left == (Spot("4k"),)
    assert [gone.key for gone in report.vanished] == ["acme/other"]
    assert Rate.objects.count() == 1
    assert AIModel.objects.count() == 2


def test_another_comment_is_taken_over_without_a_new_price() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    since = basis("4k").priced_at
    synced(map_of(output_cost_per_second_4k=0.6, metadata={"comment": "With sound."}))
    assert Rate.objects.get().note == "With sound."
    assert basis("4k").priced_at == since


def test_a_rehearsal_tells_the_same_and_writes_nothing() -> None:
    before = everything()
    report = rehearse_sync(read(map_of()), at=AT)
    assert report.plans[0].is_new
    assert everything() == before


# --- What is held ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "is_held"), [(0.3, False), (0.300000001, True), (0.033333333, True)])
def test_more_than_three_times_is_held(price: float, is_held: bool) -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=price))
    assert HeldPrice.objects.waiting().exists() == is_held
    assert (model().cost_per_second == Decimal("0.1")) == is_held


def test_the_rest_is_taken_over() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    synced(map_of(output_cost_per_second=0.5, output_cost_per_second_4k=0.7))
    held = HeldPrice.objects.get()
    assert (held.spot, held.before.words, held.after.words) == (BASE, "0.1", "0.5")
    assert held.why == "It moves 5×, more than 3×."
    assert basis("4k").dollars_a_second == Decimal("0.7")


def test_what_is_held_is_compared_with_the_list_and_not_with_what_was_set_by_hand() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    rate(model(), "4k", "9")
    synced(map_of(output_cost_per_second_4k=0.7))
    assert not HeldPrice.objects.exists()


def test_what_is_covered_by_hand_moves_no_price_and_waits_for_nobody() -> None:
    AIModelFactory(model_id=KEY, cost_per_second="0.1", supported_qualities=["720p"])
    rate(model(), "720p", "0.5")

    synced(map_of(output_cost_per_second_720p=0.5))

    assert not HeldPrice.objects.exists()
    assert Rate.objects.upstream().get().amount == basis("720p").amount == Decimal("0.5")


def test_a_tier_that_is_new_to_a_model_on_the_list_is_compared_with_what_counted_so_far() -> None:
    synced(map_of())
    catalogue.revise(model(), {"supported_qualities": ["standard", "4k"]})
    synced(map_of(output_cost_per_second_4k=0.6))
    assert HeldPrice.objects.get().spot == Spot("4k")
    assert basis("4k").dollars_a_second == Decimal("0.1")


def test_a_flipped_unit_is_held_whatever_the_amount() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=None, output_cost_per_video=0.1))
    held = HeldPrice.objects.get()
    assert held.why == "It is paid by another unit: second → clip."
    assert (held.after.unit, basis("standard").unit) == (Unit.CLIP, Unit.SECOND)


def test_a_fall_to_zero_is_held() -> None:
    synced(map_of())
    synced(raw_map("0.000"))
    assert HeldPrice.objects.get().why.startswith("It crosses zero")
    assert model().cost_per_second == Decimal("0.1")


def test_what_waits_is_not_raised_again() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=0.5))
    before = everything()
    [plan] = synced(map_of(output_cost_per_second=0.5)).plans
    assert plan.steps[0].verdict == Verdict.WAITING
    assert everything() == before


def test_another_held_price_takes_the_place_of_the_one_that_waits() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=0.5))
    synced(map_of(output_cost_per_second=0.6))
    assert [(held.state, held.after.words) for held in HeldPrice.objects.order_by("pk")] == [
        (State.WITHDRAWN, "0.5"),
        (State.WAITING, "0.6"),
    ]


def test_a_price_that_comes_back_withdraws_the_proposal() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=0.5))
    synced(map_of())
    assert HeldPrice.objects.get().state == State.WITHDRAWN


def test_without_a_guard_only_units_and_zero_are_held(settings: Any) -> None:
    settings.PRICE_CHANGE_GUARD = None
    synced(map_of())
    synced(map_of(output_cost_per_second=50))
    assert model().cost_per_second == Decimal(50)
    synced(raw_map("0"))
    assert HeldPrice.objects.count() == 1
