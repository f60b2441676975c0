"""Figures as the pages tell them."""

from decimal import Decimal

import pytest

from models_registry.usage.admin.wording import (
    dollars_text,
    interval_text,
    percent_text,
    seconds_text,
    share_text,
)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (100.0, "100 %"),
        (33.333333, "33.3 %"),
        (99.94, "99.9 %"),
        (99.96, "99.96 %"),
        (99.9996, "> 99.999 %"),
        (0.04, "0.04 %"),
        (0.0001, "< 0.001 %"),
    ],
)
def test_a_rate_is_never_rounded_up_to_all_or_down_to_none(percent, expected):
    assert percent_text(percent) == expected


def test_a_share_of_nothing_is_not_known():
    assert (share_text(0, 0), share_text(0, 5), share_text(5, 5)) == ("–", "0 %", "100 %")


def test_an_interval_is_told_in_one():
    assert interval_text((93.81, 100.0)) == "93.8–100 %"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "–"),
        (0.0, "0.00 s"),
        (0.0421, "0.0421 s"),
        (0.9999, "1.00 s"),
        (9.999, "10.0 s"),
        (99.96, "100 s"),
        (86_400.0, "86,400 s"),
    ],
)
def test_a_time_has_three_digits(seconds, expected):
    assert seconds_text(seconds) == expected


@pytest.mark.parametrize(
    ("dollars", "expected"),
    [
        (None, "–"),
        (Decimal(0), "$0.00"),
        (Decimal("1234.567"), "$1,234.57"),
        (Decimal("0.0123456"), "$0.0123"),
        (Decimal("0.000000001"), "< $0.0001"),
    ],
)
def test_money_is_told_to_a_cent_or_finer(dollars, expected):
    assert dollars_text(dollars) == expected
