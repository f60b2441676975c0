"""The 85 video models of the public map, as it ships."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry.choices import Status
from models_registry.models import AIModel
from pricing.models import UpstreamModel
from pricing.price_book import PriceBook, read_book_with_or_without_policy
from tests.laying import laid_once
from tests.pricing.upstream.conftest import lay_tiers
from tests.pricing.upstream.lists import VIDEO_MODELS, everything, synced

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_list")]


@laid_once("module")
def real_list() -> None:
    lay_tiers()
    synced(VIDEO_MODELS.read_bytes())


def told_by_the_file() -> dict[str, dict[str, Fraction]]:
    """Read once more, as fractions and by nothing of ours: model → quality or `base` → dollars a second."""
    read = json.loads(VIDEO_MODELS.read_bytes(), parse_float=Fraction, parse_int=Fraction)
    return {key: dict(prices_of(fields)) for key, fields in read.items()}


def prices_of(fields: dict[str, Any]) -> Iterator[tuple[str, Fraction]]:
    for name, value in fields.items():
        if name in {"output_cost_per_second", "output_cost_per_video_per_second"}:
            yield "base", value
        elif name.startswith("output_cost_per_second_"):
            yield name.removeprefix("output_cost_per_second_"), value


def cost(book: PriceBook, model: AIModel, quality: str) -> Fraction | None:
    basis = book.basis(model, quality)
    return basis and Fraction(basis.dollars_a_second)


def test_every_video_model_costs_what_the_file_says_to_the_last_decimal() -> None:
    told = told_by_the_file()
    book = read_book_with_or_without_policy(AIModel.objects.all())
    models = {model.model_id: model for model in book.models}

    assert models.keys() == told.keys()
    assert len(told) == 85
    for key, prices in told.items():
        model, base = models[key], prices.pop("base")
        assert Fraction(model.cost_per_second) == base, key
        assert {quality: cost(book, model, quality) for quality in prices} == prices, key
        for quality in set(model.supported_qualities) - prices.keys():
            assert (quality, cost(book, model, quality)) == ("standard", base), key


def test_every_model_can_be_told_apart_from_what_is_sold() -> None:
    assert {model.status for model in AIModel.objects.all()} == {Status.DRAFT}


def test_the_same_list_again_changes_nothing() -> None:
    before = everything()
    with CaptureQueriesContext(connection) as queries:
        report = synced(VIDEO_MODELS.read_bytes())

    assert everything() == before
    assert not any(plan.is_new or plan.changes for plan in report.plans)
    assert len(queries) < 15


def test_days_of_deprecation_are_kept() -> None:
    assert UpstreamModel.objects.exclude(deprecation_date=None).count() == 15
    assert UpstreamModel.objects.get(key="sora-2").deprecation_date == date(2026, 9, 24)


def test_nine_decimals_arrive() -> None:
    model = AIModel.objects.get(model_id="volcengine/doubao-seedance-2-0-260128")
    assert model.cost_per_second == Decimal("0.141942857")
