"""Signatures: equal for equal quotes, another for every other, and nobody makes them without the key."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.quotes.services import hold
from pricing.quotes.signing import is_signed, signature
from tests.pricing.quotes.conftest import ASKED

SECRET = "s" * 40
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), TEXTS)
QUOTES = st.dictionaries(TEXTS, VALUES, max_size=6)


@given(QUOTES, QUOTES)
def test_other_content_has_another_signature(one: dict[str, Any], other: dict[str, Any]) -> None:
    are_same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (signature(one, secret=SECRET) == signature(other, secret=SECRET)) == are_same


@given(QUOTES, st.randoms())
def test_the_order_of_the_fields_does_not_matter(quote: dict[str, Any], random: Any) -> None:
    items = list(quote.items())
    random.shuffle(items)

    assert signature(dict(items), secret=SECRET) == signature(quote, secret=SECRET)


@pytest.mark.usefixtures("catalogue")
def test_each_field_of_a_quote_is_signed() -> None:
    held = hold(**ASKED)
    for name in held.signed:
        for value in (None, "other", 0, True):
            assert not is_signed({**held.signed, name: value}, held.signature) or held.signed[name] is value
        assert not is_signed({n: v for n, v in held.signed.items() if n != name}, held.signature)
    assert is_signed(held.signed, held.signature)


def test_it_takes_the_key_or_one_that_it_was_before(settings: Any) -> None:
    before = signature({"credits": 72})
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = SECRET

    assert signature({"credits": 72}) != before
    assert is_signed({"credits": 72}, before)
    settings.SECRET_KEY_FALLBACKS = []
    assert not is_signed({"credits": 72}, before)
