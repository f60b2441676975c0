"""Every rule of one row, asked where all paths ask: `services.create`."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from models_registry import validation
from models_registry.models import AIModel
from models_registry.values import same
from tests.factories import AIModelFactory

DEEP: dict[str, Any] = {}
for _ in range(40):
    DEEP = {"a": DEEP}

BAD_VALUES: list[tuple[str, Any, str]] = [
    ("model_id", "", "blank"),
    ("model_id", 7, "invalid"),
    ("name", ["100 %", "%s", "%(x)d"], "invalid"),
    ("max_duration", "%d %s", "invalid"),
    ("cost_per_second", "%(value)s", "invalid"),
    ("is_active", "%", "invalid"),
    ("category", "%s%d%", "invalid_choice"),
    ("supported_qualities", ["%s%d%"], "unknown_quality"),
    ("supported_durations", ["%d"], "invalid"),
    ("model_id", None, "null"),
    ("model_id", "no spaces", "invalid"),
    ("model_id", "/leading", "invalid"),
    ("model_id", "trailing/", "invalid"),
    ("model_id", "a//b", "invalid"),
    ("model_id", "../etc", "invalid"),
    ("model_id", "ünïcode/veo", "invalid"),
    ("model_id", "a/b\u202e", "invalid"),
    ("model_id", "a/b/c/d/e/f/g", "invalid"),
    ("model_id", "a" * 201, "max_length"),
    ("model_id", "default", "reserved"),
    ("model_id", "Premium", "reserved"),
    ("model_id", "stats", "reserved"),
    ("model_id", "google/validate", "reserved"),
    ("model_id", "google/veo/History", "reserved"),
    ("name", "", "blank"),
    ("name", "   ", "blank"),
    ("name", "n" * 201, "max_length"),
    ("name", "a\0b", "invalid_text"),
    ("name", "\ud800", "invalid_text"),
    ("name", ["Veo"], "invalid"),
    ("name", "Two\nlines", "invalid_text"),
    ("replicate_model_id", "r\tx", "invalid_text"),
    ("category", "", "invalid_choice"),
    ("supported_durations", [Decimal("5.5")], "invalid"),
    ("tags", ["a\nb"], "invalid_text"),
    ("description", "d" * 5_001, "max_length"),
    ("description", None, "null"),
    ("version", "1" * 51, "max_length"),
    ("provider", " ", "blank"),
    ("provider", "p" * 101, "max_length"),
    ("replicate_model_id", "", "blank"),
    ("replicate_model_id", None, "null"),
    ("replicate_model_id", "r" * 301, "max_length"),
    ("category", "luxury", "invalid_choice"),
    ("cost_per_second", 0, "min_value"),
    ("cost_per_second", "-0.1", "min_value"),
    ("cost_per_second", "100.000000001", "max_value"),
    ("cost_per_second", "0.0000000001", "max_decimal_places"),
    ("cost_per_second", Decimal("1e-400"), "min_value"),
    ("cost_per_second", Decimal("1e400"), "max_value"),
    ("cost_per_second", Decimal("NaN"), "invalid"),
    ("cost_per_second", Decimal("Infinity"), "invalid"),
    ("cost_per_second", "NaN", "invalid"),
    ("cost_per_second", "1_0.5", "invalid"),
    ("cost_per_second", "١", "invalid"),
    ("cost_per_second", " 1", "invalid"),
    ("cost_per_second", True, "invalid"),
    ("cost_per_second", 0.1, "invalid"),
    ("cost_per_second", None, "null"),
    ("supported_durations", [], "required"),
    ("supported_durations", [0], "invalid"),
    ("supported_durations", [3_601], "invalid"),
    ("supported_durations", [5.0], "invalid"),
    ("supported_durations", ["5"], "invalid"),
    ("supported_durations", [True], "invalid"),
    ("supported_durations", [10**400], "invalid"),
    ("supported_durations", "5", "invalid"),
    ("supported_durations", list(range(1, 52)), "max_items"),
    ("supported_durations", None, "null"),
    ("supported_qualities", [], "required"),
    ("supported_qualities", ["8k"], "unknown_quality"),
    ("supported_qualities", [["standard"]], "unknown_quality"),
    ("supported_qualities", {"standard": 1}, "invalid"),
    ("max_duration", 8, "shorter_than_duration"),
    ("max_duration", 0, "min_value"),
    ("max_duration", 3_601, "max_value"),
    ("max_duration", True, "invalid"),
    ("max_duration", "9", "invalid"),
    ("fixed_duration", 5, "not_the_only_duration"),
    ("fixed_duration", 7, "not_the_only_duration"),
    ("is_active", "true", "invalid"),
    ("is_active", 1, "invalid"),
    ("is_premium", None, "null"),
    ("tags", ["t"] * 3 + [f"t{n}" for n in range(50)], "max_items"),
    ("tags", ["t" * 51], "max_length"),
    ("tags", [""], "max_length"),
    ("tags", [5], "invalid"),
    ("tags", ["a\0"], "invalid_text"),
    ("model_parameters", [], "invalid"),
    ("model_parameters", None, "null"),
    ("model_parameters", {"a": float("nan")}, "invalid"),
    ("model_parameters", {"a": Decimal("1e400")}, "invalid"),
    ("model_parameters", {"a": "\0"}, "invalid_text"),
    ("model_parameters", {"\ud800": 1}, "invalid_text"),
    ("model_parameters", {"a": "x" * 65_536}, "too_large"),
    ("model_parameters", {"a": {1, 2}}, "invalid"),
    ("requirements", DEEP, "too_deep"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("field", "value", "code"), BAD_VALUES)
def test_a_bad_value_is_refused_with_its_field_named(field, value, code):
    with pytest.raises(ValidationError) as refusal:
        AIModelFactory(**{field: value})

    assert code in [error.code for error in refusal.value.error_dict[field]]
    assert set(refusal.value.error_dict) == {field}
    assert not AIModel.objects.exists()


@pytest.mark.django_db
def test_what_is_wrong_with_a_field_is_said_once():
    with pytest.raises(ValidationError) as refusal:
        AIModelFactory(supported_durations=[Decimal("5.5")], tags=[Decimal(1)])

    assert {name: len(errors) for name, errors in refusal.value.error_dict.items()} == {
        "supported_durations": 1,
        "tags": 1,
    }


@pytest.mark.django_db
def test_every_bad_field_is_named_at_once():
    with pytest.raises(ValidationError) as refusal:
        AIModelFactory(name="", cost_per_second=True, supported_durations=[0], supported_qualities=["8k"])

    assert set(refusal.value.error_dict) == {
        "name",
        "cost_per_second",
        "supported_durations",
        "supported_qualities",
    }


@pytest.mark.django_db
def test_a_row_is_stored_in_its_one_normal_form():
    model = AIModelFactory(
        name="  Veo  ",
        cost_per_second="0.7500000000000",
        supported_durations=[9, 5, 9],
        supported_qualities=["high", "high", "standard"],
        tags=[" fast ", "fast", "cheap"],
        model_parameters={"scale": Decimal("0.5")},
    )

    assert model.name == "Veo"
    assert str(model.cost_per_second.normalize()) == "0.75"
    assert model.supported_durations == [5, 9]
    assert model.supported_qualities == ["high", "standard"]
    assert model.tags == ["fast", "cheap"]
    assert model.model_parameters == {"scale": 0.5}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cost_per_second", "0.000000001"),
        ("cost_per_second", 100),
        ("description", ""),
        ("category", None),
        ("model_id", "A/b.c/D_e-f/4/5/6"),
        ("model_id", "default/veo"),
        ("supported_durations", list(range(1, 51))),
        ("tags", [f"t{n}" for n in range(50)]),
        ("max_duration", 9),
    ],
    ids=repr,
)
def test_values_at_the_limits_are_kept(field, value):
    model = AIModelFactory(**{field: value})

    assert same(getattr(model, field), Decimal(value) if field == "cost_per_second" else value)


@pytest.mark.django_db
def test_a_fixed_duration_is_the_only_one():
    assert AIModelFactory(supported_durations=[8], fixed_duration=8).fixed_duration == 8


class TestCapability:
    MODEL = AIModel(is_active=True, supported_durations=[5, 9], supported_qualities=["standard", "high"])

    def ask(self, model: AIModel | None, duration: int, quality: str) -> validation.Capability:
        return validation.check_capability("acme/x", model, duration=duration, quality=quality)

    def test_an_offered_combination_is_valid_and_needs_no_alternatives(self):
        capability = self.ask(self.MODEL, 5, "high")

        assert capability.valid
        assert (capability.code, capability.reason) == (None, None)
        assert capability.alternatives == {"durations": [], "qualities": []}

    def test_a_wrong_duration_names_the_right_ones(self):
        capability = self.ask(self.MODEL, 6, "high")

        assert not capability.valid
        assert capability.code == "unsupported_duration"
        assert capability.reason == "6 s is not offered; 5 or 9 s is."
        assert capability.alternatives == {"durations": [5, 9], "qualities": []}

    def test_a_wrong_quality_names_the_right_ones(self):
        capability = self.ask(self.MODEL, 5, "4k")

        assert capability.code == "unsupported_quality"
        assert capability.alternatives == {"durations": [], "qualities": ["standard", "high"]}

    def test_when_both_are_wrong_both_are_named(self):
        capability = self.ask(self.MODEL, 6, "4k")

        assert capability.code == "unsupported_duration"
        assert capability.alternatives == {"durations": [5, 9], "qualities": ["standard", "high"]}

    def test_a_model_that_offers_nothing_makes_nothing(self):
        """As after raw SQL: nothing offered is not the same as nothing wrong."""
        bare = AIModel(is_active=True, supported_durations=[], supported_qualities=[])

        capability = self.ask(bare, -5, "high")

        assert not capability.valid
        assert capability.code == "unsupported_duration"
        assert capability.reason == (
            '-5 s is not offered; nothing is. Quality "high" is not offered; nothing is.'
        )

    @pytest.mark.parametrize("model", [None, AIModel(is_active=False, supported_durations=[5])])
    def test_an_unsold_model_offers_nothing(self, model):
        capability = self.ask(model, 5, "high")

        assert capability.code == "model_unavailable"
        assert capability.alternatives == {"durations": [], "qualities": []}
