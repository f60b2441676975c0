"""What is read of the public map, and what is refused by name."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from models_registry.choices import JSON_DEPTH
from pricing.models import Unit
from pricing.upstream import litellm
from pricing.upstream.price_list import BASE, Entry, ListRefused, ListUnreadable, Price, Spot
from tests.pricing.upstream.lists import KEY, as_bytes, entry, map_of, raw_map

TIERS = {"standard", "480p", "720p", "1080p", "4k"}


def read(content: bytes) -> list[Entry]:
    return list(litellm.read(content, tiers=TIERS, source="prices.json").entries)


def problems(content: bytes) -> list[tuple[str, str]]:
    """Of the one entry: the field and the reason."""
    with pytest.raises(ListRefused) as refused:
        read(content)
    assert {problem.key for problem in refused.value.problems} == {KEY}
    return [(problem.field, problem.reason) for problem in refused.value.problems]


def unreadable(content: bytes) -> str:
    with pytest.raises(ListUnreadable) as refused:
        read(content)
    return str(refused.value)


@pytest.mark.parametrize("name", ["output_cost_per_second", "output_cost_per_video_per_second"])
def test_both_names_of_the_base_price_are_read(name: str) -> None:
    [found] = read(map_of(**{"output_cost_per_second": None, name: 0.3}))
    assert found.prices == {BASE: Price(Decimal("0.3"))}


def test_tiers_are_read_to_the_ninth_decimal() -> None:
    [found] = read(map_of(output_cost_per_second_480p=0.066003429, output_cost_per_second_4k=1.5))
    assert found.prices == {
        BASE: Price(Decimal("0.1")),
        Spot("480p"): Price(Decimal("0.066003429")),
        Spot("4k"): Price(Decimal("1.5")),
    }


def test_what_is_read_is_the_text_of_the_file_and_no_float() -> None:
    [found] = read(raw_map("0.100000003"))
    assert found.own_price == Decimal("0.100000003")


def test_exponents_are_read_as_what_they_mean() -> None:
    [found] = read(raw_map("5e-05"))
    assert found.own_price == Decimal("0.00005")


def test_without_a_base_price_the_lowest_tier_stands_in() -> None:
    [found] = read(
        map_of(output_cost_per_second=None, output_cost_per_second_4k=0.6, output_cost_per_second_720p=0.2)
    )
    assert found.own_price == Decimal("0.2")
    assert litellm.LOWEST_STANDS_IN in found.notes


def test_a_price_by_the_clip_keeps_its_unit() -> None:
    [found] = read(map_of(output_cost_per_second=None, output_cost_per_video=2))
    assert found.prices == {BASE: Price(Decimal(2), Unit.CLIP)}
    assert found.own_price is None


def test_the_comment_and_what_prices_here_do_not_say_are_noted() -> None:
    [found] = read(map_of(metadata={"comment": "At 720p."}, input_cost_per_image=0.01))
    assert found.note == "At 720p."
    assert found.notes == ["At 720p.", "Not taken over: input_cost_per_image 0.01"]


def test_the_day_of_deprecation_is_read() -> None:
    [found] = read(map_of(deprecation_date="2026-09-24"))
    assert found.deprecation_date == date(2026, 9, 24)


def test_models_of_other_kinds_are_skipped_and_counted() -> None:
    content = as_bytes({KEY: entry(), "a": {"mode": "chat"}, "b": {"mode": "chat"}, "c": {"mode": ["?"]}})
    assert litellm.read(content, tiers=TIERS, source="").skipped == {"chat": 2, "other": 1}


def test_entries_that_are_left_out_are_not_looked_at() -> None:
    content = as_bytes({KEY: entry(), "b": entry(output_cost_per_second=-1)})
    assert len(litellm.read(content, tiers=TIERS, source="", without={"b"}).entries) == 1


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("-0.1", "-0.1 is below 0."),
        ("0.1000000000000001", "0.1000000000000001 has more than 9 decimals, as sums of floats have."),
        ("1e-10", "1E-10 has more than 9 decimals"),
        ("1e999999999", "1E+999999999 is above $100"),
        ("1e-999999999", "1E-999999999 has more than 9 decimals"),
        ("1e9999999999999999999", "is out of every range"),
        ("100.01", "100.01 is above $100"),
        ("9" * 5_000, "too long"),
        ("true", "true is no decimal number"),
        ('"0,1"', "0,1 is no decimal number"),
        ("[0.1]", "is no decimal number"),
        ("NaN", "NaN is no JSON number"),
        ("Infinity", "Infinity is no JSON number"),
    ],
)
def test_what_can_be_no_price_is_named(price: str, reason: str) -> None:
    [(field, told)] = problems(raw_map(price))
    assert field == "output_cost_per_second"
    assert reason in told


def test_two_base_prices_that_differ_are_named() -> None:
    [(field, told)] = problems(map_of(output_cost_per_video_per_second=0.2))
    assert field == "output_cost_per_video_per_second"
    assert told == "It says 0.2, and another field for the same says 0.1."


def test_two_base_prices_that_agree_are_one() -> None:
    [found] = read(map_of(output_cost_per_video_per_second=0.1))
    assert found.own_price == Decimal("0.1")


def test_an_unknown_tier_is_named_with_the_ones_there_are() -> None:
    [(field, told)] = problems(map_of(output_cost_per_second_999p=1))
    assert field == "output_cost_per_second_999p"
    assert told.startswith('"999p" is no quality tier. Add it')
    assert told.endswith("There are: 1080p, 480p, 4k, 720p, standard.")


@pytest.mark.parametrize("currency", ["EUR", "usd", 7])
def test_other_currencies_are_named(currency: Any) -> None:
    [(field, told)] = problems(map_of(currency=currency))
    assert field == "currency"
    assert told == f"{json.dumps(currency)} is not read: prices here are in USD."


def test_an_entry_without_any_price_is_named() -> None:
    [(_, told)] = problems(map_of(output_cost_per_second=None))
    assert told.startswith("It has no price for its output.")


@pytest.mark.parametrize("day", ["soon", "2026-13-01", 20260924, True])
def test_what_is_no_day_is_named(day: Any) -> None:
    [(field, _)] = problems(map_of(deprecation_date=day))
    assert field == "deprecation_date"


def test_every_problem_is_told_at_once() -> None:
    told = problems(map_of(currency="EUR", deprecation_date="soon", output_cost_per_second=-1))
    assert [field for field, _ in told] == ["currency", "output_cost_per_second", "deprecation_date"]


def test_a_key_that_stands_twice_is_named() -> None:
    twice = f'{{"{KEY}": {{"mode": "video_generation", "mode": "chat"}}}}'
    assert problems(twice.encode()) == [("mode", "This key stands twice.")]


def test_a_model_that_stands_twice_is_named() -> None:
    one = json.dumps(entry())
    with pytest.raises(ListRefused) as refused:
        read(f'{{"sora-2": {one}, "sora-2": {one}}}'.encode())
    assert refused.value.problems == [("sora-2", "", "This key stands twice.")]


def test_a_truncated_list_is_refused_with_its_place() -> None:
    whole = map_of()
    for length in range(len(whole)):
        assert unreadable(whole[:length]).startswith("line 1, column")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[]", "A price map is a JSON object"),
        (b"{}", "None of 0 entries is of a video model"),
        (b'{"a": {"mode": "chat"}}', "None of 1 entries"),
        (b"\xff", "Byte 0 is not UTF-8."),
        (b" " * (litellm.MOST_BYTES + 1), "more than 20 MiB"),
    ],
)
def test_what_is_no_price_map_is_refused(content: bytes, told: str) -> None:
    assert told in unreadable(content)


@pytest.mark.parametrize("depth", [JSON_DEPTH + 5, 100_000])
def test_bottomless_nesting_is_refused(depth: int) -> None:
    with pytest.raises((ListRefused, ListUnreadable)):
        read(b'{"a": ' + b"[" * depth + b"]" * depth + b"}")


def test_texts_that_no_column_holds_are_mended() -> None:
    [found] = read(map_of(metadata={"comment": "a\0b\nc"}))
    assert found.note == "a\ufffdb c"
