from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from models_registry import services
from models_registry.errors import (
    DefaultModelRequired,
    DefaultMustBeActive,
    ModelIdTaken,
    ModelNotRetired,
    StaleModel,
    TierInUse,
)
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from tests.factories import AIModelFactory, QualityTierFactory, rate, standard_tiers, untraced

pytestmark = pytest.mark.django_db


def default_id() -> str:
    return AIModel.default.get().model_id


class TestCreate:
    def test_the_first_active_model_becomes_the_default(self):
        AIModelFactory(model_id="a/draft", is_active=False)
        AIModelFactory(model_id="a/leaving", is_deprecated=True)
        assert not AIModel.default.exists()

        AIModelFactory(model_id="a/first")
        AIModelFactory(model_id="a/second")

        assert default_id() == "a/first"

    def test_a_new_model_can_take_the_flag(self):
        AIModelFactory(model_id="a/first")

        AIModelFactory(model_id="a/second", is_default=True)

        assert default_id() == "a/second"

    def test_a_draft_can_not_be_born_the_default(self):
        AIModelFactory()

        with pytest.raises(DefaultMustBeActive):
            AIModelFactory(model_id="a/draft", is_active=False, is_default=True)

        assert not AIModel.objects.filter(model_id="a/draft").exists()

    @pytest.mark.parametrize("taken", ["google/veo-3", "Google/VEO-3"])
    def test_a_taken_id_is_refused_in_any_case(self, taken):
        AIModelFactory(model_id="google/veo-3")

        with pytest.raises(ModelIdTaken, match="google/veo-3"):
            AIModelFactory(model_id=taken)

    def test_a_retired_model_keeps_its_id(self):
        AIModelFactory()
        services.retire(AIModelFactory(model_id="a/old"))

        with pytest.raises(ModelIdTaken):
            AIModelFactory(model_id="a/old")

    def test_fields_that_nobody_writes_are_refused(self):
        with pytest.raises(ValidationError) as refusal:
            AIModelFactory(created_at="2020-01-01", colour="red")

        assert set(refusal.value.error_dict) == {"created_at", "colour"}

    @pytest.mark.parametrize("name", services.REQUIRED)
    def test_a_new_model_needs_what_nobody_can_guess(self, name):
        values = services.state(AIModelFactory(model_id="a/first"))
        del values[name]

        with pytest.raises(ValidationError) as refusal:
            services.create({**values, **({"model_id": "a/next"} if name != "model_id" else {})})

        assert [error.code for error in refusal.value.error_dict[name]] == ["required"]

    def test_a_deprecated_model_knows_since_when(self):
        assert AIModelFactory(is_deprecated=True).deprecated_at is not None
        assert AIModelFactory().deprecated_at is None


class TestRevise:
    def test_only_what_changes_is_changed(self):
        model = AIModelFactory(name="Old")

        revised = services.revise(model, {"name": "New"})

        assert (revised.name, revised.version_number) == ("New", model.version_number + 1)
        assert revised.updated_at >= model.updated_at
        assert revised.priced_at == model.priced_at

    def test_a_new_price_dates_the_price(self):
        model = AIModelFactory(cost_per_second="0.18")
        AIModel.objects.update(priced_at=model.priced_at - timedelta(days=1))

        revised = services.revise(model, {"cost_per_second": "0.19"})

        assert revised.cost_per_second == Decimal("0.19")
        assert revised.priced_at >= model.priced_at

    @pytest.mark.parametrize(
        "changes", [{}, {"cost_per_second": "0.180"}, {"supported_durations": [9, 5]}, {"name": " Same "}]
    )
    def test_a_change_to_what_stands_changes_nothing(self, changes):
        model = AIModelFactory(name="Same")
        before = CatalogueRevision.objects.get()

        revised = services.revise(model, changes)

        assert revised.version_number == model.version_number
        assert CatalogueRevision.objects.get().revision == before.revision

    def test_true_is_not_the_number_one(self):
        model = AIModelFactory(model_parameters={"loop": 1})

        revised = services.revise(model, {"model_parameters": {"loop": True}})

        assert revised.model_parameters["loop"] is True

    def test_the_rules_hold_for_the_whole_row(self):
        model = AIModelFactory(supported_durations=[5, 9], max_duration=9)

        with pytest.raises(ValidationError) as refusal:
            services.revise(model, {"max_duration": 7})

        assert set(refusal.value.error_dict) == {"max_duration"}
        assert AIModel.objects.get().max_duration == 9

    def test_the_id_never_changes(self):
        model = AIModelFactory(model_id="a/b")

        with pytest.raises(ValidationError, match="can't be changed"):
            services.revise(model, {"model_id": "a/c"})

    def test_a_writer_who_saw_an_older_row_is_refused(self):
        model = AIModelFactory()
        services.revise(model, {"name": "Newer"})

        with pytest.raises(StaleModel):
            services.revise(model, {"name": "Mine"}, expected_version=model.version_number)

        assert AIModel.objects.get().name == "Newer"

    def test_activating_a_draft_of_an_empty_shelf_makes_it_the_default(self):
        draft = AIModelFactory(is_active=False)

        assert services.revise(draft, {"is_active": True}).is_default

    def test_deprecating_keeps_the_first_date_and_undoing_clears_it(self):
        AIModelFactory()
        model = services.revise(AIModelFactory(), {"is_deprecated": True})
        retired = services.retire(model)
        assert retired.deprecated_at == model.deprecated_at is not None

        assert services.restore(retired).deprecated_at is None


