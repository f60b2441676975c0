"""What needs attention: each rule speaks up when it should, and is silent when it should be."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models_registry.choices import Status
from models_registry.models import AIModel, QualityTier
from models_registry.usage.figures import Figures
from models_registry.usage.recent import Use
from pricing.models import Layer, PricingPolicy, Rate
from pricing.price_book import LISTED_COST, Place, PriceBook
from pricing.upstream.models import HeldPrice
from videoai.attention.rules import Concern, Urgency, concerns
from videoai.attention.situation import LISTED_UNTIL, Situation

CHANGED = datetime(2026, 11, 10, 23, 59, tzinfo=UTC)


def model(pk: int = 1, status: Status = Status.ACTIVE, **values: Any) -> AIModel:
    defaults = {
        "model_id": f"acme/{pk}",
        "name": f"Model {pk}",
        "cost_per_second": Decimal("0.18"),
        "supported_durations": [9, 5],
        "supported_qualities": ["standard", "high"],
        "priced_at": CHANGED,
        "updated_at": CHANGED,
        **status.flags,
    }
    return AIModel(pk=pk, **{**defaults, **values})


def default() -> AIModel:
    return model(99, is_default=True)


def book(*models: AIModel, limit: int = 5_000, rates: dict[tuple[int, str], str] | None = None) -> PriceBook:
    policy = PricingPolicy(
        profit_margin=Decimal("1.32"),
        credits_per_dollar=Decimal(50),
        max_credits_per_generation=limit,
        priced_at=CHANGED,
    )
    tiers = {
        key: QualityTier(key=key, cost_multiplier=Decimal(multiplier), priced_at=CHANGED)
        for key, multiplier in {"standard": "1", "high": "1.2"}.items()
    }
    found = {
        Place(pk, Layer.OVERRIDE, key): Rate(
            model_id=pk, quality_id=key, amount=Decimal(cost), priced_at=CHANGED
        )
        for (pk, key), cost in (rates or {}).items()
    }
    return PriceBook(policy, tiers, found, models)


def situation(*models: AIModel, **values: Any) -> Situation:
    """With a default model, beside `models`, and prices."""
    everyone = [default(), *models]
    return Situation(everyone, **{"book": book(*everyone), **values})


def told(of: Situation) -> dict[str, list[str]]:
    """The names of the concerns, and of each its models with their notes."""
    return {
        one.name: [f"{case.model.name}: {case.note}".removesuffix(": ") for case in one.cases]
        for one in concerns(of)
    }


def sentence(of: Situation) -> str:
    [one] = concerns(of)
    return one.sentence


def test_nothing_is_the_matter_with_a_catalogue_in_order() -> None:
    assert concerns(situation(model(1), model(2, Status.DEPRECATED), model(3, Status.RETIRED))) == []


def test_without_a_policy_nothing_can_be_sold() -> None:
    [one] = concerns(situation(book=replace(book(), policy=None)))
    assert (one.name, one.urgency, one.remedy.table, one.remedy.page) == (
        *("no-policy", Urgency.NOW),
        *(PricingPolicy, "add"),
    )


def test_prices_that_can_not_be_read_now_are_no_missing_prices() -> None:
    assert told(situation(model(1, supported_qualities=["8k"]), book=None)) == {"prices-unread": []}


@pytest.mark.parametrize(
    ("models", "said", "page", "query"),
    [
        ([], "There is no model yet", "add", ""),
        ([model(1)], "No model is the default", "changelist", "status=active"),
        ([model(1, Status.RETIRED)], "No model is active", "changelist", ""),
    ],
)
def test_a_default_model_is_missed(models: list[AIModel], said: str, page: str, query: str) -> None:
    [one] = concerns(Situation(models, book=book(*models)))
    assert one.name == "no-default"
    assert one.sentence.startswith(said)
    assert (one.remedy.table, one.remedy.page, one.remedy.query) == (AIModel, page, query)


def test_a_quality_on_offer_without_a_price() -> None:
    """A rate is a price, too; what isn't sold needs none."""
    lacking = ["standard", "4k", "8k"]
    models = [
        *(model(1, supported_qualities=lacking), model(2, Status.DEPRECATED, supported_qualities=lacking)),
        *(model(3, Status.RETIRED, supported_qualities=lacking), model(4, supported_qualities=["8k"])),
    ]
    prices = book(*models, rates={(1, "4k"): "0.4", (4, "8k"): "1"})
    found = situation(*models, book=prices)
    assert told(found) == {"unpriced": ["Model 1: no price in 8k", "Model 2: no price in 4k, 8k"]}
    assert sentence(found).startswith("2 models offer a quality that has no price")
    assert concerns(found)[0].tab == "pricing"


