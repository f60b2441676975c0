"""Changes that wait for their moment, and are carried out by the first look after it."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from models_registry import services as catalogue
from models_registry import turning
from models_registry.audit.models import AuditEntry
from models_registry.audit.occasion import Actor, acting
from models_registry.errors import ConfirmationRequired
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from pricing import services as pricing
from pricing.errors import RateTie
from pricing.ledger import price_book_at
from pricing.models import PricingPolicy, Rate
from pricing.schedule.deeds import Deed
from pricing.schedule.errors import ChangeOverlaps, ChangeSettled
from pricing.schedule.forecast import book_at
from pricing.schedule.models import Kind, ScheduledChange, State
from pricing.schedule.services import MOST_PENDING, cancel, schedule
from tests.factories import AIModelFactory, standard_policy, untraced
from tests.pricing.schedule.conftest import in_a_while, let_come, price, rate

pytestmark = pytest.mark.django_db


def credits(quality="standard", **more):
    return pricing.quote("a/one", quality=quality, duration=5, **more).credits


def credits_at(moment, quality="standard"):
    book = book_at(["a/one"], moment)
    return pricing.quote_in(book, pricing.sold_in(book, "a/one"), quality=quality, duration=5).credits


def revision():
    return CatalogueRevision.objects.get().revision


# --- Carried out -----------------------------------------------------------------------------------------


def test_nothing_changes_before_its_moment(model, planned):
    planned(price(model, "1"))

    assert credits() == 165


def test_the_first_look_after_the_moment_sees_the_new_price(model, planned):
    change = planned(price(model, "1"), minutes=5)

    assert credits() == 330
    change.refresh_from_db()
    assert (change.state, change.outcome) == (State.APPLIED, "")


@pytest.mark.parametrize(
    ("deed", "credits_then"),
    [
        (lambda model: rate(model, "0.7", "standard"), 231),
        (lambda model: rate(model, "2", "standard", unit="clip"), 132),
        (lambda model: Deed(Kind.POLICY, {"profit_margin": "2"}), 250),
        (lambda model: Deed(Kind.MULTIPLIER, {"cost_multiplier": "3"}, quality="standard"), 495),
    ],
)
def test_every_kind_is_carried_out_and_foreseen(model, planned, deed, credits_then):
    ahead = planned(deed(model))
    assert (credits_at(ahead.effective_from), credits()) == (credits_then, 165)
    assert credits_at(ahead.effective_from - timedelta(milliseconds=1)) == 165
    cancel(ahead)

    planned(deed(model), seconds=1)

    assert credits() == credits_then


def test_a_rate_that_goes_uncovers_the_price(model, planned):
    pricing.set_rate(model, quality="standard", cost_per_second=Decimal(2), confirmed=True)
    gone = Deed(Kind.RATE_REMOVED, {}, model, "standard")
    ahead = planned(gone)
    assert credits_at(ahead.effective_from) == 165
    cancel(ahead)

    planned(gone, minutes=1)

    assert credits() == 165
    assert not Rate.objects.exists()


def test_it_counts_from_its_moment_whenever_it_was_looked_at(model, planned):
    time.sleep(0.1)  # all else that the price rests on is older
    change = planned(price(model, "1"), milliseconds=20)

    quote = pricing.quote("a/one", quality="standard", duration=5)

    assert quote.priced_at == change.effective_from
    for moment in (change.effective_from, turning.clock()):
        assert credits_at(moment) == 330


def test_a_rate_that_goes_late_is_gone_from_its_moment(model, planned):
    pricing.set_rate(model, quality="standard", cost_per_second=Decimal(2), confirmed=True)
    while turning.clock() < Rate.objects.get().priced_at + timedelta(milliseconds=5):
        pass
    change = planned(Deed(Kind.RATE_REMOVED, {}, model, "standard"), milliseconds=2)

    credits()

    assert credits_at(change.effective_from) == 165
    assert credits_at(change.effective_from - timedelta(milliseconds=1)) == 660
    assert pricing.quote("a/one", quality="standard", duration=5).priced_at == change.effective_from


def test_several_are_carried_out_in_the_order_of_their_moments(model, planned):
    later, earlier = (
        schedule(price(model, text), effective_from=in_a_while(hours=n), confirmed=True)
        for n, text in ((2, "1"), (1, "2"))
    )
    time.sleep(0.1)
    let_come(later, milliseconds=10)
    let_come(earlier, milliseconds=60)

    assert credits() == 330
    for change, then in ((earlier, 660), (later, 330)):
        change.refresh_from_db()
        assert credits_at(change.effective_from) == then


def test_a_writer_meets_what_is_due_as_done(model, planned):
    planned(price(model, "1"), minutes=1)

    catalogue.revise(model, {"cost_per_second": Decimal("0.75")})

    assert credits() == 248
    assert ScheduledChange.objects.get().state == State.APPLIED


def test_a_writer_who_is_refused_undoes_only_his_own(model, planned):
    planned(price(model, "1"), minutes=1)

    with pytest.raises(ValidationError):
        catalogue.revise(model, {"cost_per_second": Decimal(-1)})

    assert credits() == 330


def test_it_is_the_deed_of_who_scheduled_it(model, planned):
    with acting(actor=Actor("user", "7", "ada"), source="admin", reason="New list"):
        planned(price(model, "1"), minutes=1)

    with acting(actor=Actor("user", "8", "bob"), source="api", reason="Something else"):
        credits()

    entry = AuditEntry.objects.filter(kind="model").latest("number")
    assert (entry.actor, entry.source, entry.reason) == ("ada", "schedule", "New list")
    assert entry.changes == [{"field": "cost_per_second", "before": "0.5", "after": "1"}]


def test_what_stood_so_already_is_told(model, planned):
    planned(price(model, "0.5"), minutes=1)

    credits()

    change = ScheduledChange.objects.get()
    assert (change.state, "Nothing changed" in change.outcome) == (State.APPLIED, True)


# --- Failed ----------------------------------------------------------------------------------------------


def test_one_that_became_impossible_fails_in_words_and_blocks_no_other(model, planned):
    pricing.set_rate(model, quality="high", cost_per_second=Decimal(2), confirmed=True)
    gone = planned(Deed(Kind.RATE_REMOVED, {}, model, "high"))
    pricing.remove_rate(Rate.objects.get(), confirmed=True)
    dearer = planned(price(model, "1"))
    let_come(gone, minutes=3)
    let_come(dearer, minutes=2)

    assert credits() == 330
    failed = ScheduledChange.objects.failed().get()
    assert "no such rate" in failed.outcome


def test_what_failed_has_left_nothing_half_done(model, planned):
    planned(Deed(Kind.POLICY, {"profit_margin": "2", "target_margin": "50"}), minutes=1)
    untraced(ScheduledChange).update(values={"profit_margin": "2", "target_margin": "500"})

    assert credits() == 165
    assert ScheduledChange.objects.get().state == State.FAILED
    assert PricingPolicy.objects.get().target_margin is None


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=1)])
def test_the_past_can_not_be_changed(model, ago):
    before = revision()

    with pytest.raises(ValidationError) as refusal:
        schedule(price(model, "1"), effective_from=turning.clock() - ago)

    assert list(refusal.value.message_dict) == ["effective_from"]
    assert (revision(), ScheduledChange.objects.exists()) == (before, False)


def test_nobody_plans_for_more_than_five_years(model):
    with pytest.raises(ValidationError, match="five years"):
        schedule(price(model, "1"), effective_from=in_a_while(days=2_000), confirmed=True)


def test_two_changes_of_the_same_at_one_moment_are_refused(model):
    moment = in_a_while()
    first = schedule(price(model, "1"), effective_from=moment, confirmed=True)

    with pytest.raises(ChangeOverlaps, match=f"Change {first.pk}"):
        schedule(price(model, "2"), effective_from=moment, confirmed=True)
    schedule(rate(model, "2"), effective_from=moment, confirmed=True)
    schedule(price(AIModelFactory(), "2"), effective_from=moment, confirmed=True)


@pytest.mark.parametrize(
    ("deed", "field"),
    [
        (lambda model: price(model, "0"), "cost_per_second"),
        (lambda model: price(model, "101"), "cost_per_second"),
        (lambda model: rate(model, "0"), "amount"),
        (lambda model: rate(model, "1", "8k"), "quality"),
        (lambda model: rate(model, "1", unit="mile"), "unit"),
        (lambda model: Deed(Kind.POLICY, {"profit_margin": "0"}), "profit_margin"),
        (lambda model: Deed(Kind.MULTIPLIER, {"cost_multiplier": "0"}, quality="high"), "cost_multiplier"),
        (lambda model: Deed(Kind.MULTIPLIER, {"cost_multiplier": "1"}, quality="8k"), "quality"),
        (lambda model: Deed(Kind.RATE_REMOVED, {}, model, "high"), "quality"),
    ],
)
def test_what_could_not_be_done_now_can_not_be_scheduled(model, deed, field):
    with pytest.raises(ValidationError) as refusal:
        schedule(deed(model), effective_from=in_a_while())

    assert list(refusal.value.message_dict) == [field]
    assert not ScheduledChange.objects.exists()


def test_what_is_scheduled_before_it_counts(model):
    schedule(rate(model, "1"), effective_from=in_a_while(hours=1), confirmed=True)

    schedule(Deed(Kind.RATE_REMOVED, {}, model, "high"), effective_from=in_a_while(hours=2), confirmed=True)

    assert not Rate.objects.exists()


def test_a_tie_is_refused_when_it_is_scheduled(model):
    schedule(rate(model, "1"), effective_from=in_a_while(hours=1), confirmed=True)
    rival = Deed(Kind.RATE, {"amount": "2"}, model, with_audio=True)

    with pytest.raises(RateTie):
        schedule(rival, effective_from=in_a_while(hours=2))


def test_trying_it_out_leaves_no_trace(model):
    entries, before = AuditEntry.objects.count(), price_book_at(["a/one"], turning.clock())

    schedule(price(model, "1"), effective_from=in_a_while(), confirmed=True)

    assert AuditEntry.objects.count() == entries + 1
    assert AIModel.objects.get(pk=model.pk).cost_per_second == Decimal("0.5")
    assert price_book_at(["a/one"], turning.clock()) == before


def test_the_list_is_bounded(model, monkeypatch):
    monkeypatch.setattr("pricing.schedule.services.MOST_PENDING", 1)
    schedule(price(model, "1"), effective_from=in_a_while(), confirmed=True)

    with pytest.raises(ValidationError, match="pending"):
        schedule(price(model, "1"), effective_from=in_a_while(hours=2), confirmed=True)
    assert MOST_PENDING == 1_000


# --- Cancelled -------------------------------------------------------------------------------------------


def test_a_cancelled_change_never_happens(model, planned):
    change = planned(price(model, "1"))

    with acting(actor=Actor("user", "8", "bob")):
        cancelled = cancel(change)
    untraced(ScheduledChange).update(effective_from=turning.clock() - timedelta(minutes=1))

    assert credits() == 165
    assert (cancelled.state, cancelled.outcome) == (State.CANCELLED, "Cancelled by bob.")


def test_what_is_done_can_not_be_cancelled(model, planned):
    change = planned(price(model, "1"), minutes=1)

    with pytest.raises(ChangeSettled, match="applied"):
        cancel(change)
    assert credits() == 330


def test_scheduling_and_cancelling_are_news_for_caches_and_for_the_trail(model, planned):
    before = revision()
    change = planned(price(model, "1"))
    scheduled = revision()
    cancel(change)

    assert before < scheduled < revision()
    actions = AuditEntry.objects.filter(kind="scheduled_change").order_by("number")
    assert list(actions.values_list("action", flat=True)) == ["schedule", "cancel"]


def test_the_multiplier_of_a_tier_is_written_with_its_trail(model, planned):
    planned(Deed(Kind.MULTIPLIER, {"cost_multiplier": "3"}, quality="high"), minutes=1)
    standard_policy()  # any writer

    assert QualityTier.objects.get(key="high").cost_multiplier == 3
    assert AuditEntry.objects.filter(kind="quality_tier", subject="high", source="schedule").count() == 1


def test_nothing_is_due_twice(model, planned):
    planned(price(model, "1"), minutes=1)
    with transaction.atomic():
        CatalogueRevision.objects.lock()
    before = revision()

    credits()

    assert (turning.is_due(), revision()) == (False, before)


def test_prices_that_change_unusually_are_asked_about_today_and_not_at_their_moment(model):
    with pytest.raises(ConfirmationRequired, match="198 → 792"):
        schedule(price(model, "2"), effective_from=in_a_while())
    assert not ScheduledChange.objects.exists()

    change = schedule(price(model, "2"), effective_from=in_a_while(), confirmed=True)
    let_come(change, minutes=1)

    assert credits() == 660
    assert ScheduledChange.objects.get().state == State.APPLIED


# --- Between and past what is scheduled ------------------------------------------------------------------


def test_one_that_is_put_before_another_is_asked_about_what_that_one_then_does():
    standard_policy()
    model = AIModelFactory(model_id="a/one", cost_per_second=Decimal("0.14"))
    schedule(price(model, "0.30"), effective_from=in_a_while(hours=2))

    with pytest.raises(ConfirmationRequired) as asked:
        schedule(price(model, "0.06"), effective_from=in_a_while(hours=1))

    assert (asked.value.facts["figures"][0]["before"], asked.value.facts["figures"][0]["after"]) == (43, 214)
    assert ScheduledChange.objects.count() == 1
    schedule(price(model, "0.06"), effective_from=in_a_while(hours=1), confirmed=True)
    assert ScheduledChange.objects.count() == 2


def test_one_that_comes_later_is_not_asked_about_twice(model, planned):
    planned(price(model, "5"))

    schedule(rate(model, "0.7", "high"), effective_from=in_a_while(minutes=1))

    assert ScheduledChange.objects.pending().count() == 2


@pytest.mark.parametrize(
    ("deed", "statement"),
    [
        (lambda model: price(model, "0.6"), "UPDATE models SET cost_per_second = 0.9"),
        (lambda model: rate(model, "0.6", "standard"), "UPDATE rates SET amount = 0.9"),
        (lambda model: Deed(Kind.RATE_REMOVED, {}, model, "standard"), "UPDATE rates SET amount = 0.9"),
        (lambda _: Deed(Kind.POLICY, {"profit_margin": "2"}), "UPDATE pricing_policy SET profit_margin = 3"),
        (
            lambda _: Deed(Kind.MULTIPLIER, {"cost_multiplier": "3"}, quality="standard"),
            "UPDATE quality_tiers SET cost_multiplier = 2 WHERE key = 'standard'",
        ),
    ],
)
def test_what_raw_sql_set_behind_the_moment_stays(model, planned, deed, statement):
    if "rates" in statement:
        pricing.set_rate(model, quality="standard", cost_per_second=Decimal("0.5"))
    change = planned(deed(model), milliseconds=1)
    time.sleep(0.01)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    stands = [list(table.objects.order_by("pk").values()) for table in (Rate, PricingPolicy, QualityTier)]

    credits()

    change.refresh_from_db()
    assert change.state == State.FAILED
    assert change.outcome.startswith("Changed past the schedule since")
    assert stands == [
        list(table.objects.order_by("pk").values()) for table in (Rate, PricingPolicy, QualityTier)
    ]
    assert AIModel.objects.get().cost_per_second == Decimal("0.9" if " models " in statement else "0.5")


def test_what_raw_sql_set_before_the_moment_is_changed_by_it(model, planned):
    change = planned(price(model, "0.6"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE models SET cost_per_second = 0.9")
    time.sleep(0.01)
    let_come(change, milliseconds=2)

    assert credits() == 198


def test_two_that_are_settled_together_do_not_stand_in_each_others_way(model, planned):
    first = planned(price(model, "0.6"))
    second = planned(price(model, "0.7"), seconds=1)
    let_come(first, seconds=2)

    assert credits() == 231
    second.refresh_from_db()
    assert second.state == State.APPLIED
