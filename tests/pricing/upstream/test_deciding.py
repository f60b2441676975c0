"""What a person says to a held price."""

from decimal import Decimal

import pytest

from models_registry import services as catalogue
from models_registry.audit.models import AuditEntry
from models_registry.audit.occasion import Actor, acting
from pricing.models import Unit, UpstreamModel
from pricing.upstream.errors import HeldPriceDecided, HeldPriceMoved, PriceOfNothing
from pricing.upstream.models import HeldPrice, State
from pricing.upstream.planning import Verdict
from pricing.upstream.price_list import BASE, Price
from pricing.upstream.services import approve, reject
from pricing.upstream.writing import Told, write_price
from tests.pricing.upstream.lists import AT, basis, map_of, model, raw_map, synced

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]


def held(after: float = 0.5, **fields: float) -> HeldPrice:
    """The proposal that the base price of 0.1 becomes `after`."""
    synced(map_of(**fields))
    synced(map_of(output_cost_per_second=after, **fields))
    return HeldPrice.objects.get()


def test_an_approved_price_counts_and_says_who_approved_it() -> None:
    with acting(actor=Actor("user", "7", "ada"), reason="Asked them."):
        approved = approve(held())
    assert model().cost_per_second == Decimal("0.5")
    assert (approved.state, approved.decided_by) == (State.APPROVED, "ada")
    assert approved.decided_at is not None
    told = AuditEntry.objects.filter(kind="model").order_by("number").last()
    assert told is not None
    assert (told.actor, told.reason) == ("ada", "Asked them.")


def test_after_an_approval_the_same_list_changes_nothing() -> None:
    approve(held())
    [plan] = synced(map_of(output_cost_per_second=0.5)).plans
    assert not plan.changes


def test_an_approval_leaves_what_was_set_by_hand_meanwhile() -> None:
    waiting = held()
    catalogue.revise(model(), {"cost_per_second": Decimal("0.2")})
    approve(waiting)
    assert model().cost_per_second == Decimal("0.2")


def test_a_rejected_price_is_not_raised_again_until_it_changes() -> None:
    reject(held())
    [plan] = synced(map_of(output_cost_per_second=0.5)).plans
    assert plan.steps[0].verdict == Verdict.REJECTED
    assert not plan.changes
    assert model().cost_per_second == Decimal("0.1")

    [plan] = synced(map_of(output_cost_per_second=0.51)).plans
    assert plan.steps[0].verdict == Verdict.HELD


def test_what_is_decided_is_decided() -> None:
    waiting = held()
    reject(waiting)
    with pytest.raises(HeldPriceDecided):
        approve(waiting)
    assert model().cost_per_second == Decimal("0.1")


def test_a_price_of_zero_can_only_be_rejected() -> None:
    synced(map_of())
    synced(raw_map("0"))
    waiting = HeldPrice.objects.get()
    with pytest.raises(PriceOfNothing):
        approve(waiting)
    assert reject(waiting).state == State.REJECTED


def test_an_approval_of_what_has_moved_meanwhile_is_refused() -> None:
    waiting = held()
    listed = UpstreamModel.objects.get()
    write_price(listed, BASE, Price(Decimal("0.2")), told=Told("", "", AT))
    with pytest.raises(HeldPriceMoved):
        approve(waiting)


def test_an_approved_clip_price_covers_the_price_by_the_second_and_back() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=None, output_cost_per_video=2))
    approve(HeldPrice.objects.get())
    assert (basis("standard").unit, basis("standard").amount) == (Unit.CLIP, Decimal(2))

    synced(map_of(output_cost_per_second=0.2))
    approve(HeldPrice.objects.waiting().get())
    assert (basis("standard").unit, basis("standard").amount) == (Unit.SECOND, Decimal("0.2"))


def test_an_approved_tier_is_written_with_its_source() -> None:
    synced(map_of(output_cost_per_second_4k=0.6))
    synced(map_of(output_cost_per_second_4k=6))
    approve(HeldPrice.objects.get())
    found = basis("4k").rate
    assert found is not None
    assert (found.amount, found.source) == (Decimal(6), "https://acme.test/prices")
