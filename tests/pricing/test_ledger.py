"""What prices were, as the database wrote it down."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from models_registry import services, turning
from models_registry.models import AIModel, QualityTier
from pricing import ledger
from pricing import services as pricing
from pricing.ledger import price_book_at
from pricing.models import Layer, PriceVersion, PricingPolicy, Rate, UpstreamModel
from pricing.models.price_version import NotRewritten
from pricing.price_book import read_book_with_or_without_policy
from pricing.triggers import LISTED
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = pytest.mark.django_db


def sql(statement: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def credits(book, model_id="a/one", *, quality="high", duration=5):
    model = pricing.sold_in(book, model_id)
    return pricing.quote_in(book, model, quality=quality, duration=duration).credits


def later():
    """A moment that the database's clock has passed, and will not come back to."""
    moment = turning.clock()
    while turning.clock() <= moment + timedelta(milliseconds=1):
        pass
    return moment


@pytest.fixture
def model():
    standard_policy()
    return AIModelFactory(model_id="a/one", cost_per_second=Decimal("0.5"))


def listed(model):
    """Let a list say of `model` what it costs, and another price of one quality."""
    entry = UpstreamModel(
        model=model,
        list_name="list",
        key=model.model_id,
        cost_per_second=model.cost_per_second,
        fetched_at=turning.clock(),
    )
    entry.save()
    upstream = {"quality_id": "high", "amount": Decimal("0.4")}
    pricing.put_rate(model, upstream, layer=Layer.UPSTREAM, confirmed=True)
    return entry


def test_whether_a_model_followed_its_list_is_kept(model):
    entry = listed(model)
    before = later()
    entry.follows = False
    entry.save()

    assert credits(price_book_at(["a/one"], before)) == 132  # 0.4 × 5 × 1.32 × 50
    assert credits(price_book_at(["a/one"], later())) == 198


def test_an_entry_from_before_that_was_kept_followed_its_list(model):
    version = PriceVersion.objects.filter(kind=LISTED, row_id=listed(model).pk).get()
    version.state = json.dumps({"model_id": model.pk, "cost_per_second": 0.5})

    assert ledger.restored(version).follows is True


def test_a_moment_that_has_passed_keeps_its_price(model):
    before = later()
    services.revise(model, {"cost_per_second": Decimal("0.75")})

    assert credits(price_book_at(["a/one"], before)) == 198  # 0.5 × 1.2 × 5 × 1.32 × 50
    assert credits(price_book_at(["a/one"], turning.clock())) == 297


def test_the_book_of_now_is_the_one_in_force(model):
    rate(model, "ultra", "0.123456789")
    present = read_book_with_or_without_policy(AIModel.objects.all())
    [now] = price_book_at(["a/one"], turning.clock()).models
    book = price_book_at(["a/one"], turning.clock())

    for quality in ("standard", "high", "ultra"):
        assert book.quote(now, quality=quality, duration=5) == present.quote(
            present.models[0], quality=quality, duration=5
        )


def test_before_a_model_was_there_nobody_knows_it(model):
    book = price_book_at(["a/one"], turning.clock() - timedelta(days=1))

    assert (book.models, book.policy, book.tiers, book.rates) == ([], None, {}, {})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE models SET cost_per_second = 2",
        "UPDATE pricing_policy SET profit_margin = 2",
        "UPDATE quality_tiers SET cost_multiplier = 3",
        "UPDATE rates SET amount = 9",
        "DELETE FROM rates",
    ],
)
def test_raw_sql_leaves_a_version(model, statement):
    rate(model, "high", "0.4")
    before = later()
    told = credits(price_book_at(["a/one"], before))

    sql(statement)

    assert credits(price_book_at(["a/one"], before)) == told
    present = read_book_with_or_without_policy(AIModel.objects.all())
    for quality in ("standard", "high"):
        assert credits(price_book_at(["a/one"], later()), quality=quality) == credits(
            present, quality=quality
        )


def test_what_a_model_offered_is_kept_too(model):
    before = later()
    services.revise(model, {"supported_durations": [9]})
    services.revise(AIModelFactory(), {"is_default": True})
    services.retire(model)

    [then] = price_book_at(["a/one"], before).models
    [now] = price_book_at(["a/one"], turning.clock()).models
    assert (then.supported_durations, then.is_active) == ([5, 9], True)
    assert (now.supported_durations, now.is_active) == ([9], False)


def test_what_says_nothing_of_a_price_leaves_no_version(model):
    number = PriceVersion.objects.count()

    services.revise(model, {"name": "Other", "tags": ["fast"]})

    assert PriceVersion.objects.count() == number


def test_history_is_never_rewritten(model):
    version = PriceVersion.objects.first()

    for rewrite in (version.save, version.delete, PriceVersion.objects.all().delete):
        with pytest.raises(NotRewritten):
            rewrite()
    with pytest.raises(NotRewritten):
        PriceVersion.objects.update(state=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        sql("UPDATE price_versions SET state = NULL")


def test_a_row_put_in_with_an_old_date_counts_from_now(model):
    before = later()
    sql("UPDATE models SET cost_per_second = 2, priced_at = '2020-01-01 00:00:00+00:00'")

    assert credits(price_book_at(["a/one"], before)) == 198


def test_a_book_of_the_past_takes_two_queries(model, django_assert_num_queries):
    at = turning.clock()
    with django_assert_num_queries(2):
        price_book_at(["a/one"], at)


def test_every_table_is_read_back_as_it_stands(model):
    rate(model, "ultra", "0.3")
    book = price_book_at(["a/one"], turning.clock())

    for restored in (book.policy, *book.tiers.values(), *book.rates.values()):
        stored = type(restored).objects.get(pk=restored.pk)
        for version_of in (PricingPolicy, QualityTier, Rate):
            if isinstance(restored, version_of):
                for column in version_of._meta.concrete_fields:
                    assert getattr(restored, column.attname) == getattr(stored, column.attname), column
