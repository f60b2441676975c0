"""What the database does by itself, for writers who go around the services."""

from datetime import UTC, datetime, timedelta
from time import sleep

import pytest
from django.apps import apps
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import QuerySet

from models_registry import services
from models_registry.models import AIModel, CatalogueRevision, CatalogueStamp, QualityTier
from models_registry.triggers import bring_up_to_date
from pricing.models import PricingPolicy, Rate
from pricing.services import remove_rate
from tests.factories import AIModelFactory, rate, standard_policy, untraced

pytestmark = pytest.mark.django_db


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def revision() -> int:
    return CatalogueRevision.objects.get().revision


def long_ago(queryset: QuerySet) -> datetime:
    """Date the prices of these rows back, so that a clock of milliseconds shows what moves."""
    past = datetime(2020, 1, 1, tzinfo=UTC)
    queryset.update(priced_at=past)
    return past


def stamp(kind: str, row_id: int) -> int:
    return CatalogueStamp.objects.get(kind=kind, row_id=row_id).revision


class TestTheRevision:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE models SET name = 'Raw'",
            "UPDATE models SET name = name",
            "UPDATE quality_tiers SET label = 'Raw'",
            "UPDATE pricing_policy SET profit_margin = 2",
            "UPDATE rates SET amount = 0.5",
            "DELETE FROM rates",
            "DELETE FROM pricing_policy",
            "INSERT INTO quality_tiers (key, label, position, cost_multiplier) VALUES ('8k', '8k', 9, 1)",
        ],
    )
    def test_raw_sql_on_any_catalogue_table_moves_it(self, statement):
        standard_policy()
        rate(AIModelFactory(), "high", "0.2")
        before = revision()

        sql(statement)

        assert revision() > before

    def test_update_and_bulk_calls_move_it(self):
        model = AIModelFactory()
        before = revision()

        untraced(AIModel).filter(pk=model.pk).update(name="Bulk")

        assert revision() > before

    def test_a_statement_that_matches_no_row_does_not(self):
        AIModelFactory()
        before = revision()

        sql("UPDATE models SET name = 'Nobody' WHERE model_id = 'no/such'")

        assert revision() == before

    def test_a_rolled_back_change_does_not(self):
        model = AIModelFactory()
        before = revision()

        with pytest.raises(RuntimeError), transaction.atomic():
            services.revise(model, {"name": "Never"})
            raise RuntimeError

        assert revision() == before

    def test_it_comes_back_after_its_row_was_deleted_with_another_epoch(self):
        model = AIModelFactory()
        epoch = CatalogueRevision.objects.get().epoch
        CatalogueRevision.objects.all().delete()

        services.revise(model, {"name": "Next"})

        assert CatalogueRevision.objects.get().epoch not in {"", epoch}


class TestStamps:
    def test_a_changed_row_carries_the_revision_of_its_change_and_others_keep_theirs(self):
        one, other = AIModelFactory(), AIModelFactory()
        before = stamp("models", other.pk)

        sql("UPDATE models SET name = 'Raw' WHERE id = %s", one.pk)

        assert stamp("models", one.pk) == revision()
        assert stamp("models", other.pk) == before

    def test_a_rate_stamps_its_model(self):
        standard_policy()
        model = AIModelFactory()

        rate(model, "high", "0.2")

        assert stamp("models", model.pk) == revision()

    def test_a_deleted_row_leaves_its_stamp(self):
        AIModelFactory()
        draft = AIModelFactory(is_active=False)

        sql("DELETE FROM models WHERE id = %s", draft.pk)

        assert stamp("models", draft.pk) == revision()


class TestVersionAndTimes:
    def test_a_raw_change_moves_version_and_time_of_the_model(self):
        model = AIModelFactory()

        sql("UPDATE models SET name = 'Raw' WHERE id = %s", model.pk)

        changed = AIModel.objects.get()
        assert changed.version_number == model.version_number + 1
        assert changed.updated_at >= model.updated_at
        assert changed.priced_at == model.priced_at

    def test_a_change_of_price_and_date_together_is_a_change_of_the_model(self):
        model = AIModelFactory()

        untraced(AIModel).update(cost_per_second="0.3", priced_at=model.priced_at + timedelta(days=1))

        assert AIModel.objects.get().version_number == model.version_number + 1

    def test_the_version_never_goes_back(self):
        """As when an older dump is loaded over the row."""
        model = AIModelFactory()
        for name in ("One", "Two"):
            model = services.revise(model, {"name": name})

        untraced(AIModel).update(name="Old", version_number=1)

        assert AIModel.objects.get().version_number == model.version_number + 1

    def test_a_rate_deleted_by_hand_dates_the_price_anew(self):
        standard_policy()
        rate(AIModelFactory(), "high", "0.2")
        past = long_ago(AIModel.objects.all())

        sql("DELETE FROM rates")

        assert AIModel.objects.get().priced_at > past

    def test_a_raw_price_change_dates_the_price(self):
        model = AIModelFactory()

        past = long_ago(AIModel.objects.all())

        sql("UPDATE models SET cost_per_second = 0.5 WHERE id = %s", model.pk)

        changed = AIModel.objects.get()
        assert changed.priced_at > past
        assert changed.version_number == model.version_number + 1

    def test_a_row_saved_whole_is_dated_too(self):
        """Django then writes every column back, the date of the price included."""
        policy = standard_policy()
        before = policy.priced_at
        sleep(0.002)  # SQLite's clock counts milliseconds
        policy.profit_margin = 2

        policy.save()

        assert PricingPolicy.objects.get().priced_at > before

    def test_dating_a_price_is_no_change_of_the_model(self):
        standard_policy()
        model = AIModelFactory()
        past = long_ago(AIModel.objects.all())

        remove_rate(rate(model, "high", "0.2"))

        changed = AIModel.objects.get()
        assert changed.priced_at > past
        assert (changed.version_number, changed.updated_at) == (model.version_number, model.updated_at)

    def test_a_tier_is_dated_by_its_multiplier_and_not_by_its_label(self):
        AIModelFactory()
        past = long_ago(QualityTier.objects.all())

        sql("UPDATE quality_tiers SET label = 'Raw' WHERE key = 'high'")
        assert QualityTier.objects.get(key="high").priced_at == past

        sql("UPDATE quality_tiers SET cost_multiplier = 2 WHERE key = 'high'")
        assert QualityTier.objects.get(key="high").priced_at > past

    def test_the_policy_is_dated_by_what_prices_are_made_of_and_not_by_its_limit(self):
        standard_policy()
        past = long_ago(PricingPolicy.objects.all())

        sql("UPDATE pricing_policy SET max_credits_per_generation = 7")
        assert PricingPolicy.objects.get().priced_at == past

        sql("UPDATE pricing_policy SET profit_margin = 2")
        assert PricingPolicy.objects.get().priced_at > past