def test_what_would_be_free_has_no_price() -> None:
    assert told(situation(model(1, cost_per_second=Decimal(0), supported_qualities=["high"]))) == {
        "unpriced": ["Model 1: no price in high"]
    }


def test_what_is_too_dear_is_told_from_the_shortest_duration_on() -> None:
    """5 s cost 60 and 72 credits, 9 s 107 and 129."""
    models = [model(1), model(2, cost_per_second=Decimal("0.01")), model(3, Status.DRAFT)]
    limits = {
        129: [],
        128: ["Model 1: high from 9 s"],
        106: ["Model 1: standard from 9 s, high from 9 s"],
        59: ["Model 1: standard from 5 s, high from 5 s"],
    }
    for limit, expected in limits.items():
        others = [model(99, cost_per_second=Decimal("0.01"), is_default=True), *models]
        found = Situation(others, book=book(*others, limit=limit))
        assert told(found).get("over-limit", []) == expected, limit
        assert all(f"more than {limit} credits" in one.sentence for one in _named(found, "over-limit"))


def test_a_long_list_of_qualities_is_cut() -> None:
    offered = [f"q{n}" for n in range(12)]
    assert told(situation(model(1, supported_qualities=offered))) == {
        "unpriced": ["Model 1: no price in q0, q1, q2 and 9 more"]
    }


@pytest.mark.parametrize(
    ("now", "then", "falls"),
    [
        ((90, 100), (98, 100), False),  # 83–94 and 93–99 overlap
        ((80, 100), (98, 100), True),
        ((98, 100), (80, 100), False),  # it rose
        ((0, 2), (99, 100), True),
        ((3, 4), (99, 100), False),  # too few to tell
        ((0, 0), (99, 100), False),
        ((0, 9), (0, 0), False),
    ],
)
def test_success_has_fallen_when_chance_can_not_be_the_reason(
    now: tuple[int, int], then: tuple[int, int], falls: bool
) -> None:
    figures = [Figures(generations=number, successes=good) for good, number in (now, then)]
    found = situation(model(1), recent={1: figures[0]}, before={1: figures[1]})
    assert bool(concerns(found)) == falls


def test_a_fall_is_told_with_its_figures_where_usage_is_shown() -> None:
    recent, before = {1: Figures(1_200, 960)}, {1: Figures(4_000, 3_900)}
    found = situation(model(1), recent=recent, before=before)
    assert told(found) == {"success-fallen": ["Model 1: 80.0 % of 1,200 in 7 days, 97.5 % of 4,000 before"]}
    assert concerns(found)[0].page == "usage"
    assert concerns(situation(model(1, Status.RETIRED), recent=recent, before=before)) == []
    assert concerns(situation(model(1), recent=recent)) == []


@pytest.mark.parametrize("status", [Status.RETIRED, Status.DRAFT])
def test_use_after_the_day_of_the_last_change_was_off_sale(status: Status) -> None:
    """On that day itself it may still have been on sale."""
    of = model(1, status)
    after, same_day = (CHANGED + timedelta(days=1)).date(), CHANGED.date()
    assert told(situation(of, uses={1: Use(12, after)}))[f"used-{status}"] == [
        "Model 1: 12 times in 30 days, the last on 2026-11-11"
    ]
    assert f"used-{status}" not in told(situation(of, uses={1: Use(12, same_day)}))
    assert f"used-{status}" not in told(situation(of))


