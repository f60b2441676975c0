"""Random price books beside an oracle that shares nothing with the code but the columns.

`python -m tests.pricing.random_books 100000` compares so many and prints how many quotes differ.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import ceil
from random import Random

if __name__ == "__main__":  # pragma: no cover - outside of pytest, nobody has set Django up
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videoai.settings")
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    django.setup()

from models_registry.models import AIModel, QualityTier
from pricing.errors import OverLimit, Unpriced
from pricing.models import Layer, PricingPolicy, Rate, Unit
from pricing.price_book import FOLLOWS, LISTED_COST, PriceBook, by_place

QUALITIES = ("standard", "720p", "4k")
DURATIONS = (1, 5, 3_600)
SOUND = (None, True, False)
NOW = datetime(2026, 1, 1, tzinfo=UTC)

# Credits, cost in dollars and dollars that customers pay; or None for what is not sold.
Answer = tuple[int, Fraction, Fraction] | None


def random_book(chance: Random) -> PriceBook:
    """Up to three models with rates of every kind, of both layers; ties are never stored, nor here."""
    models = [_model(number, chance) for number in range(1, chance.randint(2, 4))]
    return PriceBook(
        policy=_policy(chance),
        tiers={key: _tier(key, chance) for key in QUALITIES if chance.random() < 0.9},
        rates=by_place(rate for model in models for rate in _rates(model, chance)),
        models=models,
    )


def _money(chance: Random, places: int, most: int) -> Decimal:
    """Often short, as people write prices, and sometimes as long as the column."""
    shown = chance.choice([1, 2, places])
    return max(Decimal(chance.randint(1, most * 10**shown)).scaleb(-shown), Decimal(1).scaleb(-places))


def _model(number: int, chance: Random) -> AIModel:
    model = AIModel(
        pk=number,
        model_id=f"a/{number}",
        cost_per_second=_money(chance, 9, 100),
        supported_durations=list(DURATIONS),
        supported_qualities=list(QUALITIES),
        priced_at=NOW,
    )
    listed = {"never": None, "the same": model.cost_per_second, "another": model.cost_per_second / 2}
    said = chance.choice(list(listed))
    setattr(model, LISTED_COST, listed[said])
    setattr(model, FOLLOWS, None if said == "never" else chance.choice([True, False]))
    return model


def _policy(chance: Random) -> PricingPolicy:
    return PricingPolicy(
        profit_margin=_money(chance, 6, 10),
        credits_per_dollar=_money(chance, 6, 1_000),
        max_credits_per_generation=chance.choice([10**3, 10**6, 10**12]),
        max_duration_per_generation=chance.choice([None, 5, 3_600]),
        max_cost_per_second=chance.choice([None, Decimal(1), Decimal(50)]),
        priced_at=NOW,
    )


def _tier(key: str, chance: Random) -> QualityTier:
    megapixels = chance.choice([None, Decimal("0.9216"), _money(chance, 6, 10)])
    return QualityTier(key=key, cost_multiplier=_money(chance, 6, 10), megapixels=megapixels, priced_at=NOW)


def _rates(model: AIModel, chance: Random) -> Iterator[Rate]:
    for layer in Layer:
        # Rows that name one dimension each tie, unless a row for both settles it: so only one of the kinds.
        kinds = chance.choice([[(1, 0), (1, 1), (0, 0)], [(0, 1), (1, 1), (0, 0)]])
        for quality, sound in product((None, *QUALITIES), SOUND):
            if (quality is not None, sound is not None) in kinds and chance.random() < 0.3:
                yield Rate(
                    pk=chance.randint(1, 10**9),
                    model=model,
                    layer=layer,
                    quality_id=quality,
                    with_audio=sound,
                    unit=chance.choice(list(Unit)),
                    amount=_money(chance, 9, 100),
                    minimum_charge=chance.choice([Decimal(0), _money(chance, 9, 20)]),
                    priced_at=NOW,
                )


# --- The oracle ------------------------------------------------------------------------------------------


def expected(book: PriceBook, model: AIModel, quality: str, duration: int, sound: bool | None) -> Answer:
    """The answer in fractions, found by looking through everything that could say a price."""
    assert book.policy is not None
    cost = _cost(book, model, quality, duration, sound)
    if cost is None:
        return None
    margin, worth = Fraction(book.policy.profit_margin), Fraction(book.policy.credits_per_dollar)
    credits = ceil(cost * margin * worth)
    longest, dearest = book.policy.max_duration_per_generation, book.policy.max_cost_per_second
    if credits > book.policy.max_credits_per_generation or (longest and duration > longest):
        return None
    if dearest is not None and cost / duration > Fraction(dearest):
        return None
    return credits, cost, Fraction(credits) / worth


def _cost(
    book: PriceBook, model: AIModel, quality: str, duration: int, sound: bool | None
) -> Fraction | None:
    """Every row that fits, the best first: by hand before the list, and of these the most specific."""
    listed = getattr(model, LISTED_COST)
    follows = getattr(model, FOLLOWS) is True and listed == model.cost_per_second
    fitting = [
        rate
        for rate in book.rates.values()
        if rate.model_id == model.pk
        and rate.quality_id in (None, quality)
        and rate.with_audio in (None, sound)
        and (rate.layer == "override" or follows)
    ]
    fitting.sort(
        key=lambda r: (r.layer != "override", -((r.quality_id is not None) + (r.with_audio is not None)))
    )
    tier = book.tiers.get(quality)
    if not fitting:
        if tier is None:
            return None
        return Fraction(model.cost_per_second) * Fraction(tier.cost_multiplier) * duration
    rate = fitting[0]
    if rate.unit == "unknown" or (rate.unit == "megapixel_second" and not (tier and tier.megapixels)):
        return None
    units: dict[str, Fraction | int] = {"clip": 1, "second": duration}
    if tier is not None and tier.megapixels is not None:
        units["megapixel_second"] = Fraction(tier.megapixels) * duration
    return max(Fraction(rate.amount) * units[rate.unit], Fraction(rate.minimum_charge))


# --- Side by side ----------------------------------------------------------------------------------------


def differences(number: int, *, seed: int = 0) -> tuple[int, list[str]]:
    """Of so many books: how many quotes were compared, and which differ."""
    chance, compared, found = Random(seed), 0, []
    for _ in range(number):
        book = random_book(chance)
        for model, quality, duration, sound in product(book.models, QUALITIES, DURATIONS, SOUND):
            compared += 1
            answer = _answer(book, model, quality, duration, sound)
            wanted = expected(book, model, quality, duration, sound)
            if not _same(answer, wanted):
                found.append(f"{model.model_id} {quality} {duration} s {sound}: {answer}, not {wanted}")
    return compared, found


def _answer(
    book: PriceBook, model: AIModel, quality: str, duration: int, sound: bool | None
) -> tuple[int, Fraction, Decimal] | None:
    try:
        told = book.quote(model, quality=quality, duration=duration, with_audio=sound)
    except (Unpriced, OverLimit):
        return None
    return told.credits, Fraction(told.cost_usd), told.price_usd


def _same(answer: tuple[int, Fraction, Decimal] | None, wanted: Answer) -> bool:
    if answer is None or wanted is None:
        return answer is wanted
    # What the credits are worth need not end within nine decimals.
    return answer[:2] == wanted[:2] and abs(Fraction(answer[2]) - wanted[2]) <= Fraction(1, 2 * 10**9)


if __name__ == "__main__":  # pragma: no cover
    compared, found = differences(int(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    sys.stdout.write("\n".join([*found[:20], f"{compared:,} quotes compared, {len(found)} differ.", ""]))
    sys.exit(bool(found))
