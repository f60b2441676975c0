"""The rates of a model, edited in its form."""

from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property

from models_registry.admin.fields import PriceField, choices_of
from models_registry.admin.forms import AIModelForm
from models_registry.choices import COST_DECIMALS, COST_DIGITS, HIGHEST_COST, LOWEST_COST
from models_registry.models import AIModel, QualityTier
from models_registry.values import decimal_text, shown
from pricing import guards, services
from pricing.models import Layer, Rate
from pricing.preview import compared
from pricing.price_book import (
    LISTED_COST,
    Place,
    PriceBook,
    is_priced_by_hand,
    read_book_with_or_without_policy,
)
from videoai.model_manager.prices.preview import (
    DURATIONS,
    LIMITS,
    PRICE,
    QUALITIES,
    RATE,
    PriceTable,
    Result,
    Typed,
    rate_field,
    stored_prices,
    supposed_prices,
)
from videoai.model_manager.prices.takings import takings_text


class RateRights(NamedTuple):
    """What somebody may do with the rates of a model."""

    add: bool = False
    change: bool = False
    delete: bool = False


class RateRow(NamedTuple):
    """A quality as the form shows it."""

    tier: QualityTier
    multiplier: str
    field: forms.BoundField | None
    rate: str  # as stored, for those who may not change it
    result: str
    is_offered: bool
    listed: str  # what a price list says, where one does
    is_listed: bool  # and that counts wherever no rate is set by hand


