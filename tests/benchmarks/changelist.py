"""The list and the form of models, beside a changelist of Django's own, for a thousand models with usage."""

from collections.abc import Iterator
from importlib import reload
from statistics import median
from time import perf_counter
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_url_caches

from models_registry import services
from models_registry.admin.ai_model import AIModelAdmin
from models_registry.choices import Category
from models_registry.models import AIModel
from tests.benchmarks import raw
from tests.benchmarks.lines import Line, number
from tests.benchmarks.preparing import Bench
from tests.factories import untraced
from videoai import urls

MODELS = 1_000
PROVIDERS = 40
GENERATIONS = 50_000  # in the last thirty days
PAGE = 100
ROUNDS = 12
WARM_UP = 3  # rounds that don't count
OURS, STOCK = "/admin/models/", "/admin/models_registry/stockmodel/"
LAST_ROW = f'name="form-{PAGE - 1}-cost_per_second"'.encode()
SLOWER = 2.5  # times
MOST_QUERIES = 15


class StockModel(AIModel):
    """A model that Django's admin shows with its own templates: ours go by the model's name."""

    class Meta:
        proxy = True
        app_label = "models_registry"


class StockAdmin(admin.ModelAdmin):
    """The list without anything of ours: its ordinary columns, edits in place, filters and search."""

    list_display = (
        "name",
        "model_id",
        "category",
        "cost_per_second",
        "is_active",
        "is_premium",
        "supported_durations",
        "supported_qualities",
    )
    list_editable = AIModelAdmin.list_editable
    list_filter: Any = [
        type(listed.__name__, (listed,), {"template": admin.SimpleListFilter.template})
        for listed in AIModelAdmin.list_filter
    ]
    search_fields = AIModelAdmin.search_fields
    ordering = AIModelAdmin.ordering
    list_per_page = PAGE


def measure(bench: Bench) -> Iterator[Line]:
    _load()
    admin.site.register(StockModel, StockAdmin)
    reload(urls)  # another benchmark may have asked before; pages registered since are not in there
    clear_url_caches()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)[0])
    rounds = [(_milliseconds(client, OURS), _milliseconds(client, STOCK)) for _ in range(WARM_UP + ROUNDS)]
    ours, stock = (median(side) for side in zip(*rounds[WARM_UP:], strict=True))
    yield Line(
        f"list of {MODELS:,} models, {PAGE} a page ÷ Django's own",
        median(one / other for one, other in rounds[WARM_UP:]),
        ours=f"{number(ours)} ms",
        beside=f"{number(stock)} ms",
        at_most=SLOWER,
    )
    form = f"{OURS}{AIModel.objects.default().get().pk}/change/"
    for words, address in {"list": OURS, "form": form}.items():
        yield Line(f"queries of the {words}", _queries(client, address), at_most=MOST_QUERIES)


def _load() -> None:
    """The models that are missing, and generations of all of them."""
    prototype = services.state(AIModel.objects.default().get())
    missing = range(AIModel.objects.count(), MODELS)
    untraced(AIModel).bulk_create(AIModel(**{**prototype, **_own(n), "is_default": False}) for n in missing)
    call_command("make_usage", generations=GENERATIONS, days=30, seed=30, mix=True, verbosity=0)
    raw.sweep()


def _own(n: int) -> dict[str, Any]:
    category = [*Category.values, None][n % 4]
    return {
        "model_id": f"bench/listed-{n}",
        "name": f"Listed {n}",
        "provider": f"Provider {n % PROVIDERS}",
        "category": category,
        "is_premium": category == Category.PREMIUM,
    }


def _milliseconds(client: Client, address: str) -> float:
    begun = perf_counter()
    response = client.get(address)
    took = 1_000 * (perf_counter() - begun)
    if LAST_ROW not in response.content:
        raise RuntimeError(f"There is no list: {response.status_code}")
    return took


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)