class TestConstraints:
    """The last guard: what no path but raw SQL could try."""

    @pytest.mark.parametrize(
        "change",
        [
            "cost_per_second = 0",
            "cost_per_second = -1",
            "cost_per_second = 100.1",
            "is_active = false",
            "is_deprecated = true",
            "deprecated_at = created_at",
            "name = ''",
            "tags = '{}'",
            "supported_durations = '5'",
            "model_parameters = '[]'",
            "fixed_duration = 9, max_duration = 8",
            "cost_per_second = 0.00000000001",
            "category = ''",
            "category = 'luxury'",
            "supported_durations = '[\"a\", 8]'",
            "supported_durations = '[8.5]'",
            "supported_durations = '[null]'",
            "supported_durations = '[0]'",
            "supported_durations = '[3601]'",
            "supported_durations = '[99999999999]'",
            "supported_qualities = '[1]'",
            "tags = '[[\"nested\"]]'",
        ],
    )
    def test_a_model_that_breaks_a_rule_can_not_be_stored(self, change):
        AIModelFactory()

        with pytest.raises(IntegrityError), transaction.atomic():
            sql(f"UPDATE models SET {change}")

    def test_two_defaults_can_not_be_stored(self):
        AIModelFactory()
        AIModelFactory()

        with pytest.raises(IntegrityError), transaction.atomic():
            sql("UPDATE models SET is_default = true")

    def test_ids_that_differ_in_case_only_can_not_be_stored(self):
        AIModelFactory(model_id="a/one")
        other = AIModelFactory(model_id="a/two")

        with pytest.raises(IntegrityError), transaction.atomic():
            sql("UPDATE models SET model_id = 'A/ONE' WHERE id = %s", other.pk)

    @pytest.mark.parametrize(
        "change",
        [
            "profit_margin = 0",
            "profit_margin = 0.0000000001",
            "profit_margin = 1001",
            "credits_per_dollar = 0",
            "credits_per_dollar = 0.0000001",
            "max_credits_per_generation = 0",
            "id = 2",
        ],
    )
    def test_a_policy_that_would_give_it_away_can_not_be_stored(self, change):
        standard_policy()

        with pytest.raises(IntegrityError), transaction.atomic():
            sql(f"UPDATE pricing_policy SET {change}")

    def test_a_row_put_in_by_hand_is_guarded_like_a_changed_one(self):
        AIModelFactory()
        columns = ", ".join(
            c.column for c in AIModel._meta.concrete_fields if c.column not in {"id", "model_id"}
        )
        picked = columns.replace("supported_durations", "'[\"a\"]'").replace("is_default", "false")

        with pytest.raises(IntegrityError), transaction.atomic():
            sql(f"INSERT INTO models (model_id, {columns}) SELECT 'raw/copy', {picked} FROM models")

    def test_a_free_rate_can_not_be_stored(self):
        standard_policy()
        rate(AIModelFactory(), "high", "0.2")

        with pytest.raises(IntegrityError), transaction.atomic():
            untraced(Rate).update(amount=0)


class TestInstallation:
    @pytest.fixture
    def dropped(self):
        """The name of a trigger that somebody dropped."""
        name = next(name for name in self.standing() if name.startswith("catalogue_models_update_"))
        table = "" if connection.vendor == "sqlite" else " ON models"
        sql(f"DROP TRIGGER {name}{table}")
        return name

    def standing(self) -> set[str]:
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if connection.vendor == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        with connection.cursor() as cursor:
            cursor.execute(query)
            return {name for (name,) in cursor.fetchall()}

    def test_a_dropped_trigger_is_reported(self, dropped):
        warnings = run_checks(tags=[Tags.database], databases=["default"])

        assert dropped in " ".join(warning.msg for warning in warnings)

    @pytest.mark.migrates
    def test_migrate_installs_it_again(self, dropped):
        call_command("migrate", verbosity=0)

        assert dropped in self.standing()
        assert not run_checks(tags=[Tags.database], databases=["default"])

    def test_until_new_ones_stand_the_old_ones_do(self, db):
        before = self.standing()

        with pytest.raises(DatabaseError):
            bring_up_to_date(
                connection, "catalogue", tables={"models"}, wanted={"catalogue_models": "NONSENSE"}
            )

        assert self.standing() == before

    def test_each_tracked_table_says_what_it_tracks(self):
        tracked = {
            table.name for app in apps.get_app_configs() for table in getattr(app, "tracked_tables", ())
        }

        assert tracked == {
            *("models", "quality_tiers", "pricing_policy", "rates", "upstream_models"),
            "scheduled_changes",
        }
