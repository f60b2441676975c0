"""Changes of many models at once leave what the same changes leave one after the other."""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from models_registry import services
from models_registry.audit import ledger, storing
from models_registry.audit.models import AuditEntry
from models_registry.audit.storing import Draft
from models_registry.choices import Status
from models_registry.errors import CatalogueError, DefaultModelRequired, ModelNotRetired, StaleModel
from models_registry.many import Revision, restore_all, retire_all, revise_all
from models_registry.models import AIModel, CatalogueRevision
from tests.both_ways import left_by, queries_of
from tests.factories import AIModelFactory, rate, standard_policy, untraced

pytestmark = pytest.mark.django_db

SUNSET = datetime(2031, 1, 1, tzinfo=UTC)  # over by the time of `both_ways`
DRAFT = Status.DRAFT.flags


@pytest.fixture(params=["in one statement", "in several"], autouse=True)
def in_parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in several":
        monkeypatch.setattr(storing, "ROWS_A_STATEMENT", 2)


@pytest.fixture
def models() -> list[AIModel]:
    """None of the default, which is another."""
    AIModelFactory(model_id="a/first")
    return [
        AIModelFactory(model_id="a/plain"),
        AIModelFactory(model_id="a/draft", **DRAFT),
        AIModelFactory(model_id="a/deprecated", is_deprecated=True, tags=["old"], category="budget"),
        AIModelFactory(model_id="a/retired", **Status.RETIRED.flags),
        AIModelFactory(model_id="a/over", sunset_at=SUNSET, is_premium=True),
    ]


Changes = dict[str, Any]


def revise_each(models: Sequence[AIModel], changes: Sequence[Changes]) -> None:
    for model, one in zip(models, changes, strict=True):
        services.revise(model, one, confirmed=True)


def revise_at_once(models: Sequence[AIModel], changes: Sequence[Changes]) -> None:
    revisions = [Revision(model, one) for model, one in zip(models, changes, strict=True)]
    revise_all(revisions, confirmed=True)


@pytest.mark.parametrize(
    "changes",
    [
        [Status.ACTIVE.flags] * 4,
        [{"is_active": False}] * 4,
        [{"is_premium": True}] * 4,
        [{"cost_per_second": Decimal(f"0.{n}50000000")} for n in (1, 2, 3, 4)],
        [
            {"tags": ["a", "b"], "name": "Ünlike ' \\ %s"},
            {"model_parameters": {"a": [1, True, None, "%s"]}, "category": "premium"},
            {"category": None, "sunset_at": SUNSET.replace(year=2032), "description": ""},
            {"supported_durations": [9, 5], "fixed_duration": None},
        ],
        [{"model_parameters": {"a": 1}}, {"model_parameters": {"a": True}}, {}, {"requirements": {"b": 1.0}}],
        [{"max_duration": 9}, {"max_duration": 30}, {"max_duration": None}, {"max_duration": None}],
    ],
)
def test_revising_leaves_the_same_both_ways(models: list[AIModel], changes: list[Changes]) -> None:
    one_by_one = left_by(lambda: revise_each(models[:4], changes))
    assert left_by(lambda: revise_at_once(models[:4], changes)) == one_by_one


def test_what_only_python_takes_for_equal_is_a_change(models: list[AIModel]) -> None:
    services.revise(models[0], {"model_parameters": {"a": 1}})
    revise_at_once(models[:1], [{"model_parameters": {"a": True}}])
    assert AIModel.objects.get(pk=models[0].pk).model_parameters["a"] is True


def test_retiring_leaves_the_same_both_ways(models: list[AIModel]) -> None:
    one_by_one = left_by(lambda: [services.retire(model) for model in models])
    assert left_by(lambda: retire_all(models)) == one_by_one


def test_restoring_leaves_the_same_both_ways(models: list[AIModel]) -> None:
    retire_all(models)
    one_by_one = left_by(lambda: [services.restore(model, confirmed=True) for model in models])
    assert left_by(lambda: restore_all(models, confirmed=True)) == one_by_one


def test_the_first_that_comes_on_sale_becomes_the_default_both_ways() -> None:
    models = [AIModelFactory(**DRAFT) for _ in range(4)]
    one_by_one = left_by(lambda: revise_each(models, [{"name": "New"}, *[Status.ACTIVE.flags] * 3]))
    at_once = left_by(lambda: revise_at_once(models, [{"name": "New"}, *[Status.ACTIVE.flags] * 3]))
    assert at_once == one_by_one
    assert [row["is_default"] for row in at_once["models"]] == [False, True, False, False]


def test_within_a_longer_piece_of_work_entries_keep_their_order(models: list[AIModel]) -> None:
    def work(revise: Callable[..., None]) -> Callable[[], None]:
        def longer() -> None:
            with ledger.together():
                services.revise(models[4], {"name": "First"})
                revise(models[:2], [{"name": "Second"}, {"name": "Third"}])
                services.revise(models[4], {"name": "Last"})

        return longer

    assert left_by(work(revise_at_once)) == left_by(work(revise_each))


