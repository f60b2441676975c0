"""Models go at their sunset, by the database's clock, and the default only to a successor."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from models_registry import services, turning
from models_registry.audit.models import AuditEntry
from models_registry.audit.occasion import Actor, acting
from models_registry.choices import Status
from models_registry.models import AIModel, CatalogueRevision
from tests.factories import AIModelFactory, untraced

pytestmark = pytest.mark.django_db

PAST = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def model(model_id: str, *, sunset_at: datetime | None = None, **values: object) -> AIModel:
    """With a sunset that may have passed since it was set."""
    made: AIModel = AIModelFactory(model_id=model_id, **values)
    untraced(AIModel).filter(pk=made.pk).update(sunset_at=sunset_at)
    return made


def settle() -> None:
    services.carry_out_what_is_due()


def statuses() -> dict[str, str]:
    return {one.model_id: one.status.value for one in AIModel.objects.order_by("model_id")}


def default_id() -> str:
    return AIModel.default.get().model_id


def soon() -> datetime:
    return (timezone.now() + timedelta(days=3)).replace(microsecond=0)


@pytest.fixture
def default() -> AIModel:
    return model("a/first")


@pytest.mark.usefixtures("default")
class TestWhatIsDue:
    def test_a_sunset_that_has_come(self):
        model("a/leaving", sunset_at=PAST)

        assert turning.is_due()
        assert turning.next_turn() == PAST

    def test_one_to_come_is_the_next_turn(self):
        later = soon()
        model("a/later", sunset_at=later + timedelta(days=1))
        model("a/next", sunset_at=later, is_deprecated=True)

        assert not turning.is_due()
        assert turning.next_turn() == later

    def test_nothing_is_due_of_what_is_not_on_sale(self):
        model("a/draft", sunset_at=PAST, is_active=False)

        assert not turning.is_due()
        assert turning.next_turn() is None

    def test_it_is_asked_in_one_query(self):
        model("a/leaving", sunset_at=PAST)
        for ask in (turning.is_due, turning.next_turn):
            with CaptureQueriesContext(connection) as queries:
                ask()
            assert len(queries) == 1

    @pytest.mark.sqlite
    @pytest.mark.parametrize(
        "text", ["2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2026-01-02 03:04:05"]
    )
    def test_sqlite_reads_every_way_to_write_a_moment(self, text):
        leaving = model("a/leaving")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE models SET sunset_at = %s WHERE id = %s", [text, leaving.pk])

        assert turning.next_turn() == PAST
        settle()
        assert statuses()["a/leaving"] == "retired"
        assert not turning.is_due()


class TestSettle:
    def test_what_is_due_is_retired_and_a_second_time_nothing_is(self, default):
        model("a/leaving", sunset_at=PAST)
        model("a/staying", sunset_at=soon())

        settle()
        assert statuses()["a/leaving"] == "retired"
        before = CatalogueRevision.objects.get().revision
        settle()

        assert statuses() == {"a/first": "active", "a/leaving": "retired", "a/staying": "active"}
        assert CatalogueRevision.objects.get().revision == before

    def test_the_history_names_the_sunset_and_nobody_who_happened_to_come_by(self, default):
        model("a/leaving", sunset_at=PAST)

        with acting(actor=Actor("user", "7", "ada"), source="api", reason="Mine"):
            settle()

        entry = AuditEntry.objects.about("model", subject="a/leaving").latest("number")
        assert (entry.action, entry.source, entry.actor) == ("retire", "sunset", "system")
        assert entry.reason == "Sunset of 2026-01-02 03:04:05 UTC"

    def test_a_sunset_set_by_raw_sql_counts(self, default):
        leaving = model("a/leaving")
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE models SET sunset_at = CURRENT_TIMESTAMP WHERE model_id = %s", [leaving.model_id]
            )

        assert turning.is_due()
        settle()
        assert statuses()[leaving.model_id] == "retired"

    def test_the_default_hands_over_to_its_successor(self):
        model("a/first", sunset_at=PAST)
        model("a/heir")
        untraced(AIModel).filter(model_id="a/first").update(successor="a/heir")

        settle()

        assert statuses() == {"a/first": "retired", "a/heir": "active"}
        assert default_id() == "a/heir"
        told = AuditEntry.objects.filter(source="sunset").order_by("number")
        assert [(entry.subject, entry.action) for entry in told] == [
            ("a/first", "change"),
            ("a/heir", "make_default"),
            ("a/first", "retire"),
        ]
        assert {entry.reason for entry in told} == {"Sunset of 2026-01-02 03:04:05 UTC"}

    @pytest.mark.parametrize("status", [Status.DRAFT, Status.DEPRECATED, Status.RETIRED, None])
    def test_a_default_without_an_active_successor_stays(self, status):
        model("a/first", sunset_at=PAST)
        if status is not None:
            AIModelFactory(model_id="a/heir", **status.flags)
            untraced(AIModel).filter(model_id="a/first").update(successor="a/heir")

        assert not turning.is_due()
        assert turning.next_turn() is None
        settle()
        assert default_id() == "a/first"

    def test_an_heir_whose_own_sunset_came_first_inherits_nothing(self):
        model("a/first", sunset_at=PAST)
        model("a/heir", sunset_at=PAST - timedelta(seconds=1))
        untraced(AIModel).filter(model_id="a/first").update(successor="a/heir")

        settle()

        assert statuses() == {"a/first": "active", "a/heir": "retired"}
        assert default_id() == "a/first"
        assert not turning.is_due()

    def test_the_flag_passes_from_heir_to_heir(self):
        for name in ("a/first", "a/second", "a/third"):
            model(name)
        untraced(AIModel).filter(model_id="a/first").update(successor="a/second", sunset_at=PAST)
        later = PAST + timedelta(seconds=1)
        untraced(AIModel).filter(model_id="a/second").update(successor="a/third", sunset_at=later)

        settle()

        assert default_id() == "a/third"
        assert statuses() == {"a/first": "retired", "a/second": "retired", "a/third": "active"}

    def test_a_row_that_breaks_a_rule_by_now_goes_all_the_same(self, default):
        leaving = model("a/leaving", sunset_at=PAST)
        untraced(AIModel).filter(pk=leaving.pk).update(supported_qualities=["gone"])

        settle()
        assert statuses()[leaving.model_id] == "retired"

    def test_who_hands_over_to_itself_stays(self):
        model("a/first", sunset_at=PAST)
        untraced(AIModel).filter(model_id="a/first").update(successor="a/first")

        assert not turning.is_due()
        settle()
        assert statuses() == {"a/first": "active"}


def test_restoring_a_model_takes_off_the_sunset_that_has_passed(default):
    model("a/leaving", sunset_at=PAST)
    settle()

    restored = services.restore(AIModel.objects.get(model_id="a/leaving"))

    assert (restored.status, restored.sunset_at) == (Status.ACTIVE, None)
    assert AuditEntry.objects.about("model", subject="a/leaving").latest("number").action == "restore"
    assert not turning.is_due()
