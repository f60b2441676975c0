"""A quote is made, and can be looked at for as long as it holds."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from models_registry import services as registry
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, CatalogueRevision
from pricing.models import Layer
from pricing.quotes import services
from pricing.quotes.clock import database_now
from pricing.quotes.models import HeldQuote
from pricing.quotes.services import MOST_SWEPT, hold
from pricing.services import offer, put_rate, set_policy
from tests.factories import rate
from tests.pricing.quotes.conftest import ASKED, age, redemption
from tests.videoai.edge.twin import TwinClient
from videoai.limits.rates import Rate

pytestmark = pytest.mark.usefixtures("catalogue")

ADDRESS = "pricing/quotes/"


def model():
    return AIModel.objects.get(model_id="a/b")


def test_anybody_gets_a_quote_with_all_that_it_says(client, get):
    response = client.post(f"/api/v1/{ADDRESS}", ASKED, content_type="application/json")

    assert response.status_code == 201
    told = response.json()
    held = HeldQuote.objects.get()
    quote = get("pricing/quote/", **ASKED).json()
    assert quote == {name: told[name] for name in quote}
    assert (told["id"], told["signature"], told["state"]) == (held.pk, held.signature, "open")
    assert (told["credits"], told["cost_usd"], told["with_audio"]) == (72, "1.08", None)
    assert told["price_row"].startswith(f"model:{model().pk}@")
    assert (told["generation_id"], told["redeemed_at"]) == (None, None)
    assert held.pk.startswith("q_")
    assert len(held.pk) == 34
    assert response["Location"] == reverse("held-quote", args=[held.pk])


def test_it_is_told_in_the_same_order_whenever_it_is_asked_for(client, post):
    told = client.post(f"/api/v1/{ADDRESS}", ASKED, content_type="application/json").json()
    again = client.get(f"/api/v1/{ADDRESS}{told['id']}/").json()
    redeemed = post(f"{ADDRESS}{told['id']}/redeem/", {"generation_id": "g-1"}).json()

    assert list(told) == list(again) == list(redeemed)
    assert again == told


def test_no_price_in_it_had_ended_when_it_was_made(monkeypatch):
    changed_at = []

    def change_prices_when_they_were_read(*question, **more):
        found = offer(*question, **more)
        changed_at.append(database_now())
        rate(model(), "high", "0.9")
        return found

    monkeypatch.setattr(services, "offer", change_prices_when_they_were_read)

    held = hold(**ASKED)

    assert held.terms["cost_usd"] == "1.08"
    assert held.created_at <= changed_at[0]


def test_it_is_made_by_the_clock_before_prices_are_read():
    """What was due by then is in it: reading them carries that out."""
    with CaptureQueriesContext(connection) as queries:
        hold(**ASKED)

    told = [query["sql"] for query in queries]
    clock = next(index for index, sql in enumerate(told) if "clock_timestamp" in sql or "strftime" in sql)
    policy = next(index for index, sql in enumerate(told) if "pricing_policy" in sql)
    assert clock < policy


def test_it_holds_for_a_quarter_of_an_hour_or_as_long_as_is_set(settings):
    usual = hold(**ASKED)
    settings.QUOTE_LIFETIME_SECONDS = 60
    short = hold(**ASKED)

    assert usual.expires_at - usual.created_at == timedelta(minutes=15)
    assert short.expires_at - short.created_at == timedelta(minutes=1)


def test_it_can_be_looked_at_and_shows_what_became_of_it(client, post):
    held = hold(**ASKED)
    address = f"/api/v1/{ADDRESS}{held.pk}/"
    states = [client.get(address).json()["state"]]
    age(held, hours=1)
    states.append(client.get(address).json()["state"])
    other = hold(**ASKED)
    post(redemption(other), {"generation_id": "g-1"})
    shown = client.get(f"/api/v1/{ADDRESS}{other.pk}/").json()

    assert [*states, shown["state"]] == ["open", "expired", "redeemed"]
    assert shown["generation_id"] == "g-1"
    assert "redeemed_by" not in shown


def test_the_edge_hands_it_on_and_keeps_nothing():
    held, client = hold(**ASKED), TwinClient()
    address = f"/api/v1/{ADDRESS}{held.pk}/"
    before = client.get(address).json()
    age(held, hours=1)

    assert (before["state"], client.get(address).json()["state"]) == ("open", "expired")


@pytest.mark.parametrize("quote_id", ["q_none", "models", "-", "a" * 5_000])
def test_an_unknown_one_is_not_found(client, post, quote_id):
    assert client.get(f"/api/v1/{ADDRESS}{quote_id}/").json()["code"] == "not_found"
    response = post(f"{ADDRESS}{quote_id}/redeem/", {"generation_id": "g-1"})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"model_id": "no/such"}, 404, "model_unavailable"),
        ({"duration": 6}, 422, "unsupported_duration"),
        ({"duration": 0}, 422, "unsupported_duration"),
        ({"duration": -4}, 422, "unsupported_duration"),
        ({"quality": "4k"}, 422, "unsupported_quality"),
    ],
)
def test_what_is_not_for_sale_is_not_quoted(client, get, changes, status, code):
    body = {**ASKED, **changes}

    held = client.post(f"/api/v1/{ADDRESS}", body, content_type="application/json")

    for response in (held, get("pricing/quote/", **body)):
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert not HeldQuote.objects.exists()


def test_what_has_no_price_is_not_quoted_and_is_no_error_of_ours(client, caplog):
    put_rate(model(), {"quality_id": "high", "amount": Decimal(1), "unit": "unknown"}, confirmed=True)

    response = client.post(f"/api/v1/{ADDRESS}", ASKED, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (503, "unpriced")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "An admin has to set its unit" in caplog.text


def test_sound_and_the_row_are_part_of_it():
    put_rate(
        model(),
        {"with_audio": True, "amount": Decimal(2), "unit": "clip"},
        layer=Layer.OVERRIDE,
        confirmed=True,
    )

    silent, loud = (hold(**ASKED, with_audio=sound).terms for sound in (False, True))

    assert (silent["cost_usd"], silent["with_audio"]) == ("1.08", False)
    assert (loud["cost_usd"], loud["cost_per_second"], loud["credits"]) == ("2", None, 132)
    assert loud["price_row"].startswith("rate:")


def test_digits_that_no_float_holds_are_kept(post):
    registry.revise(
        model(), {"cost_per_second": "99.123456789", "supported_durations": [3_599]}, confirmed=True
    )
    set_policy({"max_credits_per_generation": 100_000_000})
    held = hold("a/b", quality="ultra", duration=3_599)

    told = post(redemption(held), {"generation_id": "g-1", "cost_usd": "535117.9814754165"}).json()

    assert told["cost_usd"] == "535117.9814754165"


def test_nothing_of_the_catalogue_moves():
    before = CatalogueRevision.objects.get().revision, AuditEntry.objects.count()

    hold(**ASKED)

    assert (CatalogueRevision.objects.get().revision, AuditEntry.objects.count()) == before


def test_it_counts_as_a_write(client, settings):
    settings.RATE_LIMIT_WRITE = Rate(1, 60)

    statuses = [
        client.post(f"/api/v1/{ADDRESS}", ASKED, content_type="application/json").status_code
        for _ in range(2)
    ]

    assert statuses == [201, 429]


class TestSweeping:
    def test_each_new_one_takes_some_outdated_ones_away(self):
        outdated = [hold(**ASKED) for _ in range(MOST_SWEPT + 2)]
        for held in outdated:
            age(held, hours=25)

        hold(**ASKED)

        assert HeldQuote.objects.count() == 3

    def test_what_was_redeemed_or_may_be_asked_for_is_kept(self, post):
        redeemed, expired = hold(**ASKED), hold(**ASKED)
        post(redemption(redeemed), {"generation_id": "g-1"})
        age(redeemed, days=400)
        age(expired, hours=23)

        hold(**ASKED)

        assert HeldQuote.objects.count() == 3

    def test_it_takes_three_statements_and_one_more_when_there_is_something(self, django_assert_num_queries):
        hold(**ASKED)
        # Four read the price; the clock; the transaction's two, what is outdated, the row.
        with django_assert_num_queries(9):
            hold(**ASKED)


def test_a_rate_changed_afterwards_leaves_it_as_it_is(client):
    held = hold(**ASKED)
    rate(model(), "high", "0.9")

    told = client.get(f"/api/v1/{ADDRESS}{held.pk}/").json()

    assert (told["credits"], told["cost_usd"]) == (72, "1.08")
