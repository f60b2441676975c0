import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.choices import JSON_DEPTH
from models_registry.strict_json import (
    MOST_FAULTS,
    json_path,
    path_at,
    path_text,
    read_document,
    read_value,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def places(text: str) -> list[tuple[str, str]]:
    """Path and code of each fault of a document."""
    return [(path_text(fault.path), fault.code) for fault in read_document(text)[1]]


@given(JSON)
def test_what_is_good_json_is_read_as_it_stands(value: Any) -> None:
    assert read_value(json.dumps(value)) == (value, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.1", Decimal("0.1")), ("1e400", Decimal("1e400")), ("-0.0", Decimal("-0.0")), ("7", 7), ("-7", -7)],
)
def test_numbers_are_exact(text: str, value: Decimal | int) -> None:
    content, faults = read_value(text)

    assert (content, type(content), faults) == (value, type(value), [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": NaN}', ("a", "invalid")),
        ('{"a": -Infinity}', ("a", "invalid")),
        ('{"a": {"b": [1, Infinity]}}', ("a.b[1]", "invalid")),
        ('{"a": 1e999999999999999999999}', ("a", "invalid")),
        (f'{{"a": {"9" * 5_000}}}', ("a", "invalid")),
        (f'{{"a": 0.{"9" * 5_000}}}', ("a", "invalid")),
        ('{"a": 1, "a": 2}', ("a", "repeated")),
        ('{"a": [{"b": 1, "b": 1}]}', ("a[0].b", "repeated")),
        (r'{"a": "\ud800"}', ("a", "invalid_text")),
        (r'{"a": {"\udfff": 1}}', ('a."�"', "invalid_text")),
        ('{"a b": NaN}', ('"a b"', "invalid")),
        (f'{{"a": {"[" * 33}{"]" * 33}}}', ("a" + "[0]" * 32, "too_deep")),
        (f'{{"b": "[", "a": {"[" * 100_000}', ("a", "too_deep")),
        ('{"b": {"x": 1}, "a": ' + '{"c": ' * 100_000, ("a", "too_deep")),
        ("[" * 100_000, ("", "too_deep")),
    ],
)
def test_what_is_no_good_is_found_where_it_stands(text: str, found: tuple[str, str]) -> None:
    assert places(text) == [found]


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert read_value(r'"\ud83c\udfac"') == ("🎬", [])


@pytest.mark.parametrize("inner", ["[" * 32 + "]" * 32, "[" * 31 + "1" + "]" * 31])
def test_each_field_may_be_nested_32_deep(inner: str) -> None:
    assert places(f'{{"a": {inner}}}') == []


def test_all_faults_are_found_in_their_order() -> None:
    text = '{"a": NaN, "b": [Infinity, {"c": 1, "c": 2}], "d": "x"}'

    assert [place for place, _ in places(text)] == ["a", "b[0]", "b[1].c"]


def test_of_very_many_faults_the_first_are_found() -> None:
    assert len(places(f'{{"a": [{"NaN," * 10_000}1]}}')) == MOST_FAULTS


@pytest.mark.parametrize(
    "text", ["", "{", "{'a': 1}", '{"a": 1,}', '{"a": "x\ny"}', "١", "0x10", "1_0", "01"]
)
def test_what_is_no_json_is_an_error(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        read_value(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "$"),
        ("1,2", "$"),
        ('{"a":1,}', "$"),
        ('{"a" 1}', "$.a"),
        ('{"audio": {"tracks": [1, 2, x]}}', "$.audio.tracks[2]"),
        ('{"a": {"b": 1}, "c": ["]", "}"], "d": nope}', "$.d"),
        ('{"a": [{}, {"b c": }]}', '$.a[1]."b c"'),
        ('{"a": "],]],', "$.a"),
        ('{"a]],\n": 1}', "$"),
        ('{"a\\x]": 1}', "$"),
        ("[" * 900, "$" + "[0]" * JSON_DEPTH + "…"),
    ],
)
def test_broken_syntax_has_a_path(text: str, path: str) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    assert json_path(path_at(text, caught.value.pos)) == path
