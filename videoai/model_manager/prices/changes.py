"""The prices of many models, changed at once."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from models_registry.admin.fields import PriceField
from models_registry.choices import COST_DECIMALS, COST_DIGITS, HIGHEST_COST, LOWEST_COST
from models_registry.models import AIModel
from pricing import calculator
from pricing.many import NewPrices, change_prices
from pricing.price_book import read_book_with_or_without_policy
from videoai.model_manager.deeds.chosen import Chosen
from videoai.model_manager.deeds.log import log_changes
from videoai.model_manager.deeds.naming import counted, linked
from videoai.model_manager.deeds.page import DeedPage
from videoai.model_manager.prices.plan import ModelStep, NewCost, PricePlan, price_plan
from videoai.model_manager.prices.preview import offers

PERCENT, PRICE = "percent", "price"
PERCENTAGE = re.compile(r"[+-]?[0-9]{1,5}(?:\.[0-9]{1,4})?")
OTHERWISE = "What would happen now is not what was shown. Look at it again before you confirm."
MOST_COMBINATIONS = 20_000  # all of them are shown
FEW = 6  # models whose credits are shown unfolded


class PriceChangeForm(forms.Form):
    """How prices change; `may_change_rates` says whether rates may go along."""

    may_change_rates = False

    mode = forms.ChoiceField(
        label="Change each price",
        choices=[(PERCENT, "by a percentage"), (PRICE, "to a price a second, in $")],
        initial=PERCENT,
        widget=forms.RadioSelect,
    )
    amount = forms.CharField(
        label="Percentage or price",
        help_text="A percentage as in -10 or 7.5, or a price as in 0.75.",
        widget=forms.TextInput(attrs={"class": "decimal", "inputmode": "text", "autocomplete": "off"}),
    )
    rates = forms.BooleanField(
        label="With a percentage, change the rates of single qualities as well",
        initial=True,
        required=False,
    )

    def clean_amount(self) -> Decimal:
        text = self.cleaned_data["amount"]
        return _price(text) if self.cleaned_data.get("mode") == PRICE else _percentage(text)

    @property
    def changes_rates(self) -> bool:
        typed = self.cleaned_data
        return self.may_change_rates and typed["mode"] == PERCENT and typed["rates"]

    def new_price(self, cost: Decimal) -> NewCost:
        amount: Decimal = self.cleaned_data["amount"]
        if self.cleaned_data["mode"] == PRICE:
            return NewCost(amount)
        after = calculator.changed_by(cost, percent=amount)
        return NewCost(after, is_rounded=calculator.EXACT.multiply(cost, 100 + amount) != after * 100)

    def new_rate(self, cost: Decimal) -> NewCost:
        return self.new_price(cost) if self.changes_rates else NewCost(cost)


def _percentage(text: str) -> Decimal:
    if not PERCENTAGE.fullmatch(text):
        raise ValidationError(
            "Write a percentage in digits, as in -10 or 7.5, with at most four decimals.", "invalid"
        )
    percent = Decimal(text)
    if percent <= -100:
        raise ValidationError(
            "A price can't fall by 100 % or more: a second costs more than $0.", "min_value"
        )
    return percent


def _price(text: str) -> Decimal:
    limits: dict[str, Any] = {"max_digits": COST_DIGITS, "decimal_places": COST_DECIMALS}
    field = PriceField(min_value=LOWEST_COST, max_value=HIGHEST_COST, **limits)
    return cast(Decimal, field.clean(text))


class ChangePrices(DeedPage):
    """Shows the prices, then what becomes of them, and then does just that."""

    name = "change_prices"
    description = "Change prices…"
    title = "Change prices"
    template = "admin/model_manager/change_prices.html"
    form_class = PriceChangeForm

    def too_many(self, chosen: Chosen) -> str:
        combinations = sum(len(offers(model)) for model in chosen.models)
        if combinations > MOST_COMBINATIONS:
            return (
                f"These models offer {combinations:,} combinations; prices of at most "
                f"{MOST_COMBINATIONS:,} can be looked at together. Narrow the list."
            )
        return super().too_many(chosen)

    def page(self, request: HttpRequest, chosen: Chosen, form: Any, **context: Any) -> HttpResponse:
        form.may_change_rates = self._may_change_rates(request)
        return super().page(request, chosen, form, **context)

    def _may_change_rates(self, request: HttpRequest) -> bool:
        return bool(cast(Any, request.user).has_perm("pricing.change_rate"))

    def preview(self, chosen: Chosen, form: PriceChangeForm) -> dict[str, Any]:
        is_asked = form.is_bound and form.is_valid()
        plan = self._plan(chosen, form) if is_asked else self._prices_now(chosen)
        can_confirm = is_asked and bool(plan.changing) and not plan.refused
        return {
            "plan": plan,
            "is_asked": is_asked,
            "unfolded": len(plan.steps) <= FEW,
            "carried": {"plan": plan.digest} if can_confirm else {},
            "confirm": f"Change the prices of {counted(len(plan.changing))}",
            "nothing_to_do": not can_confirm,
        }

    def _plan(self, chosen: Chosen, form: PriceChangeForm) -> PricePlan:
        return self._plan_with(chosen, price=form.new_price, rate=form.new_rate)

    def _prices_now(self, chosen: Chosen) -> PricePlan:
        return self._plan_with(chosen, price=NewCost, rate=NewCost)

    def _plan_with(self, chosen: Chosen, **new: Any) -> PricePlan:
        book = read_book_with_or_without_policy(AIModel.objects.filter(pk__in=chosen.keys))
        return price_plan(book, book.models, **new)

    def do(self, request: HttpRequest, chosen: Chosen, form: PriceChangeForm) -> Sequence[str]:
        form.may_change_rates = self._may_change_rates(request)
        plan = self._plan(chosen, form)
        if request.POST.get("plan") != plan.digest or plan.refused or not plan.changing:
            raise ValidationError(OTHERWISE)
        # Every figure was shown before this was confirmed.
        change_prices([_new_prices(step) for step in plan.changing], confirmed=True)
        log_changes(request, {step.model: f"Changed {step.told}." for step in plan.changing})
        changed = [step.model for step in plan.changing]
        return [format_html("Changed the prices of {}: {}.", counted(len(changed)), linked(changed))]


def _new_prices(step: ModelStep) -> NewPrices:
    rates = {rate.quality: rate.after for rate in step.rates if rate.changes}
    return NewPrices(step.model, step.price.after if step.price.changes else None, rates)