class RatesForm(AIModelForm):
    """A model's form with a price for each quality, and what customers would pay for what was typed.

    The rates are compared with what their reader saw, one by one: a rate has no version.
    """

    rate_rights = RateRights()
    now: datetime

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        key = self.instance.pk
        models = AIModel.objects.filter(pk=key) if key else AIModel.objects.none()
        self.book: PriceBook = read_book_with_or_without_policy(models)
        self.stored_rates = self.book.rates_of(self.book.models[0]) if self.book.models else {}
        if "supported_qualities" in self.fields:
            # The tiers are read already; Django would read them again and again.
            self.fields["supported_qualities"].choices = choices_of(  # type: ignore[attr-defined]
                self.book.tiers.values()
            )
        for quality in self.book.tiers:
            if self._may_touch(quality):
                self.fields[rate_field(quality)] = self._field(quality)

    def _richer(self, quality: str) -> Rate | None:
        """A rate that one price can't say, as one by the clip: it is edited on a page of its own."""
        rate = self.book.rates.get(self._place(quality))
        return None if rate is None or rate.is_plain else rate

    def _place(self, quality: str) -> Place:
        return Place(self.instance.pk, Layer.OVERRIDE, quality)

    def _may_touch(self, quality: str) -> bool:
        if self._richer(quality):
            return False
        may = self.rate_rights
        return may.change or may.delete if quality in self.stored_rates else may.add

    def _field(self, quality: str) -> PriceField:
        name = rate_field(quality)
        made = PriceField(
            required=False,
            label=f"Rate in {quality}",
            initial=self.stored_rates.get(quality),
            min_value=LOWEST_COST,
            max_value=HIGHEST_COST,
            max_digits=COST_DIGITS,
            decimal_places=COST_DECIMALS,
        )
        made.show_hidden_initial = self.instance.pk is not None
        described = f"{name}_result {name}_error"
        made.widget.attrs |= {"aria-label": f"Rate in {quality}", "aria-describedby": described}
        return made

    # --- What was typed ----------------------------------------------------------------------------------

    def _post_clean(self) -> None:
        if not self.looks_only:
            self._refuse_overwriting()
        super()._post_clean()
        self._refuse_without_right()
        if not self.looks_only:
            self._refuse_without_field()

    def _refuse_without_right(self) -> None:
        for quality, cost in self.rate_changes.items():
            stored = self.stored_rates.get(quality)
            deed = "add" if stored is None else "delete" if cost is None else "change"
            if not getattr(self.rate_rights, deed):
                self.add_error(rate_field(quality), f"You may not {deed} rates.")

    def _refuse_without_field(self) -> None:
        """A rate that was typed where there is no field any more: nothing typed is lost in silence."""
        for name, typed in self.data.items():
            quality = name.removeprefix(RATE)
            seen = self.data.get(self.add_initial_prefix(name), "")
            if name == quality or name in self.fields or typed.strip() == seen.strip():
                continue
            self.add_error(None, self._why_no_field(quality, typed.strip()))
            return  # the rest of them is of no more use

    def _why_no_field(self, quality: str, typed: str) -> str:
        lost = f"Nothing was saved: the rate {shown(typed)} in {shown(quality)} can't be."
        if quality not in self.book.tiers:
            return f"{lost} There is no such quality any more. Save again without it."
        stored = self.stored_rates.get(quality)
        if stored is None:
            return f"{lost} You may not add rates, and there is none by now. Save again without it."
        now = decimal_text(stored)
        return f"{lost} You may not change rates, and it is {now} by now. Save again without it."

    @property
    def rate_changes(self) -> dict[str, Decimal | None]:
        """What the writer changed: quality → dollars a second, or None for no rate."""
        changed = {q: rate_field(q) for q in self.book.tiers if rate_field(q) in self.changed_data}
        return {q: self.cleaned_data[name] for q, name in changed.items() if name in self.cleaned_data}

    def create(self) -> AIModel:
        model = super().create()
        self._write_rates(model)
        return model

    def revise(self, model: AIModel) -> None:
        """The price and the rates are one change: what a price moves, a rate may hold."""
        if PRICE not in self.changes and not self.rate_changes:
            super().revise(model)
            return
        is_confirmed, self.confirmed = self.confirmed, True
        with guards.guarding(AIModel.objects.filter(pk=model.pk), confirmed=is_confirmed):
            super().revise(model)
            self._write_rates(model)

    def _write_rates(self, model: AIModel) -> None:
        for quality, cost in self.rate_changes.items():
            if cost is not None:
                self._write_rate(model, quality, cost)
            else:
                # What was deleted loses its key, even if that is undone, asked about and done again.
                services.remove_rate(copy(self.book.rates[self._place(quality)]), confirmed=True)

    def _write_rate(self, model: AIModel, quality: str, cost: Decimal) -> None:
        """What is wrong is told beside the field that this form has for it."""
        try:
            services.set_rate(model, quality=quality, cost_per_second=cost, confirmed=True)
        except ValidationError as error:
            raise ValidationError({rate_field(quality): error.messages}) from error

    # --- What it shows -----------------------------------------------------------------------------------

    @cached_property
    def price_table(self) -> PriceTable:
        if not self.is_bound:
            return stored_prices(self.book)
        names = [PRICE, DURATIONS, QUALITIES, *map(rate_field, self.book.tiers), *LIMITS]
        problems = {name: " ".join(map(str, self.errors[name])) for name in names if name in self.errors}
        # They are told above the table, away from their fields.
        problems |= {n: f"{self.fields[n].label}: {problems[n]}" for n in LIMITS if n in problems}
        return supposed_prices(self.book, Typed(self._typed_values(), self._typed_rates(problems), problems))

    @property
    def takings(self) -> str:
        """What its generations of the last days would have brought in; empty: just as much, or who knows."""
        table = self.price_table
        if table.is_of_stored or not self.book.models or not table.is_whole or not table.changes:
            return ""
        return takings_text(compared(self.book, table.book, [self.instance.pk], now=self.now).takings)

    def _typed_values(self) -> dict[str, object]:
        typed = self.cleaned_data
        return {n: typed[n] for n in (PRICE, DURATIONS, QUALITIES) if typed.get(n) is not None}

    def _typed_rates(self, problems: dict[str, str]) -> dict[str, Decimal]:
        rates = {}
        for quality in self.book.tiers:
            name = rate_field(quality)
            cost = self.cleaned_data.get(name) if name in self.fields else self.stored_rates.get(quality)
            if cost is not None and name not in problems:
                rates[quality] = cost
        return rates

    @property
    def other_rates(self) -> list[Rate]:
        """What the table of the qualities can't say; each is edited on a page of its own."""
        return [rate for model in self.book.models for rate in self.book.other_rates_of(model)]

    @property
    def rates_offered(self) -> list[RateRow]:
        return [row for row in self._rate_rows if row.is_offered]

    @property
    def rates_elsewhere(self) -> list[RateRow]:
        """Of qualities that the model does not offer: they may come back, and then count again."""
        return [row for row in self._rate_rows if not row.is_offered]

    @property
    def rates_elsewhere_matter(self) -> bool:
        """One of them is set, or wrong."""
        return not self.rates_offered or any(
            row.rate or (row.field and (row.field.value() or row.field.errors))
            for row in self.rates_elsewhere
        )

    @cached_property
    def _rate_rows(self) -> list[RateRow]:
        results = {result.field: result for result in self.price_table.results}
        return [
            self._rate_row(tier, results[rate_field(quality)]) for quality, tier in self.book.tiers.items()
        ]

    def _rate_row(self, tier: QualityTier, result: Result) -> RateRow:
        stored, richer = self.stored_rates.get(tier.key), self._richer(tier.key)
        return RateRow(
            tier,
            decimal_text(tier.cost_multiplier),
            self[result.field] if result.field in self.fields else None,
            richer.words if richer else decimal_text(stored) if stored is not None else "",
            result.text,
            result.is_offered,
            self._listed(tier.key),
            self._counts(tier.key),
        )

    @property
    def is_listed(self) -> bool:
        """Does a price list say what the model costs?"""
        return any(getattr(model, LISTED_COST, None) is not None for model in self.book.models)

    def _counts(self, quality: str) -> bool:
        return any(
            self.book.rate(model, Layer.UPSTREAM, quality, None) is not None
            for model in self.book.models
            if not is_priced_by_hand(model)
        )

    def _listed(self, quality: str) -> str:
        """What the model's price list says of the quality; of one it does not name, its base price."""
        if not self.book.models:
            return ""
        model = self.book.models[0]
        rate = self.book.rate(model, Layer.UPSTREAM, quality, None)
        base = getattr(model, LISTED_COST, None)
        if rate is not None:
            return f"${rate.words}"
        return "" if base is None else f"${decimal_text(base)}, its base price"
