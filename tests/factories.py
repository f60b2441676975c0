"""Rows for tests; always valid ones, because the services make them."""

from decimal import Decimal
from typing import Any

import factory
from django.db import transaction
from django.db.models import Model, QuerySet

from models_registry import services
from models_registry.audit import ledger
from models_registry.audit.audited import record_step
from models_registry.models import AIModel, QualityTier
from pricing import services as pricing_services
from pricing.models import PricingPolicy, Rate
from videoai.access import services as access_services
from videoai.access.token_text import TokenText


class QualityTierFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = QualityTier
        django_get_or_create = ("key",)

    key = "standard"
    label = factory.LazyAttribute(lambda tier: tier.key.title())
    position = factory.Sequence(int)
    cost_multiplier = Decimal(1)


def standard_tiers() -> list[QualityTier]:
    """The three named tiers, with the multipliers of the published price table.

    Nearly every test needs them, so they come in few statements; their trail is the one that saving leaves.
    """
    multipliers = {"standard": "1.0", "high": "1.2", "ultra": "1.5"}
    there = QualityTier.objects.filter(key__in=multipliers)
    known = set(there.values_list("key", flat=True))
    missing = [
        QualityTierFactory.build(key=key, cost_multiplier=Decimal(value))
        for key, value in multipliers.items()
        if key not in known
    ]
    with transaction.atomic(), ledger.together():
        untraced(QualityTier).bulk_create(missing)
        tiers = {tier.key: tier for tier in there}
        for tier in missing:
            record_step(None, tiers[tier.key])
    return [tiers[key] for key in multipliers]


class AIModelFactory(factory.django.DjangoModelFactory):
    """An active model that offers 5 and 9 seconds in the three named tiers for $0.18 a second."""

    class Meta:
        model = AIModel

    model_id = factory.Sequence(lambda n: f"acme/model-{n:05}")
    name = factory.Sequence(lambda n: f"Model {n:05}")
    description = "Makes clips."
    provider = "Acme"
    cost_per_second = Decimal("0.18")
    supported_durations = factory.LazyFunction(lambda: [5, 9])
    supported_qualities = factory.LazyFunction(lambda: ["standard", "high", "ultra"])
    replicate_model_id = "acme/model"

    @classmethod
    def _create(cls, model_class: type[AIModel], *args: Any, **values: Any) -> AIModel:
        if not QualityTier.objects.exists():
            standard_tiers()
        return services.create(values)


def standard_policy(**values: Any) -> PricingPolicy:
    """Margin 1.32 and 50 credits a dollar, as in the published price table."""
    defaults = {"profit_margin": Decimal("1.32"), "credits_per_dollar": Decimal(50)}
    return pricing_services.set_policy({**defaults, **values}, confirmed=True)


def rate(model: AIModel, quality: str, cost_per_second: str) -> Rate:
    cost = Decimal(cost_per_second)
    return pricing_services.set_rate(model, quality=quality, cost_per_second=cost, confirmed=True)


def service_token(*scopes: str, name: str = "worker", **values: Any) -> access_services.Issued:
    """A token and its text; without `scopes`, one that may read the catalogue."""
    return access_services.create(name, scopes=scopes or ("catalog:read",), **values)


def bearer(text: str) -> dict[str, str]:
    """The header that presents a token: `client.get(…, headers=bearer(issued.text))`."""
    return {"Authorization": f"Bearer {text}"}


def secret_of(text: str) -> str:
    """The part of a token that nothing may keep; it may hold any of the letters of base64, `_` included."""
    read = TokenText.read(text)
    assert read is not None
    return read.secret


def untraced(model: type[Model]) -> "QuerySet[Any]":
    """The rows of `model`, to be written past services and audit trail, as raw SQL does."""
    return QuerySet(model)
