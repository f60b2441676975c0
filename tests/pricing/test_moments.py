"""`?at=` and `?explain=`: what a generation cost, costs and will cost, and why."""

from datetime import datetime
from decimal import Decimal
from random import Random

import pytest

from models_registry import services as catalogue
from models_registry.values import rfc3339
from pricing import services as pricing
from pricing.models import Layer, Rate
from pricing.schedule.deeds import Deed
from pricing.schedule.models import Kind, ScheduledChange
from pricing.schedule.services import schedule
from tests.factories import AIModelFactory, bearer, rate, service_token, standard_policy
from tests.pricing.schedule.conftest import in_a_while, let_come
from tests.pricing.test_ledger import later, sql

pytestmark = pytest.mark.django_db
ASKED = {"model_id": "a/one", "quality": "high", "duration": "5"}


@pytest.fixture
def model():
    standard_policy()
    return AIModelFactory(model_id="a/one", cost_per_second=Decimal("0.5"))


@pytest.fixture
def ask(client, db):
    headers = bearer(service_token("catalog:read").text)

    def ask(**query):
        return client.get("/api/v1/pricing/quote/", {**ASKED, **query}, headers=headers)

    return ask


def now() -> str:
    """A moment that has passed when this returns: SQLite's clock has milliseconds."""
    return later().isoformat().replace("+00:00", "Z")


# --- At a moment -----------------------------------------------------------------------------------------


def test_who_has_no_rights_is_told_nothing_of_other_moments(get, model):
    assert get("pricing/quote/", **ASKED, at="nonsense").status_code == 401


def test_a_quote_of_the_past_is_the_one_that_was_given(ask, model):
    given, at = ask().content, now()
    catalogue.revise(
        model, {"cost_per_second": Decimal(2), "supported_qualities": ["standard"]}, confirmed=True
    )
    standard_policy(profit_margin=Decimal(3))

    assert ask(at=at).content == given
    assert ask().json()["code"] == ask(at=now()).json()["code"] == "unsupported_quality"


def test_a_quote_of_what_is_scheduled_is_the_one_that_will_be_given(ask, model):
    deed = Deed(Kind.PRICE, {"cost_per_second": "1"}, model)
    change = schedule(deed, effective_from=in_a_while(), confirmed=True)
    at = rfc3339(change.effective_from)
    foreseen = ask(at=at).json()

    assert foreseen["credits"] == 396
    assert datetime.fromisoformat(foreseen["priced_at"]) == change.effective_from
    assert ask(at="2100-01-01T00:00:00+01:00").json() == foreseen
    let_come(change, milliseconds=0)

    given = ask().json()
    assert given | {"priced_at": foreseen["priced_at"]} == foreseen


def test_before_anything_was_known_nothing_is_for_sale(ask, model):
    response = ask(at="1999-12-31T23:59:59Z")

    assert (response.status_code, response.json()["code"]) == (404, "model_unavailable")


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z"]
)
def test_what_is_no_moment_is_refused_by_name(ask, model, at):
    response = ask(at=at)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["at"]


@pytest.mark.parametrize("name", ["with_audio", "explain"])
def test_a_flag_is_true_or_false(ask, model, name):
    assert [error["field"] for error in ask(**{name: "1"}).json()["errors"]] == [name]


def test_whatever_is_done_every_moment_keeps_its_quote(ask, model):
    """Random edits in every way; each quote was noted down when it was given."""
    random, notes = Random(7), []
    for _ in range(25):
        random.choice([*EDITS])(model, random)
        response = ask()
        notes.append((now(), told(response)))

    for at, given in notes:
        assert told(ask(at=at)) == given, at


def told(response):
    return response.content if response.status_code == 200 else response.json()["code"]


def a_price(random: Random) -> Decimal:
    return Decimal(random.randint(1, 10**10)).scaleb(-9)


def a_scheduled_change_comes(model, random: Random) -> ScheduledChange:
    change = schedule(
        Deed(Kind.PRICE, {"cost_per_second": str(a_price(random))}, model), effective_from=in_a_while()
    )
    let_come(change, milliseconds=0)
    return change


