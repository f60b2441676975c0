from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.values import decimal_text, parse_decimal, price_text, same, shown


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=0, max_value=100))
def test_money_survives_being_written_and_read(amount):
    text = decimal_text(amount)

    assert parse_decimal(text) == amount
    assert "e" not in text.lower()
    assert not (("." in text) and text.endswith(("0", ".")))


@given(st.text(max_size=30))
def test_any_text_is_a_decimal_or_a_value_error(text):
    try:
        number = parse_decimal(text)
    except ValueError:
        return
    assert number.is_finite()


@pytest.mark.parametrize("text", ["1.00000000000000000000000000001", "123456789012345678901234567890.5"])
def test_no_digit_is_rounded_away(text):
    assert decimal_text(parse_decimal(text)) == text


@pytest.mark.parametrize(
    "number", [Decimal("1e400"), Decimal("1e-999999"), Decimal("1" * 5_000)], ids=["large", "small", "long"]
)
def test_a_huge_number_comes_back_as_it_was(number):
    assert parse_decimal(number) is number


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (True, 1, False),
        ([True], [1], False),
        ({"a": [1, {"b": None}]}, {"a": [1.0, {"b": None}]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, 2], [2, 1], False),
        (Decimal("0.180"), Decimal("0.18"), True),
    ],
)
def test_values_are_compared_as_json_means_them(one, other, equal):
    assert same(one, other) is equal


@pytest.mark.parametrize("value", ["x" * 100, {"a": {1, 2}}, "\ud800", [[[[]]]]])
def test_whatever_is_quoted_is_short_and_printable(value):
    assert len(shown(value)) <= 60
    shown(value).encode()


def test_a_number_too_long_to_write_is_quoted_too():
    assert shown(10**5_000) == "int"


@pytest.mark.parametrize(
    ("value", "text"), [("12", "$12.00"), ("1.4", "$1.40"), ("0.480375", "$0.480375"), ("1E+3", "$1000.00")]
)
def test_a_price_is_told_exactly_and_with_its_cents(value, text):
    assert price_text(Decimal(value)) == text
