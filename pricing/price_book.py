"""Everything that prices are made of, read as one consistent state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from models_registry.models import AIModel, CatalogueRevision, QualityTier
from models_registry.services import carry_out_what_is_due
from models_registry.turning import is_due_expression
from models_registry.values import decimal_text, rfc3339
from pricing import calculator
from pricing.errors import CatalogueBusy, OverLimit, Unpriced
from pricing.models import Layer, PricingPolicy, Rate, Unit, UpstreamModel
from pricing.models.rate import USD

UNIT_MULTIPLIER = Decimal(1)
NOTHING = Decimal(0)
# On the models of a book: the base price that a list has given them last, None if none has.
LISTED_COST = "listed_cost_per_second"
# And whether their own price was left to it: then it is the list's for as long as the two are equal.
FOLLOWS = "follows_list"
MOST_READINGS = 20
# Since when the price of a model counts that was never stored: anything else in its quote is younger.
NEVER = datetime.min.replace(tzinfo=UTC)
NO_POLICY = "There is no pricing policy. An admin has to set margin and credits a dollar."


class Place(NamedTuple):
    """What a rate is for. None stands for any quality, and for clips with or without sound alike."""

    model: int  # primary key
    layer: Layer
    quality: str | None
    with_audio: bool | None = None


Rates = Mapping[Place, Rate]


@dataclass(frozen=True)
class Basis:
    """What one model in one quality costs us, since when, and which row says so.

    A generation costs amount × multiplier × units a second × seconds, at least `minimum_charge`; a clip costs
    its amount, however long it is.
    """

    amount: Decimal  # US dollars a unit
    priced_at: datetime
    unit: Unit = Unit.SECOND
    multiplier: Decimal = UNIT_MULTIPLIER
    units_a_second: Decimal = UNIT_MULTIPLIER  # megapixels of a picture, where that is what is paid for
    minimum_charge: Decimal = NOTHING
    rate: Rate | None = None  # None: the model's own price
    model: int | None = None  # primary key

    @property
    def dollars_a_second(self) -> Decimal:
        """Of a price that grows with the seconds."""
        a_second = calculator.EXACT.multiply(self.amount, self.multiplier)
        return calculator.EXACT.multiply(a_second, self.units_a_second)

    @property
    def words(self) -> str:
        """As in `$0.4 a second` and `$2 a clip, at least $5`."""
        least = f", at least ${decimal_text(self.minimum_charge)}" if self.minimum_charge else ""
        if self.unit == Unit.CLIP:
            return f"${decimal_text(self.amount)} a clip{least}"
        return f"${decimal_text(self.dollars_a_second)} a second{least}"

    @property
    def cost_per_second(self) -> Decimal | None:
        """The amount, where it is one a second."""
        return self.amount if self.unit == Unit.SECOND else None

    @property
    def row_name(self) -> str:
        """Names the row, and since when it says so: `rate:7@2026-11-29T21:00:00.123Z`."""
        kind, pk = ("model", self.model) if self.rate is None else ("rate", self.rate.pk)
        return f"{kind}:{pk}@{rfc3339(self.priced_at)}"

    def cost(self, duration: int) -> Decimal:
        """What `duration` seconds cost us, in dollars."""
        return calculator.cost(
            self.amount,
            multiplier=self.multiplier,
            units=self.units_a_second,
            duration=1 if self.unit == Unit.CLIP else duration,
            minimum=self.minimum_charge,
        )


@dataclass(frozen=True)
class Quote:
    """The price of one generation, with all that it was made of. Dollars are exact decimals."""

    model_id: str
    quality: str
    duration: int  # seconds
    cost_per_second: Decimal | None  # None: what is paid for is no second
    quality_multiplier: Decimal
    cost_usd: Decimal
    price_usd: Decimal
    credits: int
    priced_at: datetime
    basis: Basis = field(repr=False)
    currency: str = USD
    with_audio: bool | None = None  # None: nobody asked


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
    rates: Rates
    models: Sequence[AIModel]

    @property
    def quality_multipliers(self) -> dict[str, Decimal]:
        return {key: tier.cost_multiplier for key, tier in self.tiers.items()}

    def quote(self, model: AIModel, *, quality: str, duration: int, with_audio: bool | None = None) -> Quote:
        """Price a combination that `model` offers.

        Raises Unpriced without a policy, or a rate or multiplier, OverLimit above a limit of the policy.
        """
        policy = self.policy
        if policy is None:
            raise Unpriced(NO_POLICY)
        basis = self.basis(model, quality, with_audio=with_audio)
        if basis is None:
            raise Unpriced(
                f"{model.model_id} in {quality} has neither a rate nor a multiplier; set one of them.",
                field="quality",
            )
        price = calculator.price_of(
            basis.cost(duration),
            profit_margin=policy.profit_margin,
            credits_per_dollar=policy.credits_per_dollar,
        )
        if price.credits < 1:
            raise Unpriced(f"{model.model_id} in {quality} would be free. Mend its price.")
        refuse_above_limits(policy, basis, price, duration=duration)
        return Quote(
            model_id=model.model_id,
            quality=quality,
            duration=duration,
            cost_per_second=basis.cost_per_second,
            quality_multiplier=basis.multiplier,
            cost_usd=price.cost_usd,
            price_usd=price.price_usd,
            credits=price.credits,
            priced_at=max(basis.priced_at, policy.priced_at),
            basis=basis,
            with_audio=with_audio,
        )

    def basis(self, model: AIModel, quality: str, *, with_audio: bool | None = None) -> Basis | None:
        """What the price rests on: the most specific of what was set by hand, else of what a list says.

        By hand are rates of the override layer, then a model's own price that no list has set; a list has
        rates of the upstream layer, then the base price that it gave the model.
        Raises Unpriced for a rate of an unknown unit, or one by the megapixel if nobody knows how many.
        """
        rate = self.rate(model, Layer.OVERRIDE, quality, with_audio)
        if rate is not None:
            return self._basis_of(rate, quality)
        return self.basis_beneath(model, quality, with_audio=with_audio)

    def basis_beneath(self, model: AIModel, quality: str, *, with_audio: bool | None = None) -> Basis | None:
        """What counts where no rate was set by hand. Raises Unpriced, like `basis`."""
        listed = None
        if not is_priced_by_hand(model):
            listed = self.rate(model, Layer.UPSTREAM, quality, with_audio)
        return self._basis_of(listed, quality) if listed else self._own_price(model, quality)

    def listed_basis(self, model: AIModel, quality: str, *, with_audio: bool | None = None) -> Basis | None:
        """What a price list says it costs us, whatever was set by hand; None: it stands on no list.

        Raises Unpriced, like `basis`.
        """
        if rate := self.rate(model, Layer.UPSTREAM, quality, with_audio):
            return self._basis_of(rate, quality)
        listed, tier = getattr(model, LISTED_COST, None), self.tiers.get(quality)
        if listed is None or tier is None:
            return None
        return Basis(listed, tier.priced_at, multiplier=tier.cost_multiplier, model=model.pk)

    def rate(self, model: AIModel, layer: Layer, quality: str, with_audio: bool | None) -> Rate | None:
        """The most specific rate that fits. Two that name one dimension each are never stored together."""
        for wanted in dict.fromkeys(
            [(quality, with_audio), (quality, None), (None, with_audio), (None, None)]
        ):
            if rate := self.rates.get(Place(model.pk, layer, *wanted)):
                return rate
        return None

    def _basis_of(self, rate: Rate, quality: str) -> Basis:
        units, since = UNIT_MULTIPLIER, rate.priced_at
        if rate.unit == Unit.UNKNOWN:
            raise Unpriced(
                f"What the rate for {rate.place} is paid for is unknown. An admin has to set its unit.",
                field="quality",
            )
        if rate.unit == Unit.MEGAPIXEL_SECOND:
            tier = self.tiers.get(quality)
            if tier is None or tier.megapixels is None:
                raise Unpriced(
                    f"The rate for {rate.place} is by the megapixel, and nobody has said how many a picture "
                    f"in {quality} has. An admin has to set the megapixels of the quality tier.",
                    field="quality",
                )
            units, since = tier.megapixels, max(since, tier.priced_at)
        return Basis(
            rate.amount,
            since,
            unit=Unit(rate.unit),
            units_a_second=units,
            minimum_charge=rate.minimum_charge,
            rate=rate,
            model=rate.model_id,
        )

    def _own_price(self, model: AIModel, quality: str) -> Basis | None:
        tier = self.tiers.get(quality)
        if tier is None:
            return None
        since = max(_priced_at(model), tier.priced_at)
        return Basis(model.cost_per_second, since, multiplier=tier.cost_multiplier, model=model.pk)

    def rates_of(self, model: AIModel) -> dict[str, Decimal]:
        """Its plain rates: quality → dollars a second, in the order of the qualities."""
        own = {key: self.rates.get(Place(model.pk, Layer.OVERRIDE, key)) for key in self.tiers}
        return {key: rate.amount for key, rate in own.items() if rate is not None and rate.is_plain}

    def other_rates_of(self, model: AIModel) -> list[Rate]:
        """Those set by hand that are not plain: for any quality or for sound, by the clip, with a minimum."""
        places = (
            Place(model.pk, Layer.OVERRIDE, quality, with_audio)
            for quality in (None, *self.tiers)
            for with_audio in (None, True, False)
        )
        own = (self.rates.get(place) for place in places)
        return [rate for rate in own if rate is not None and not rate.is_plain]

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
        """A book in which `model` stands as it is given, with `rates` a second by quality as its plain rates.

        Nothing is stored: this is how prices are looked at before they are changed, or the model is there.
        """
        return self.supposing_all([(model, rates)])

    def supposing_all(self, drafts: Iterable[tuple[AIModel, Mapping[str, Decimal]]]) -> "PriceBook":
        """`supposing` of many models at once."""
        supposed = {model.pk: (model, rates) for model, rates in drafts}
        others = {
            place: rate
            for place, rate in self.rates.items()
            if place.model not in supposed or not rate.is_plain
        }
        own = {
            Place(pk, Layer.OVERRIDE, quality): Rate(
                model=model, quality_id=quality, amount=amount, priced_at=_priced_at(model)
            )
            for pk, (model, rates) in supposed.items()
            for quality, amount in rates.items()
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
    moved, all is read again. The first one also tells whether a scheduled change is due, which is then
    carried out before anything else is read.

    Raises CatalogueBusy if no reading was left alone.
    """
    revision = Subquery(CatalogueRevision.objects.filter(pk=1).values("revision")[:1])
    entry = UpstreamModel.objects.filter(model=OuterRef("pk"))
    of_list = {
        LISTED_COST: Subquery(entry.values("cost_per_second")[:1]),
        FOLLOWS: Subquery(entry.values("follows")[:1]),
    }
    for _ in range(MOST_READINGS):
        policy = PricingPolicy.objects.annotate(revision=revision, is_due=is_due_expression()).first()
        if policy is not None and policy.is_due:
            carry_out_what_is_due()
            continue
        tiers = {tier.key: tier for tier in QualityTier.objects.all()}
        rates = by_place(Rate.objects.filter(model__in=models.order_by().values("pk")).order_by())
        found = list(models.annotate(revision=revision, **of_list))
        if policy is None or all(model.revision == policy.revision for model in found):
            return PriceBook(policy, tiers, rates, found)
    raise CatalogueBusy("Prices are being changed without a pause. Try again in a moment.")