class TestTheDefault:
    @pytest.mark.parametrize("change", [{"is_active": False}, {"is_deprecated": True}, {"is_default": False}])
    def test_the_default_can_not_leave(self, change):
        model = AIModelFactory()

        with pytest.raises(DefaultModelRequired, match="Make another model the default first") as refusal:
            services.revise(model, change)

        assert refusal.value.field == next(iter(change))
        assert AIModel.default.get() == model

    def test_retiring_the_default_is_refused(self):
        model = AIModelFactory()

        with pytest.raises(DefaultModelRequired):
            services.retire(model)

    @pytest.mark.parametrize("flags", [{"is_active": False}, {"is_deprecated": True}])
    def test_an_unsold_model_can_not_become_the_default(self, flags):
        default, other = AIModelFactory(), AIModelFactory(**flags)

        with pytest.raises(DefaultMustBeActive):
            services.make_default(other)

        assert AIModel.default.get() == default

    def test_moving_the_flag_changes_both_rows(self):
        old, new = AIModelFactory(), AIModelFactory()

        services.make_default(new)

        assert default_id() == new.model_id
        assert AIModel.objects.get(pk=old.pk).version_number == old.version_number + 1

    def test_making_the_default_the_default_changes_nothing(self):
        model = AIModelFactory()

        assert services.make_default(model).version_number == model.version_number


class TestRetireAndRestore:
    def test_a_retired_model_is_inactive_deprecated_and_dated(self):
        AIModelFactory()
        retired = services.retire(AIModelFactory())

        assert (retired.is_active, retired.is_deprecated, retired.status) == (False, True, "retired")
        assert retired.deprecated_at is not None

    def test_retiring_twice_changes_nothing(self):
        AIModelFactory()
        retired = services.retire(AIModelFactory())

        again = services.retire(retired)

        assert (again.version_number, again.deprecated_at) == (retired.version_number, retired.deprecated_at)

    @pytest.mark.parametrize("flags", [{"is_active": False}, {"is_active": False, "is_deprecated": True}])
    def test_a_row_that_breaks_a_rule_by_now_can_still_be_taken_off_sale(self, flags):
        AIModelFactory()
        broken = AIModelFactory()
        untraced(QualityTier).filter(key="high").delete()
        with pytest.raises(ValidationError):
            services.revise(broken, {"name": "New"})

        assert not services.revise(broken, flags).is_active

    def test_a_restored_model_is_active(self):
        AIModelFactory()
        retired = services.retire(AIModelFactory())

        assert services.restore(retired).status == "active"

    def test_only_retired_models_are_restored(self):
        AIModelFactory()
        with pytest.raises(ModelNotRetired):
            services.restore(AIModelFactory(is_active=False))

    def test_restoring_an_active_model_changes_nothing(self):
        model = AIModelFactory()

        assert services.restore(model).version_number == model.version_number


class TestTiers:
    def test_an_unused_tier_can_be_deleted(self):
        services.delete_tier(QualityTierFactory(key="8k"))

        assert not QualityTier.objects.exists()

    def test_a_tier_in_use_can_not(self):
        standard_tiers()
        AIModelFactory(model_id="a/b")

        with pytest.raises(TierInUse, match="a/b"):
            services.delete_tier(QualityTier.objects.get(key="high"))

        assert QualityTier.objects.filter(key="high").exists()

    def test_nor_can_one_that_only_a_rate_uses(self):
        model = AIModelFactory(model_id="a/b")
        rate(model, QualityTierFactory(key="8k").key, "0.5")

        with pytest.raises(TierInUse, match="8k"):
            services.delete_tier(QualityTier.objects.get(key="8k"))
