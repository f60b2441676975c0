"""Everything that prices are made of, read as one consistent state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import QuerySet, Subquery

from models_registry.models import AIModel, CatalogueRevision, QualityTier
from pricing import calculator
from pricing.errors import CatalogueBusy, OverLimit, Unpriced
from pricing.models import PricingPolicy, Rate

CURRENCY = "USD"
UNIT_MULTIPLIER = Decimal(1)
MOST_READINGS = 20
# Since when the price of a model counts that was never stored: anything else in its quote is younger.
NEVER = datetime.min.replace(tzinfo=UTC)
NO_POLICY = "There is no pricing policy. An admin has to set margin and credits a dollar."


@dataclass(frozen=True)
class Quote:
    """The price of one generation, with all that it was made of. Dollars are exact decimals."""

    model_id: str
    quality: str
    duration: int  # seconds
    cost_per_second: Decimal
    quality_multiplier: Decimal
    cost_usd: Decimal
    price_usd: Decimal
    credits: int
    priced_at: datetime
    currency: str = CURRENCY


@dataclass(frozen=True)
class Basis:
    """What a second of one model in one quality costs us, and since when."""

    cost_per_second: Decimal
    quality_multiplier: Decimal
    priced_at: datetime

    @property
    def dollars_a_second(self) -> Decimal:
        return calculator.EXACT.multiply(self.cost_per_second, self.quality_multiplier)


@dataclass(frozen=True)
class Combination:
    """A quality and duration that a model offers, and its quote or, in words, why it is not sold."""

    quality: str
    duration: int  # seconds
    quote: Quote | None
    problem: str = ""

    @property
    def why_not(self) -> str:
        """The problem without the advice that customers get."""
        return self.problem.split(". ")[0].removesuffix(".")


@dataclass(frozen=True)
class PriceBook:
    """Some models, and what their prices are made of, as they stood together at one revision.

    Without a policy, nothing in it is sold.
    """

    policy: PricingPolicy | None
    tiers: dict[str, QualityTier]
    rates: dict[tuple[int, str], Rate]
    models: Sequence[AIModel]

    @property
    def quality_multipliers(self) -> dict[str, Decimal]:
        return {key: tier.cost_multiplier for key, tier in self.tiers.items()}

    def quote(self, model: AIModel, *, quality: str, duration: int) -> Quote:
        """Price a combination that `model` offers.

        Raises Unpriced without a policy, or a rate or multiplier, OverLimit above the policy's limit.
        """
        policy = self.policy
        if policy is None:
            raise Unpriced(NO_POLICY)
        basis = self.basis(model, quality)
        if basis is None:
            raise Unpriced(
                f"{model.model_id} in {quality} has neither a rate nor a multiplier; set one of them.",
                field="quality",
            )
        price = calculator.price(
            cost_per_second=basis.cost_per_second,
            quality_multiplier=basis.quality_multiplier,
            duration=duration,
            profit_margin=policy.profit_margin,
            credits_per_dollar=policy.credits_per_dollar,
        )
        if price.credits < 1:
            raise Unpriced(f"{model.model_id} in {quality} would be free. Mend its price.")
        if price.credits > policy.max_credits_per_generation:
            raise OverLimit(
                f"{price.credits} credits are above the limit of {policy.max_credits_per_generation} "
                "a generation. Choose a shorter duration, a lower quality or a cheaper model.",
                credits=price.credits,
                limit=policy.max_credits_per_generation,
            )
        return Quote(
            model_id=model.model_id,
            quality=quality,
            duration=duration,
            cost_per_second=basis.cost_per_second,
            quality_multiplier=basis.quality_multiplier,
            cost_usd=price.cost_usd,
            price_usd=price.price_usd,
            credits=price.credits,
            priced_at=max(basis.priced_at, policy.priced_at),
        )

    def basis(self, model: AIModel, quality: str) -> Basis | None:
        """The rate of that model and quality if it has one, else its price and the quality's multiplier."""
        rate = self.rates.get((model.pk, quality))
        if rate is not None:
            return Basis(rate.cost_per_second, UNIT_MULTIPLIER, rate.priced_at)
        return self.basis_without_rate(model, quality)

    def basis_without_rate(self, model: AIModel, quality: str) -> Basis | None:
        tier = self.tiers.get(quality)
        if tier is None:
            return None
        since = max(_priced_at(model), tier.priced_at)
        return Basis(model.cost_per_second, tier.cost_multiplier, since)

    def rates_of(self, model: AIModel) -> dict[str, Decimal]:
        """Its own rates: quality → dollars a second, in the order of the qualities."""
        own = {quality: self.rates.get((model.pk, quality)) for quality in self.tiers}
        return {quality: rate.cost_per_second for quality, rate in own.items() if rate is not None}

    def combinations(self, model: AIModel) -> list[Combination]:
        """Everything that `model` offers, by quality and then duration, sold or not."""
        return [
            self.combination(model, quality=quality, duration=duration)
            for quality in model.supported_qualities
            for duration in model.supported_durations
        ]

    def combination(self, model: AIModel, *, quality: str, duration: int) -> Combination:
        """The quote or, in words, why there is none."""
        try:
            return Combination(quality, duration, self.quote(model, quality=quality, duration=duration))
        except (Unpriced, OverLimit) as error:
            return Combination(quality, duration, None, error.message)

    def supposing(self, model: AIModel, *, rates: Mapping[str, Decimal]) -> "PriceBook":
        """A book in which `model` stands as it is given, with `rates` a second by quality as all its rates.

        Nothing is stored: this is how prices are looked at before they are changed, or the model is there.
        """
        return self.supposing_all([(model, rates)])

    def supposing_all(self, drafts: Iterable[tuple[AIModel, Mapping[str, Decimal]]]) -> "PriceBook":
        """`supposing` of many models at once."""
        supposed = {model.pk: (model, rates) for model, rates in drafts}
        others = {key: rate for key, rate in self.rates.items() if key[0] not in supposed}
        own = {
            (pk, quality): Rate(
                model=model, quality_id=quality, cost_per_second=cost, priced_at=_priced_at(model)
            )
            for pk, (model, rates) in supposed.items()
            for quality, cost in rates.items()
        }
        models = [supposed[one.pk][0] if one.pk in supposed else one for one in self.models]
        return replace(self, rates={**others, **own}, models=models)

    def sellable(self, model: AIModel) -> Iterator[Quote]:
        """A quote for every combination that `model` offers, has a price for, and may be sold."""
        return (sold.quote for sold in self.combinations(model) if sold.quote is not None)

    def sale(self, model: AIModel, *, quality: str, duration: int) -> Quote | None:
        """The quote, or None for what has no price or one above the limit."""
        return self.combination(model, quality=quality, duration=duration).quote


