"""What the address of a usage page may say."""

from datetime import UTC, datetime

import pytest
from django.http import QueryDict

from models_registry.models import AIModel
from models_registry.usage.admin.choosing import UsageForm
from models_registry.usage.admin.ranges import window_text
from models_registry.usage.windows import Per

NOW = datetime(2026, 11, 18, 13, 45, tzinfo=UTC)


def read(query, *, one=None):
    models = [one] if one else [AIModel(model_id="a/one", provider="Luma"), AIModel(model_id="a/two")]
    return UsageForm(QueryDict(query), models=models, one=one, tiers=["high"], now=NOW)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("range=8d", "range"),
        ("range=30d&range=7d", "range"),
        ("per=fortnight", "per"),
        ("per=hour", "per"),
        ("from=2026-11-10&per=hour", "per"),
        ("model=no/such", "model"),
        ("model=A/ONE", "model"),
        ("model=%00", "model"),
        (f"model={'x' * 5_000}", "model"),
        ("provider=%00", "provider"),
        ("category=cheap", "category"),
        ("quality=%FF", "quality"),
        ("quality=%ED%A0%80", "quality"),
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("from=2026-1-1", "from"),
        ("from=%00", "from"),
        ("from=%D9%A2026-11-10", "from"),
        ("from=20261110", "from"),
        ("from=2026-W45-1", "from"),
        ("from=0001-01-01", "from"),
        ("from=2019-12-31", "from"),
        ("to=9999-12-31", "to"),
        ("to=2026-11-20", "to"),
        ("from=2026-11-10&to=2026-11-09", "to"),
        ("format=xml", "format"),
        ("colour=red", "__all__"),
        ("%00=%00", "__all__"),
    ],
)
def test_what_is_no_good_is_told_beside_its_field_and_left_out(query, field):
    form = read(query)
    chosen = form.chosen()

    assert list(form.errors) == [field]
    assert field not in chosen.asked
    assert all(len(message) < 150 for [message] in form.errors.values())
    assert chosen.window.start < chosen.window.end
    assert "\0" not in str(form.errors)


@pytest.mark.parametrize(
    ("query", "range_text", "per"),
    [
        ("", "2026-10-20 to 2026-11-18", Per.DAY),
        ("range=7d", "2026-11-12 to 2026-11-18", Per.DAY),
        ("range=24h", "2026-11-17 14:00 to 2026-11-18 14:00", Per.HOUR),
        ("range=1y&per=month", "2025-11-01 to 2026-11-18", Per.MONTH),
        ("from=2026-11-17", "2026-11-17 to 2026-11-18", Per.HOUR),
        ("from=2026-11-19", "2026-11-19", Per.HOUR),
        ("to=2026-11-08", "2026-10-10 to 2026-11-08", Per.DAY),
        ("to=2020-01-03", "2020-01-01 to 2020-01-03", Per.HOUR),
        ("from=2026-11-08&to=2026-11-08&range=7d&per=", "2026-11-08", Per.HOUR),
        ("from=2020-01-01&to=2026-11-18", "2020-01-01 to 2026-11-18", Per.MONTH),
        (
            "from=&to=&model=&provider=&category=&quality=&per=&range=&format=",
            "2026-10-20 to 2026-11-18",
            Per.DAY,
        ),
    ],
)
def test_the_range_and_its_periods_are_chosen(query, range_text, per):
    form = read(query)
    chosen = form.chosen()

    assert form.errors == {}
    assert (window_text(chosen.window), chosen.per) == (range_text, per)


def test_what_was_asked_can_be_asked_again():
    chosen = read(
        "from=2026-11-08&range=7d&model=a/one&quality=high&colour=red&provider=no&format=csv"
    ).chosen()

    assert chosen.address() == "?from=2026-11-08&quality=high&model=a%2Fone"
    assert chosen.address(model=None, range="7d") == "?from=2026-11-08&quality=high&range=7d"
    assert read(chosen.address()[1:]).chosen().asked == chosen.asked


def test_of_one_model_nobody_chooses_among_models():
    one = AIModel(pk=7, model_id="a/one")
    form = read("model=a/two&provider=Luma", one=one)

    assert form.chosen().model is one
    assert set(form.errors) == {"__all__"}


def test_many_wrong_names_are_not_all_told():
    form = read("&".join(f"{i}=1" for i in range(500)))

    assert len(form.non_field_errors()) <= 11
