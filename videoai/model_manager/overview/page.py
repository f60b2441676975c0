"""The page that the admin opens with: what needs attention, how it goes, what changed, and where to go."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from models_registry.admin.ai_model import AIModelAdmin
from models_registry.models import AIModel
from models_registry.usage.admin.headline import Card, headline
from models_registry.usage.admin.lately import DAYS, lately
from models_registry.usage.admin.wording import count_text
from models_registry.usage.figures import Figures, summary_without_codes
from models_registry.usage.recent import last_days
from pricing.schedule.admin.coming import coming
from pricing.schedule.models import ScheduledChange
from videoai.attention.concern import Case, Concern, Remedy
from videoai.attention.rules import concerns
from videoai.attention.situation import Situation, read_situation
from videoai.model_manager.margins.page import NAME as MARGINS_PAGE
from videoai.model_manager.overview.latest import latest_changes

AHEAD = timedelta(days=30)  # what comes is told so long before
MOST_CASES = 5  # models that one concern names
FIGURES = ("Generations", "Success rate", "Credits")
# What stands behind the doors, in the order in which they are opened.
ROOMS = {
    "models_registry.aimodel": "Prices, capabilities, lifecycle",
    "models_registry.qualitytier": "What each quality adds to a price",
    "pricing.rate": "Prices of one model in one quality",
    "pricing_upstream.heldprice": "List prices that wait for somebody to decide",
    "pricing.upstreammodel": "What price lists say of our models",
    "pricing.pricingpolicy": "Margin, credits a dollar, limit",
    "pricing_schedule.scheduledchange": "What prices will be, and from when on",
    "pricing_quotes.heldquote": "What was quoted, and what became of it",
    "usage.usagecounter": "What was generated, and how well",
    "audit.auditentry": "Who changed what, when and why",
    "access.servicetoken": "What programs sign in with",
    "auth.user": "Who may sign in",
    "auth.group": "What people may do",
}
# Pages beside a table, for who may look at it.
BESIDE = {"models_registry.aimodel": [("Margins", MARGINS_PAGE, "What is left of each price")]}


class Link(NamedTuple):
    label: str
    address: str
    note: str = ""


class Shown(NamedTuple):
    """A concern as the page shows it; `remedy` is None for who may not go there."""

    concern: Concern
    cases: list[Link]
    more: int
    remedy: Link | None


class Room(NamedTuple):
    name: str
    address: str
    told: str
    add_address: str


class Overview(AIModelAdmin):
    """What the first page tells: of models to who may see them, of changes as far as they may be read."""

    def overview(self, request: HttpRequest, *, app_list: Collection[dict[str, Any]]) -> dict[str, Any]:
        now, seen = timezone.now(), tables_seen(self.admin_site, request)
        sees_models = AIModel in seen
        return {
            "told_at": now,
            "sees_models": sees_models,
            **(self._of_models(request, now) if sees_models else {}),
            "changes": latest_changes(seen),
            **rooms(app_list),
        }

    def _of_models(self, request: HttpRequest, now: datetime) -> dict[str, Any]:
        situation = read_situation(now=now)
        return {
            "concerns": [self._shown(concern, request) for concern in concerns(situation)],
            "cards": cards(situation, now=now),
            "picture": lately(now=now),
            "days": DAYS,
            "scheduled": coming(ScheduledChange.objects.until(now + AHEAD), request),
            "scheduled_days": AHEAD.days,
        }

    def _shown(self, concern: Concern, request: HttpRequest) -> Shown:
        named, more = concern.cases[:MOST_CASES], max(len(concern.cases) - MOST_CASES, 0)
        return Shown(
            concern, [_link(case, concern) for case in named], more, self._remedy(concern.remedy, request)
        )

    def _remedy(self, remedy: Remedy, request: HttpRequest) -> Link | None:
        table = self.admin_site.get_model_admin(remedy.table)
        adds = remedy.page == "add"
        if not (table.has_add_permission(request) if adds else table.has_view_or_change_permission(request)):
            return None
        address = reverse(f"admin:{table.opts.app_label}_{table.opts.model_name}_{remedy.page}")
        return Link(remedy.label, f"{address}?{remedy.query}".removesuffix("?"))


def _link(case: Case, concern: Concern) -> Link:
    address = reverse(f"admin:models_registry_aimodel_{concern.page}", args=[case.model.pk])
    return Link(case.model.name, f"{address}#{concern.tab}".removesuffix("#"), case.note)


def tables_seen(site: AdminSite, request: HttpRequest) -> list[type[Model]]:
    """Tables whose rows the user may look at."""
    return [table for table, admin in site._registry.items() if admin.has_view_or_change_permission(request)]


def cards(situation: Situation, *, now: datetime) -> list[Card]:
    """How many models are on sale, and what became of them in 14 days. One query."""
    rows = summary_without_codes(last_days(DAYS, now=now))
    figures = rows[0].figures if rows else Figures()
    sold, total = len(situation.sold), len(situation.models)
    on_sale = Card("Models on sale", count_text(sold), f"of {count_text(total)}, today")
    return [on_sale, *(card for card in headline(figures) if card.label in FIGURES)]


def rooms(app_list: Collection[dict[str, Any]]) -> dict[str, Any]:
    """The tables that are known, as doors; and the rest of Django's list, as it comes."""
    tables = {entry["model"]._meta.label_lower: entry for app in app_list for entry in app["models"]}
    rest = [
        {**app, "models": left}
        for app in app_list
        if (left := [entry for entry in app["models"] if entry["model"]._meta.label_lower not in ROOMS])
    ]
    return {"rooms": list(_doors(tables)), "rest": rest}


def _doors(tables: Mapping[str, dict[str, Any]]) -> Iterator[Room]:
    for label, told in ROOMS.items():
        if (entry := tables.get(label)) is None:
            continue
        yield Room(entry["name"], entry["admin_url"] or "", told, entry["add_url"] or "")
        if entry["admin_url"]:
            for name, page, what in BESIDE.get(label, ()):
                yield Room(name, reverse(f"admin:{page}"), what, "")
