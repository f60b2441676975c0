"""What may be announced of a model's end, and who takes over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.errors import DefaultModelRequired, StaleModel
from models_registry.models import AIModel
from tests.factories import AIModelFactory, untraced

pytestmark = pytest.mark.django_db

FUTURE = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)
PAST = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def first() -> AIModel:
    """The default."""
    return AIModelFactory(model_id="a/first")


def codes(model: AIModel, **changes: Any) -> dict[str, list[str | None]]:
    with pytest.raises(ValidationError) as refusal:
        services.revise(model, changes)
    return {name: [one.code for one in errors] for name, errors in refusal.value.error_dict.items()}


def default_id() -> str:
    return AIModel.default.get().model_id


class TestSunset:
    @pytest.mark.parametrize(
        "given",
        ["2099-01-02T03:04:05Z", "2099-01-02t05:04:04.001+02:00", FUTURE.replace(second=4, microsecond=7)],
    )
    def test_it_is_kept_in_utc_and_rounded_up_to_the_second(self, first, given):
        assert services.revise(first, {"sunset_at": given}).sunset_at == FUTURE

    @pytest.mark.parametrize(
        "given",
        ["2099-01-02", "2099-01-02T03:04:05", "soon", 7, True, "2099-13-01T00:00:00Z", datetime(2099, 1, 2)],  # noqa: DTZ001
    )
    def test_what_is_no_moment_with_a_zone_is_refused(self, first, given):
        assert codes(first, sunset_at=given) == {"sunset_at": ["invalid"]}

    @pytest.mark.parametrize(
        "given", ["1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]
    )
    def test_slips_of_the_pen_are_refused(self, first, given):
        assert codes(first, sunset_at=given) == {"sunset_at": ["invalid"]}

    def test_a_model_on_sale_is_given_none_that_has_passed(self, first):
        assert codes(first, sunset_at=PAST) == {"sunset_at": ["past_dated"]}

    def test_nor_is_a_model_put_on_sale_with_one(self):
        draft = AIModelFactory(is_active=False, sunset_at=PAST)

        assert codes(draft, is_active=True) == {"sunset_at": ["past_dated"]}
        assert services.revise(draft, {"is_active": True, "sunset_at": FUTURE}).status == Status.ACTIVE

    def test_one_that_has_passed_goes_along_with_retiring(self):
        leaving = AIModelFactory()

        retired = services.revise(leaving, {**Status.RETIRED.flags, "sunset_at": PAST})

        assert (retired.status, retired.sunset_at) == (Status.RETIRED, PAST)

    def test_a_default_that_outlived_its_sunset_can_still_be_changed(self, first):
        untraced(AIModel).filter(pk=first.pk).update(sunset_at=PAST)

        assert services.revise(first, {"name": "Still here"}).name == "Still here"

    def test_the_same_again_changes_nothing(self, first):
        once = services.revise(first, {"sunset_at": "2099-01-02T03:04:05Z"})
        again = services.revise(first, {"sunset_at": "2099-01-02T04:04:05+01:00"})

        assert again.version_number == once.version_number

    def test_the_history_tells_of_it(self, first):
        services.revise(first, {"sunset_at": FUTURE})
        services.revise(first, {"sunset_at": None})

        told = AuditEntry.objects.about("model", subject="a/first").order_by("-number")
        assert [entry.changes for entry in told[:2]] == [
            [{"field": "sunset_at", "before": "2099-01-02T03:04:05.000Z", "after": None}],
            [{"field": "sunset_at", "before": None, "after": "2099-01-02T03:04:05.000Z"}],
        ]


class TestSuccessor:
    @pytest.mark.parametrize("status", [Status.ACTIVE, Status.DEPRECATED])
    def test_any_other_model_on_sale_can_be_named(self, first, status):
        AIModelFactory(model_id="a/heir", **status.flags)

        assert services.revise(first, {"successor": " a/heir "}).successor == "a/heir"

    @pytest.mark.parametrize("status", [Status.DRAFT, Status.RETIRED])
    def test_what_is_off_sale_is_named_by_nothing_on_sale(self, first, status):
        AIModelFactory(model_id="a/heir", **status.flags)

        assert codes(first, successor="a/heir") == {"successor": ["not_on_sale"]}
        draft = AIModelFactory(is_active=False, successor="a/heir")
        assert draft.successor == "a/heir"

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            *(
                ("no/such", "unknown_model"),
                ("A/SECOND", "unknown_model"),
                ("a/first", "cyclic"),
                ("", "blank"),
            ),
            *((7, "invalid"), ("a\nb", "invalid_text"), ("\0", "invalid_text"), ("x" * 201, "max_length")),
        ],
    )
    def test_nothing_else_can(self, first, given, code):
        AIModelFactory(model_id="a/second")

        assert codes(first, successor=given)["successor"][0] == code

    def test_no_chain_leads_back(self, first):
        second = AIModelFactory(model_id="a/second", successor="a/first")
        third = AIModelFactory(model_id="a/third", successor="a/second")

        assert codes(first, successor="a/second") == {"successor": ["cyclic"]}
        with pytest.raises(ValidationError, match="a/first → a/third → a/second → a/first"):
            services.revise(first, {"successor": third.model_id})
        assert services.revise(second, {"successor": None}).successor is None
        assert services.revise(first, {"successor": "a/second"}).successor == "a/second"

    def test_a_circle_that_raw_sql_made_traps_nobody(self, first):
        AIModelFactory(model_id="a/second")
        AIModelFactory(model_id="a/third", successor="a/second")
        untraced(AIModel).filter(model_id="a/second").update(successor="a/third")

        assert services.revise(first, {"successor": "a/second"}).successor == "a/second"

    def test_a_new_model_can_have_one_but_not_itself(self):
        assert AIModelFactory(successor="a/first").successor == "a/first"
        with pytest.raises(ValidationError, match="own successor"):
            AIModelFactory(model_id="a/new", successor="a/new")


class TestHandOver:
    def test_a_retired_default_hands_over_to_its_successor(self, first):
        AIModelFactory(model_id="a/heir")
        services.revise(first, {"successor": "a/heir"})

        retired = services.retire(first)

        assert (retired.status, retired.is_default) == (Status.RETIRED, False)
        assert default_id() == "a/heir"
        told = AuditEntry.objects.changes().order_by("-number")[:3]
        assert [(entry.subject, entry.action) for entry in reversed(told)] == [
            ("a/first", "change"),
            ("a/heir", "make_default"),
            ("a/first", "retire"),
        ]

    @pytest.mark.parametrize("status", [Status.DRAFT, Status.DEPRECATED, Status.RETIRED])
    def test_not_to_one_that_is_not_active(self, first, status):
        heir = AIModelFactory(model_id="a/heir")
        services.revise(first, {"successor": "a/heir"})
        services.revise(heir, status.flags)

        with pytest.raises(DefaultModelRequired, match="activate its successor a/heir"):
            services.retire(first)

        assert default_id() == "a/first"

    def test_without_a_successor_the_way_out_is_told(self, first):
        with pytest.raises(DefaultModelRequired, match="give it a successor"):
            services.retire(first)

    def test_who_saw_another_version_hands_over_nothing(self, first):
        AIModelFactory(model_id="a/heir")
        revised = services.revise(first, {"successor": "a/heir"})

        with pytest.raises(StaleModel):
            services.retire(first, expected_version=revised.version_number - 1)

        assert default_id() == "a/first"

    def test_other_ways_off_sale_hand_over_nothing(self, first):
        AIModelFactory(model_id="a/heir")
        services.revise(first, {"successor": "a/heir"})

        with pytest.raises(DefaultModelRequired):
            services.revise(first, {"is_active": False})

    def test_a_restored_model_keeps_a_sunset_to_come(self):
        leaving = AIModelFactory(sunset_at=timezone.now() + timedelta(days=1))

        assert services.restore(services.retire(leaving)).sunset_at is not None
