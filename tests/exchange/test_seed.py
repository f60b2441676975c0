import io
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from models_registry import services
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from pricing import services as pricing
from pricing.models import PricingPolicy
from tests.exchange.files import import_models
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory, QualityTierFactory, standard_policy
from videoai.exchange.seed import rehearse_seed, seed

SEEDED = ["google/veo-3", "luma/ray-2-720p", "luma/ray-flash-2-540p"]


def seed_lines(**options: bool) -> list[str]:
    out = io.StringIO()
    call_command("seed_models", stdout=out, **options)
    return out.getvalue().splitlines()


def default_id() -> str:
    return AIModel.objects.default().get().model_id


@pytest.mark.django_db
def test_the_three_models_are_planted() -> None:
    seed()

    rows = AIModel.objects.order_by("model_id").values_list(
        "model_id",
        "name",
        "provider",
        "cost_per_second",
        "supported_durations",
        "fixed_duration",
        "max_duration",
    )
    assert list(rows) == [
        ("google/veo-3", "Google Veo-3", "Google", Decimal("0.75"), [8], 8, None),
        ("luma/ray-2-720p", "Luma Ray-2-720p", "Luma", Decimal("0.18"), [5, 9], None, 9),
        ("luma/ray-flash-2-540p", "Luma Ray Flash 2-540p", "Luma", Decimal("0.12"), [5, 9], None, 9),
    ]


@pytest.mark.django_db
def test_their_characteristics_are_planted() -> None:
    seed()

    veo, ray, flash = AIModel.objects.order_by("model_id")
    assert [m.category for m in (veo, ray, flash)] == ["premium", "budget", "budget"]
    assert [m.is_premium for m in (veo, ray, flash)] == [True, False, False]
    assert [m.version for m in (veo, ray, flash)] == ["1.0", "2.0", "2.1"]
    assert veo.tags == ["high-quality", "professional", "premium"]
    assert ray.tags == ["fast", "cost-effective", "content-creation"]
    assert flash.tags == ["ultra-fast", "ultra-cheap", "prototyping"]
    assert veo.description == "High-quality video generation with exceptional visual fidelity"
    assert ray.description == "Fast, cost-effective video generation for content creators"
    assert flash.description == "Ultra-fast, ultra-cheap video generation for rapid prototyping"
    assert [m.model_parameters["quality"] for m in (veo, ray, flash)] == ["high", "720p", "540p"]
    for model in (veo, ray, flash):
        assert model.model_parameters["aspect_ratio"] == "16:9"
        assert model.supported_qualities == ["standard", "high", "ultra"]
        assert model.replicate_model_id == model.model_id
        assert model.requirements == {}
        assert model.status == "active"
    assert default_id() == "luma/ray-flash-2-540p"


@pytest.mark.django_db
def test_the_tiers_are_planted_in_their_order() -> None:
    seed()

    assert list(QualityTier.objects.values_list("key", "label", "position", "cost_multiplier")) == [
        ("standard", "Standard", 10, Decimal("1.0")),
        ("high", "High", 20, Decimal("1.2")),
        ("ultra", "Ultra", 30, Decimal("1.5")),
        ("480p", "480p", 40, Decimal("1.0")),
        ("540p", "540p", 50, Decimal("1.0")),
        ("720p", "720p", 60, Decimal("1.0")),
        ("768p", "768p", 70, Decimal("1.0")),
        ("1080p", "1080p", 80, Decimal("1.0")),
        ("2k", "2K", 90, Decimal("1.0")),
        ("4k", "4K", 100, Decimal("1.0")),
    ]


@pytest.mark.django_db
def test_the_policy_is_planted_and_prices_as_published() -> None:
    seed()

    policy = PricingPolicy.objects.get()
    assert (policy.profit_margin, policy.credits_per_dollar) == (Decimal("1.32"), Decimal(50))
    assert policy.max_credits_per_generation == 5_000
    assert pricing.quote("google/veo-3", quality="standard", duration=8).credits == 396


@pytest.mark.django_db
def test_seeding_again_changes_nothing() -> None:
    seed()
    before = CatalogueRevision.objects.get().revision

    report = seed()

    assert (report.planted, len(report.kept)) == ([], 16)
    assert CatalogueRevision.objects.get().revision == before


@pytest.mark.django_db
def test_what_stands_is_left_as_it_is() -> None:
    QualityTierFactory(key="high", label="Better", cost_multiplier=Decimal(2))
    standard_policy(profit_margin=Decimal(3))
    QualityTierFactory(key="standard")
    AIModelFactory(model_id="Google/Veo-3", name="Ours", supported_qualities=["standard"])

    report = seed()

    assert QualityTier.objects.get(key="high").cost_multiplier == 2
    assert PricingPolicy.objects.get().profit_margin == 3
    assert AIModel.objects.get(model_id__iexact="google/veo-3").name == "Ours"
    assert {"quality tier high", "pricing policy", "model google/veo-3"} <= set(report.kept)
    assert AIModel.objects.count() == 3


@pytest.mark.django_db
def test_a_standing_default_keeps_the_flag() -> None:
    AIModelFactory(model_id="acme/a")

    seed()

    assert default_id() == "acme/a"


@pytest.mark.django_db
def test_a_changed_seed_is_not_brought_back() -> None:
    seed()
    services.retire(AIModel.objects.get(model_id="google/veo-3"))
    import_models({"model_id": "luma/ray-2-720p", "cost_per_second": "0.2", "is_default": True})

    seed()

    assert AIModel.objects.get(model_id="google/veo-3").status == "retired"
    assert AIModel.objects.get(model_id="luma/ray-2-720p").cost_per_second == Decimal("0.2")
    assert default_id() == "luma/ray-2-720p"


@pytest.mark.django_db
def test_a_rehearsal_plants_nothing() -> None:
    assert len(rehearse_seed().planted) == 16

    assert not AIModel.objects.exists()
    assert not QualityTier.objects.exists()
    assert not PricingPolicy.objects.exists()


@pytest.mark.django_db
def test_the_command_tells_what_it_did_line_by_line() -> None:
    lines = seed_lines()
    assert "planted quality tier 4k" in lines
    assert "planted model google/veo-3" in lines
    assert lines[-1] == "16 planted, 0 kept."

    lines = seed_lines()
    assert "kept pricing policy" in lines
    assert lines[-1] == "0 planted, 16 kept."


@pytest.mark.django_db
def test_the_commands_dry_run_plants_nothing() -> None:
    assert seed_lines(dry_run=True)[-1] == "16 planted, 0 kept. Dry run: nothing was written."

    assert not AIModel.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("command", [["seed_models"], ["export_models"], ["import_models", "-"]])
def test_a_database_that_is_not_migrated_is_refused_with_the_way_out(command: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'pricing'")

    with pytest.raises(CommandError, match=r"python manage\.py migrate"):
        call_command(*command)


@pytest.mark.django_db(transaction=True)
def test_seeds_at_once_plant_everything_once() -> None:
    reports = at_once(seed, threads=4)

    assert sorted(len(report.planted) for report in reports) == [0, 0, 0, 16]
    assert sorted(AIModel.objects.values_list("model_id", flat=True)) == SEEDED
    assert QualityTier.objects.count() == 10
    assert default_id() == "luma/ray-flash-2-540p"
