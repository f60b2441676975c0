"""Plants what is missing and leaves alone what stands, however it was changed since."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from models_registry import services
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from models_registry.transactions import same_again
from pricing import services as pricing
from pricing.models import PricingPolicy
from videoai.access.groups import GROUPS, plant_groups
from videoai.exchange.reader import read

MODELS_FILE = Path(__file__).with_name("models.json")

# In the order in which they are listed: key, label, multiplier of the model's price.
TIERS = [
    ("standard", "Standard", "1.0"),
    ("high", "High", "1.2"),
    ("ultra", "Ultra", "1.5"),
    ("480p", "480p", "1.0"),
    ("540p", "540p", "1.0"),
    ("720p", "720p", "1.0"),
    ("768p", "768p", "1.0"),
    ("1080p", "1080p", "1.0"),
    ("2k", "2K", "1.0"),
    ("4k", "4K", "1.0"),
]
POSITION_STEP = 10  # leaves room for tiers in between

POLICY = {
    "profit_margin": Decimal("1.32"),
    "credits_per_dollar": Decimal(50),
    "max_credits_per_generation": 5_000,
}


@dataclass
class SeedReport:
    """What was planted and what stood already, in words such as `model google/veo-3`."""

    planted: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@same_again
def seed() -> SeedReport:
    """Plant what is missing; of two seeds at once, the second finds everything standing."""
    CatalogueRevision.objects.lock()
    report = SeedReport()
    _plant_tiers(report)
    _plant_policy(report)
    _plant_models(report)
    _plant_groups(report)
    return report


@same_again
def rehearse_seed() -> SeedReport:
    """Do all that `seed` does, then undo it."""
    report = seed()
    transaction.set_rollback(True)
    return report


def _plant_tiers(report: SeedReport) -> None:
    standing = QualityTier.objects.known_keys()
    for number, (key, label, multiplier) in enumerate(TIERS, start=1):
        if key in standing:
            report.kept.append(f"quality tier {key}")
            continue
        tier = QualityTier(
            key=key, label=label, position=number * POSITION_STEP, cost_multiplier=Decimal(multiplier)
        )
        tier.full_clean()
        tier.save(force_insert=True)
        report.planted.append(f"quality tier {key}")


def _plant_policy(report: SeedReport) -> None:
    if PricingPolicy.objects.exists():
        report.kept.append("pricing policy")
        return
    pricing.set_policy(POLICY)
    report.planted.append("pricing policy")


def _plant_models(report: SeedReport) -> None:
    standing = {model_id.lower() for model_id in AIModel.objects.values_list("model_id", flat=True)}
    is_default_taken = AIModel.objects.default().exists()
    models = [dict(row.values) for row in read(MODELS_FILE.read_bytes())]
    # The one that claims the default comes first, or another would get the flag for a moment.
    for values in sorted(models, key=lambda values: not values["is_default"]):
        if values["model_id"].lower() in standing:
            report.kept.append(f"model {values['model_id']}")
            continue
        services.create({**values, "is_default": values["is_default"] and not is_default_taken})
        report.planted.append(f"model {values['model_id']}")


def _plant_groups(report: SeedReport) -> None:
    planted = plant_groups()
    for name in GROUPS:
        (report.planted if name in planted else report.kept).append(f"group {name}")