def read_price_book(models: "QuerySet[AIModel]") -> PriceBook:
    """Like `read_book_with_or_without_policy`. Raises Unpriced while there is no policy."""
    book = read_book_with_or_without_policy(models)
    if book.policy is None:
        raise Unpriced(NO_POLICY)
    return book


def read_book_with_or_without_policy(models: "QuerySet[AIModel]") -> PriceBook:
    """Read the policy, the tiers, the rates and `models` as they stood together at one moment.

    Four queries. Between two of them somebody may commit, and a price made of an old part and a new one was
    never anybody's. So the first and the last query also read the catalogue's revision, and if it has
    moved, all is read again.

    Raises CatalogueBusy if no reading was left alone.
    """
    revision = Subquery(CatalogueRevision.objects.filter(pk=1).values("revision")[:1])
    for _ in range(MOST_READINGS):
        policy = PricingPolicy.objects.annotate(revision=revision).first()
        tiers = {tier.key: tier for tier in QualityTier.objects.all()}
        rates = {
            (rate.model_id, rate.quality_id): rate
            for rate in Rate.objects.filter(model__in=models.order_by().values("pk")).order_by()
        }
        found = list(models.annotate(revision=revision))
        if policy is None or all(model.revision == policy.revision for model in found):
            return PriceBook(policy, tiers, rates, found)
    raise CatalogueBusy("Prices are being changed without a pause. Try again in a moment.")


def _priced_at(model: AIModel) -> datetime:
    return model.priced_at if isinstance(model.priced_at, datetime) else NEVER