def test_what_stands_already_leaves_no_entry(models: list[AIModel]) -> None:
    number = AuditEntry.objects.count()
    revise_at_once(models[:2], [{"is_active": True}, {"is_active": False}])
    assert AuditEntry.objects.count() == number


def test_of_a_row_only_the_fields_are_stored_that_are_named(models: list[AIModel]) -> None:
    stale, other = copy(models[0]), models[1]
    services.revise(models[0], {"cost_per_second": Decimal("0.3")})
    stale.name, other.cost_per_second = "New", Decimal("0.2")
    with transaction.atomic():
        storing.store_all([Draft(stale, {"name"}), Draft(other, {"cost_per_second"})])
    stored = AIModel.objects.get(pk=stale.pk)
    assert (stored.name, stored.cost_per_second) == ("New", Decimal("0.3"))


# --- What is refused -------------------------------------------------------------------------------------


def refused(models: Sequence[AIModel], work: Callable[[], None]) -> Any:
    """How `work` refuses; fails if it changes anything."""
    number, revision = AuditEntry.objects.count(), CatalogueRevision.objects.get().revision
    with pytest.raises((CatalogueError, ValidationError)) as caught:
        work()
    assert AuditEntry.objects.count() == number
    assert CatalogueRevision.objects.get().revision == revision
    return caught.value


@pytest.mark.parametrize(
    "change",
    [
        {"cost_per_second": Decimal(0)},
        {"supported_qualities": ["8k"]},
        {"successor": "a/nobody"},
        {"model_id": "a/other"},
        {"colour": "red"},
        {"max_duration": 1},
    ],
)
def test_one_that_breaks_a_rule_undoes_all(models: list[AIModel], change: Changes) -> None:
    changes = [{"name": "New"}, change]
    one_by_one = refused(models, lambda: services.revise(models[1], change))
    at_once = refused(models, lambda: revise_at_once(models[:2], changes))
    assert (type(at_once), at_once.message_dict) == (type(one_by_one), one_by_one.message_dict)


def test_one_above_the_policys_limit_undoes_all(models: list[AIModel]) -> None:
    standard_policy(max_cost_per_second=Decimal(1))
    changes = [{"name": "New"}, {"is_active": True, "cost_per_second": Decimal(2)}]
    error = refused(models, lambda: revise_at_once(models[:2], changes))
    assert "above the policy's limit" in error.message_dict["cost_per_second"][0]


def test_one_that_has_to_be_confirmed_undoes_all(models: list[AIModel]) -> None:
    standard_policy()
    far = [Revision(models[1], {"name": "New"}), Revision(models[0], {"cost_per_second": Decimal(90)})]
    error = refused(models, lambda: revise_all(far))
    assert error.code == "confirmation_required"


def test_one_that_changed_since_it_was_seen_undoes_all(models: list[AIModel]) -> None:
    services.revise(models[1], {"name": "Newer"})
    seen = [Revision(model, {"is_premium": True}, model.version_number) for model in models[:2]]
    assert isinstance(refused(models, lambda: revise_all(seen)), StaleModel)


def test_the_default_is_not_retired_along_with_others(models: list[AIModel]) -> None:
    default = AIModel.objects.get(is_default=True)
    error = refused(models, lambda: retire_all([models[0], default]))
    assert isinstance(error, DefaultModelRequired)


def test_only_retired_models_are_restored(models: list[AIModel]) -> None:
    error = refused(models, lambda: restore_all([models[3], models[1]]))
    assert isinstance(error, ModelNotRetired)


def test_the_default_is_not_moved_along_with_others(models: list[AIModel]) -> None:
    with pytest.raises(ValueError, match="make_default makes a/plain the default, on its own"):
        revise_at_once(models[:1], [{"is_default": True}])


def test_a_model_that_is_named_twice_is_told(models: list[AIModel]) -> None:
    again = copy(models[3])
    with pytest.raises(ValueError, match="a/retired is named twice"):
        retire_all([models[0], models[3], again])
    with pytest.raises(ValueError, match="a/retired is named twice"):
        restore_all([models[3], again])
    assert AIModel.objects.get(pk=models[0].pk).is_active


def test_a_model_that_is_gone_is_told(models: list[AIModel]) -> None:
    untraced(AIModel).filter(pk=models[0].pk).delete()
    with pytest.raises(AIModel.DoesNotExist, match="1 of 2 models are gone"):
        retire_all(models[:2])


# --- What it costs ---------------------------------------------------------------------------------------


def test_more_models_cost_no_more_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "ROWS_A_STATEMENT", 200)
    standard_policy()
    AIModelFactory()
    models = [AIModelFactory(**DRAFT) for _ in range(12)]
    rate(models[0], "high", "0.4")
    changes = [{**Status.ACTIVE.flags, "cost_per_second": Decimal(n + 1) / 10} for n in range(12)]
    few = queries_of(lambda: revise_at_once(models[:3], changes[:3]))
    assert queries_of(lambda: revise_at_once(models, changes)) == few == 14
