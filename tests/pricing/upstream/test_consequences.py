"""What approving a held price would do to what customers pay."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from models_registry import services as catalogue
from models_registry.choices import Status
from models_registry.models import AIModel
from pricing.price_book import read_book_with_or_without_policy
from pricing.upstream.consequences import Consequences, consequences_of
from pricing.upstream.models import HeldPrice
from pricing.upstream.services import approve
from tests.factories import rate, standard_policy
from tests.pricing.upstream.lists import map_of, model, synced

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers", "policy")]


@pytest.fixture
def policy() -> None:
    standard_policy()


def on_sale(*qualities: str) -> None:
    offered = {"supported_qualities": list(qualities), "supported_durations": [5, 10]}
    catalogue.revise(model(), {**offered, **Status.ACTIVE.flags}, confirmed=True)


def tier(after: float = 6) -> HeldPrice:
    """The proposal that 4k becomes `after`, of a model on sale in standard and 4k."""
    synced(map_of(output_cost_per_second_4k=0.6))
    on_sale("standard", "4k")
    synced(map_of(output_cost_per_second_4k=after))
    return HeldPrice.objects.get()


def base(**fields: float) -> HeldPrice:
    """The proposal that the base price of 0.1 becomes 0.5, of a model on sale in standard, high and 4k."""
    synced(map_of(**fields))
    on_sale("standard", "high", "4k")
    synced(map_of(output_cost_per_second=0.5, **fields))
    return HeldPrice.objects.get()


def by_the_clip() -> HeldPrice:
    synced(map_of())
    on_sale("standard")
    synced(map_of(output_cost_per_second=None, output_cost_per_video=2))
    return HeldPrice.objects.get()


def counts_now(of: Consequences) -> dict[str, str]:
    return {column.quality: column.counts_now for column in of.columns}


def test_each_duration_of_the_quality_is_told_before_and_after() -> None:
    found = consequences_of(tier())
    assert counts_now(found) == {"4k": "$0.6 a second, from the list"}
    assert [(duration, [move.texts for move in row]) for duration, row in found.rows] == [
        (5, [("198", "1,980")]),
        (10, [("396", "3,960")]),
    ]
    assert found.sentences == ["2 of 2 prices of a generation change."]


def test_a_price_set_by_hand_covers_it() -> None:
    held = tier()
    rate(model(), "4k", "1.5552")
    found = consequences_of(held)
    assert counts_now(found) == {"4k": "$1.5552 a second, set by hand"}
    assert found.sentences == ["Customers see no change: a price set by hand covers the list’s."]


def test_a_model_with_a_price_of_its_own_covers_the_base_price() -> None:
    held = base()
    catalogue.revise(model(), {"cost_per_second": Decimal("0.2")}, confirmed=True)
    found = consequences_of(held)
    assert counts_now(found)["high"] == "$0.24 a second, set by hand"
    assert found.sentences == ["Customers see no change: a price set by hand covers the list’s."]


def test_the_base_price_is_told_for_the_qualities_that_have_none_of_their_own() -> None:
    found = consequences_of(base(output_cost_per_second_4k=0.6))
    assert counts_now(found) == {
        "standard": "$0.1 a second, from the list",
        "high": "$0.12 a second, from the list",
    }
    assert found.sentences == ["4 of 4 prices of a generation change."]


def test_what_leaves_sale_is_told_and_why() -> None:
    held = tier()
    standard_policy(max_credits_per_generation=2_000)
    assert consequences_of(held).sentences == [
        "2 of 2 prices of a generation change.",
        "One of them leaves sale: 3,960 credits are above the limit of 2,000 a generation.",
    ]


def test_a_quality_that_is_not_offered_changes_nothing() -> None:
    held = tier()
    on_sale("standard")
    found = consequences_of(held)
    assert (found.columns, found.rows) == ([], [])
    assert found.sentences == ["Customers see no change: the model doesn’t offer 4k."]


def test_of_a_draft_it_is_told_that_nobody_can_buy_it() -> None:
    synced(map_of())
    synced(map_of(output_cost_per_second=0.5))
    told = consequences_of(HeldPrice.objects.get()).sentences
    assert told[-1] == "Nobody can buy the model now: it is not on sale."


def with_a_price_of_its_own() -> HeldPrice:
    """Equal to what is proposed, and all the same set by hand."""
    held = base(output_cost_per_second_4k=0.6)
    catalogue.revise(model(), {"cost_per_second": Decimal("0.5")}, confirmed=True)
    return held


@pytest.mark.parametrize("raised", [tier, base, by_the_clip, with_a_price_of_its_own])
def test_what_is_foreseen_is_what_an_approval_makes_of_prices(raised: Callable[[], HeldPrice]) -> None:
    held = raised()
    foreseen = consequences_of(held)
    approve(held)
    book = read_book_with_or_without_policy(AIModel.objects.filter(pk=held.model_id))

    def credits(prices: Consequences) -> list[tuple[str, int, int]]:
        after = prices.after
        return [(one.quality, one.duration, one.credits) for one in after.sellable(after.models[0])]

    assert credits(foreseen) == credits(Consequences(held, foreseen.before, book))
    is_covered = raised is with_a_price_of_its_own
    assert is_covered != any(move.changes for column in foreseen.columns for move in column.moves)
