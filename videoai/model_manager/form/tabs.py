"""The parts of a model's form, and what is wrong in each of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.contrib.admin.helpers import AdminForm, Fieldset
from django.contrib.admin.utils import flatten
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.text import slugify

# What stands in the part of another name.
WITHIN = {"Times": "Lifecycle"}
FOLDER = "admin/model_manager/"
TEMPLATES = {
    "pricing": f"{FOLDER}form_pricing.html",
    "lifecycle": f"{FOLDER}form_lifecycle.html",
    "usage": f"{FOLDER}form_usage.html",
    "history": f"{FOLDER}form_history.html",
}
# Fields that no fieldset names: who drew them says where. All others are prices.
DRAWN = {"take_off_sale": "lifecycle", "takeover": "lifecycle", "change_reason": "", NON_FIELD_ERRORS: ""}


class Mistake(NamedTuple):
    """Something to put right, and where."""

    label: str
    href: str
    message: str


@dataclass(frozen=True)
class Tab:
    title: str
    fieldsets: list[Fieldset] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    is_asked_about: bool = False  # its prices would move far

    @property
    def slug(self) -> str:
        return slugify(self.title)

    @property
    def template(self) -> str:
        return TEMPLATES.get(self.slug, f"{FOLDER}form_fields.html")


def tabs_of(adminform: AdminForm, *, more: Iterable[str] = ()) -> list[Tab]:
    """One for each fieldset, then one each for the titles in `more`."""
    form: Any = adminform.form
    found: dict[str, Tab] = {}
    homes = dict(DRAWN)
    fieldsets: Iterable[Any] = adminform
    for fieldset in fieldsets:
        tab = _tab(found, WITHIN.get(fieldset.name, fieldset.name))
        tab.fieldsets.append(fieldset)
        homes |= dict.fromkeys(flatten(fieldset.fields), tab.slug)
    if form.question is not None and "Pricing" in found:
        found["Pricing"] = replace(found["Pricing"], is_asked_about=True)
    by_slug = {tab.slug: tab for tab in found.values()}
    for name in form.errors:
        if home := by_slug.get(homes.get(name, "pricing")):
            home.mistakes.extend(_mistakes(form, name))
    return [*found.values(), *map(Tab, more)]


def mistakes_elsewhere(form: Any) -> list[Mistake]:
    """Those in the reason, which stands below all tabs."""
    return list(_mistakes(form, "change_reason")) if "change_reason" in form.errors else []


def _tab(found: dict[str, Tab], title: str) -> Tab:
    return found.setdefault(title, Tab(title))


def _mistakes(form: Any, name: str) -> Iterator[Mistake]:
    bound = form[name]
    for message in form.errors[name]:
        yield Mistake(bound.label, f"#{bound.auto_id}", message)