def test_deprecated_models_that_are_still_used_the_most_used_first() -> None:
    since = datetime(2026, 11, 1, 9, tzinfo=UTC)
    models = [model(n, Status.DEPRECATED, deprecated_at=since) for n in (1, 2, 3, 4)]
    uses = {1: Use(1, date(2026, 11, 1)), 3: Use(2_000, date(2026, 11, 2)), 4: Use(9, date(2026, 10, 31))}
    found = situation(*models, uses=uses)
    assert told(found) == {
        "used-deprecated": [
            "Model 3: 2,000 times in 30 days, the last on 2026-11-02",
            "Model 1: once in 30 days, the last on 2026-11-01",
        ]
    }
    assert sentence(found) == "2 deprecated models are still in use."
    assert concerns(found)[0].remedy.query == "status=deprecated"


def test_drafts_wait() -> None:
    found = situation(model(1, Status.DRAFT))
    assert told(found) == {"drafts": ["Model 1"]}
    assert sentence(found) == "1 draft waits to be activated."
    assert concerns(found)[0].remedy.query == "status=draft"


def test_drafts_from_price_lists_wait_to_be_checked() -> None:
    listed = model(1, Status.DRAFT)
    setattr(listed, LISTED_COST, Decimal("0.1"))
    found = situation(listed, model(2, Status.DRAFT))
    assert told(found) == {"listed-drafts": ["Model 1"], "drafts": ["Model 2"]}


@pytest.mark.parametrize(("held", "begins"), [(1, "1 list price waits"), (1_200, "1,200 list prices wait")])
def test_prices_of_lists_wait_to_be_decided(held: int, begins: str) -> None:
    [one] = concerns(situation(held=held))
    assert one.sentence == f"{begins} to be approved or rejected."
    assert (one.remedy.table, one.remedy.query) == (HeldPrice, "state=waiting")


# --- Going -----------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def leaves(days: float, pk: int = 1, status: Status = Status.ACTIVE, **values: Any) -> AIModel:
    return model(pk, status, sunset_at=NOW + timedelta(days=days), **values)


@pytest.mark.parametrize(
    ("days", "name", "urgency"),
    [
        *((-3, "default-past-sunset", Urgency.NOW), (0, "default-past-sunset", Urgency.NOW)),
        *((1, "default-sunset", Urgency.SOON), (30, "default-sunset", Urgency.SOON)),
    ],
)
@pytest.mark.parametrize("heir", [None, Status.DRAFT, Status.DEPRECATED, Status.RETIRED])
def test_a_default_that_can_not_go_is_told_of_a_month_ahead_and_loudly_from_its_sunset_on(
    days: float, name: str, urgency: Urgency, heir: Status | None
) -> None:
    first = leaves(days, is_default=True, successor="acme/2" if heir else None)
    models = [first, *([model(2, heir, sunset_at=NOW + timedelta(days=99))] if heir else [])]
    found = [one for one in concerns(Situation(models, now=NOW)) if one.name.startswith("default")]
    assert [(one.name, one.urgency, one.remedy.table) for one in found] == [(name, urgency, AIModel)]
    assert ("acme/2 is not active" in found[0].cases[0].note) == (heir is not None)


def test_a_default_that_can_hand_over_or_goes_later_worries_nobody() -> None:
    prices = book(default())
    heir = model(2)
    first = leaves(1, is_default=True, successor="acme/2")
    assert concerns(Situation([first, heir], book=prices, now=NOW)) == []
    assert concerns(Situation([leaves(30.1, is_default=True)], book=prices, now=NOW)) == []


def test_models_that_go_and_have_nobody_to_follow() -> None:
    models = [
        *(leaves(9), leaves(2, 2, Status.DEPRECATED, successor="acme/3"), model(3, Status.DRAFT)),
        *(leaves(3, 4, successor="acme/99"), leaves(31, 5), leaves(1, 6, Status.RETIRED)),
    ]
    assert told(situation(*models, now=NOW))["sunset-alone"] == [
        "Model 2: 2026-12-01 12:00:00 UTC, acme/3 is not active",
        "Model 1: 2026-12-08 12:00:00 UTC, no successor",
    ]


