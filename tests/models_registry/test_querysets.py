from decimal import Decimal

import pytest

from models_registry import services
from models_registry.models import AIModel
from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db


def ids(models) -> set[str]:
    return {model.model_id for model in models}


@pytest.fixture
def shelf():
    """One model of each status; the active one is the default and premium."""
    AIModelFactory(model_id="a/active", is_premium=True)
    AIModelFactory(model_id="a/draft", is_active=False, is_premium=True)
    AIModelFactory(model_id="a/deprecated", is_deprecated=True)
    services.retire(AIModelFactory(model_id="a/retired"))


@pytest.mark.usefixtures("shelf")
def test_managers_keep_what_their_names_say():
    assert ids(AIModel.objects.all()) == {"a/active", "a/draft", "a/deprecated", "a/retired"}
    assert ids(AIModel.active.all()) == {"a/active"}
    assert ids(AIModel.premium.all()) == {"a/active"}
    assert ids(AIModel.default.all()) == {"a/active"}
    assert ids(AIModel.objects.sold()) == {"a/active", "a/deprecated"}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("status", ["draft", "active", "deprecated", "retired"])
def test_each_status_is_found_and_said(status):
    (model,) = AIModel.objects.in_status(status)

    assert model.model_id == f"a/{status}"
    assert model.status == status


def test_no_status_finds_nothing():
    AIModelFactory()

    assert not AIModel.objects.in_status().exists()


def test_models_are_found_by_what_they_offer():
    AIModelFactory(model_id="a/short", supported_durations=[5], supported_qualities=["standard"])
    AIModelFactory(model_id="a/long", supported_durations=[5, 50], supported_qualities=["high"], tags=["x"])

    assert ids(AIModel.objects.by_duration(5)) == {"a/short", "a/long"}
    assert ids(AIModel.objects.by_duration(50)) == {"a/long"}
    assert ids(AIModel.objects.by_duration(0)) == set()
    assert ids(AIModel.objects.by_quality("standard")) == {"a/short"}
    assert ids(AIModel.objects.by_quality("stand")) == set()
    assert ids(AIModel.objects.by_tag("x")) == {"a/long"}
    assert ids(AIModel.objects.by_provider("Acme").by_category("premium")) == set()


def test_several_tags_must_all_match():
    AIModelFactory(model_id="a/both", tags=["fast", "cheap"])
    AIModelFactory(model_id="a/one", tags=["fast"])

    assert ids(AIModel.objects.by_tag("fast", "cheap")) == {"a/both"}


def test_a_price_limit_includes_itself():
    AIModelFactory(cost_per_second="0.123456789")

    assert AIModel.objects.costing_at_most(Decimal("0.123456789")).exists()
    assert not AIModel.objects.costing_at_most(Decimal("0.123456788")).exists()


@pytest.mark.parametrize("text", ["VEO", "google/", "érable", "ÉRABLE", "50%", "_x", '"', "Maker"])
def test_search_is_literal_and_ignores_case(text):
    AIModelFactory(
        model_id="google/veo", name="Érable", description="50% off_x", tags=['say "hi"'], provider="Maker"
    )
    AIModelFactory(model_id="a/b", name="Plain", description="none", tags=["5"], provider="Acme")

    assert ids(AIModel.objects.matching(text)) == {"google/veo"}


def test_search_looks_into_each_tag_and_not_into_their_json():
    AIModelFactory(tags=["a", "b"])

    assert not AIModel.objects.matching('", "').exists()
    assert not AIModel.objects.matching("[").exists()


def test_an_id_is_found_exactly():
    AIModelFactory(model_id="google/Veo-3")

    assert AIModel.objects.with_model_id("google/Veo-3").exists()
    assert not AIModel.objects.with_model_id("google/veo-3").exists()
    assert not AIModel.objects.with_model_id("a\0b").exists()
    assert not AIModel.objects.with_model_id("a\ud800b").exists()