def by_place(rates: Iterable[Rate]) -> dict[Place, Rate]:
    return {Place(rate.model_id, Layer(rate.layer), rate.quality_id, rate.with_audio): rate for rate in rates}


def is_priced_by_hand(model: AIModel) -> bool:
    """Does the model's own price follow no list, or is it another one than the list has set last?"""
    listed = getattr(model, LISTED_COST, None)
    return not getattr(model, FOLLOWS, False) or listed is None or listed != model.cost_per_second


def refuse_above_limits(
    policy: PricingPolicy, basis: Basis, price: calculator.Price, *, duration: int
) -> None:
    """Raise OverLimit for what the policy does not let anybody sell."""
    if price.credits > policy.max_credits_per_generation:
        raise OverLimit(
            f"{price.credits:,} credits are above the limit of {policy.max_credits_per_generation:,} "
            "a generation. Choose a shorter duration, a lower quality or a cheaper model.",
            credits=price.credits,
            limit=policy.max_credits_per_generation,
        )
    longest = policy.max_duration_per_generation
    if longest is not None and duration > longest:
        raise OverLimit(
            f"{duration} s is above the limit of {longest} s a generation. Choose a shorter duration.",
            duration=duration,
            limit=longest,
        )
    dearest = policy.max_cost_per_second
    if dearest is not None and price.cost_usd > calculator.EXACT.multiply(dearest, Decimal(duration)):
        raise OverLimit(
            f"More than ${decimal_text(dearest)} a second is above the limit. Choose a lower quality or a "
            "cheaper model.",
            limit=decimal_text(dearest),
        )


def _priced_at(model: AIModel) -> datetime:
    return model.priced_at if isinstance(model.priced_at, datetime) else NEVER