EDITS = [
    lambda model, random: catalogue.revise(model, {"cost_per_second": a_price(random)}, confirmed=True),
    lambda model, random: sql("UPDATE models SET cost_per_second = %s", str(a_price(random))),
    lambda model, random: rate(model, "high", str(a_price(random))),
    lambda model, random: sql("DELETE FROM rates"),
    lambda model, random: pricing.put_rate(
        model,
        {"amount": a_price(random), "unit": random.choice(["clip", "second", "unknown"])},
        layer=Layer.UPSTREAM,
    ),
    lambda model, random: [pricing.remove_rate(one) for one in Rate.objects.all()[:1]],
    lambda model, random: standard_policy(profit_margin=a_price(random).quantize(Decimal("0.000001"))),
    lambda model, random: sql("UPDATE quality_tiers SET cost_multiplier = %s", random.randint(1, 9)),
    lambda model, random: catalogue.revise(model, {"supported_durations": random.choice([[5], [9], [5, 9]])}),
    lambda model, random: sql("UPDATE models SET is_active = NOT is_active, is_default = false"),
    a_scheduled_change_comes,
]


# --- Explained -------------------------------------------------------------------------------------------


def test_without_explain_the_body_is_as_ever(get, model):
    assert "explain" not in get("pricing/quote/", **ASKED).json()


def test_what_goes_by_then_is_no_longer_sold(admin_client, model):
    AIModelFactory(model_id="a/going", sunset_at="2099-01-01T00:00:00Z")
    asked = {**ASKED, "model_id": "a/going"}
    answers = {
        at: admin_client.get("/api/v1/pricing/quote/", {**asked, "at": at})
        for at in ("2098-12-31T23:59:59Z", "2099-01-01T00:00:00Z")
    }

    assert [answer.status_code for answer in answers.values()] == [200, 404]


def test_a_quote_names_what_made_it(get, model):
    told = get("pricing/quote/", **ASKED, explain="true").json()
    explained = told.pop("explain")

    assert told == get("pricing/quote/", **ASKED).json()
    assert explained["formula"] == "⌈0.5 × 1.2 × 5 s × 1.32 × 50⌉ = 198 credits"
    assert explained["row"]["id"].startswith(f"model:{model.pk}@")
    assert (explained["row"]["kind"], explained["row"]["amount"]) == ("model", "0.5")
    assert explained["covered"] is None
    assert explained["policy"]["profit_margin"] == "1.32"
    assert explained["policy"]["limits"] == {
        "credits_per_generation": 5000,
        "duration_per_generation": None,
        "cost_per_second": None,
    }


def test_a_rate_names_the_list_price_that_it_covers(admin_client, get, model):
    listed = pricing.put_rate(
        model, {"amount": Decimal("0.9"), "source": "list"}, layer=Layer.UPSTREAM, confirmed=True
    )
    ours = pricing.put_rate(
        model, {"amount": Decimal(2), "unit": "clip", "minimum_charge": Decimal(3)}, confirmed=True
    )

    asked = {**ASKED, "explain": "true"}
    explained = admin_client.get("/api/v1/pricing/quote/", asked).json()["explain"]

    assert explained["row"]["id"].startswith(f"rate:{ours.pk}@")
    assert explained["covered"]["id"].startswith(f"rate:{listed.pk}@")
    assert (explained["covered"]["layer"], explained["covered"]["source"]) == ("upstream", "list")
    assert explained["formula"] == "⌈max(2 × 1, 3) × 1.32 × 50⌉ = 198 credits"


def test_where_a_price_was_read_and_what_was_noted_of_it_stays_ours(client, admin_client, model):
    said = {"quality_id": "high", "amount": Decimal("0.6"), "source": "https://a.example", "note": "Secret"}
    pricing.put_rate(model, said)
    asked = {**ASKED, "explain": "true"}

    admin_client.logout()
    row = client.get("/api/v1/pricing/quote/", asked).json()["explain"]["row"]

    assert (row["amount"], row["source"], row["source_fetched_at"], row["note"]) == ("0.6", "", None, "")


def test_sound_is_asked_for(get, model):
    pricing.put_rate(model, {"amount": Decimal(1), "with_audio": True}, confirmed=True)

    assert get("pricing/quote/", **ASKED, with_audio="true").json()["credits"] == 330
    assert get("pricing/quote/", **ASKED, with_audio="false").json()["credits"] == 198