def test_deprecated_models_of_which_nobody_says_when_they_go() -> None:
    found = situation(model(1, Status.DEPRECATED), leaves(99, 2, Status.DEPRECATED), now=NOW)
    assert told(found) == {"undated": ["Model 1"]}
    assert concerns(found)[0].urgency == Urgency.LATER


def listed_until(day: date, of: AIModel) -> AIModel:
    setattr(of, LISTED_UNTIL, day)
    return of


def test_models_on_sale_that_their_price_list_says_are_gone_the_first_to_go_first() -> None:
    models = [
        listed_until(date(2026, 11, 29), model(1)),
        listed_until(date(2026, 9, 24), leaves(3, 2, Status.DEPRECATED, successor="acme/1")),
        listed_until(date(2026, 11, 30), model(3)),
        listed_until(date(2026, 9, 24), model(4, Status.RETIRED)),
    ]
    found = concerns(situation(*models, now=NOW))
    assert [(one.name, one.urgency, one.tab) for one in found] == [("gone-by-list", Urgency.NOW, "lifecycle")]
    assert found[0].sentence == "2 models are on sale that their price list says are gone."
    assert [f"{case.model.name}: {case.note}" for case in found[0].cases] == [
        "Model 2: gone since 2026-09-24",
        "Model 1: gone since 2026-11-29",
    ]


def test_one_model_that_its_price_list_says_is_gone() -> None:
    found = situation(listed_until(date(2026, 9, 24), model(1)), now=NOW)
    assert sentence(found) == "1 model is on sale that its price list says is gone."


def test_drafts_whose_sunset_has_passed_wait_for_nobody() -> None:
    late, listed = leaves(-1, 1, Status.DRAFT), leaves(0, 2, Status.DRAFT)
    setattr(listed, LISTED_COST, Decimal("0.1"))
    assert told(situation(late, listed, leaves(1, 3, Status.DRAFT), now=NOW)) == {"drafts": ["Model 3"]}


# --- Margins ---------------------------------------------------------------------------------------------


def test_what_costs_more_than_customers_pay_is_a_loss() -> None:
    dear, draft = model(1, supported_durations=[5]), model(2, Status.DRAFT, supported_durations=[5])
    for one in (dear, draft):
        setattr(one, LISTED_COST, Decimal("0.3"))
    found = situation(dear, draft)
    assert told(found)["losses"] == [
        "Model 1: -25 % in standard at 5 s: listed at $1.50, sold for $1.20",
    ]
    [one] = _named(found, "losses")
    assert (one.urgency, one.remedy.page) == (Urgency.NOW, "margins")
    assert one.sentence.startswith("The provider's list is above our price: 1 model costs us more")


def test_what_earns_less_than_the_target_is_told_of_once_a_model() -> None:
    found = situation(model(1))
    assert found.book is not None
    assert found.book.policy is not None
    found.book.policy.target_margin = Decimal(25)
    assert sorted(name.partition(":")[0] for name in told(found)["under-target"]) == ["Model 1", "Model 99"]
    assert _named(found, "under-target")[0].sentence == "2 models earn less than the target of 25 %."


def test_the_most_urgent_comes_first() -> None:
    models = [
        *(model(1, supported_qualities=["8k"]), model(2, cost_per_second=Decimal(90))),
        *(
            model(3, Status.DEPRECATED, deprecated_at=CHANGED),
            model(4, Status.RETIRED),
            model(5, Status.DRAFT),
        ),
    ]
    uses = {pk: Use(1, date(2026, 11, 20)) for pk in (3, 4, 5)}
    figures = {"recent": {1: Figures(9, 0)}, "before": {1: Figures(99, 99)}}
    found = concerns(Situation(models, book=book(*models), uses=uses, **figures))
    assert [one.name for one in found] == [
        *("no-default", "unpriced", "success-fallen"),
        *("over-limit", "used-retired", "used-draft"),
        *("used-deprecated", "drafts"),
    ]
    order = list(Urgency)
    assert [one.urgency for one in found] == sorted((one.urgency for one in found), key=order.index)


def _named(of: Situation, name: str) -> list[Concern]:
    return [one for one in concerns(of) if one.name == name]
