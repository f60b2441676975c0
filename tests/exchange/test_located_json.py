import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoai.exchange.located_json import DocumentError, Items, Members, Node, Value, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def plain(node: Node) -> Any:
    if isinstance(node, Value):
        return floats(node.content)
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.pairs}


def floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def only_value(text: str) -> Value:
    """The one field of the one row in `text`."""
    node = parse(f'{{"row": {{"field": {text}}}}}'.encode()).pairs[0][1]
    assert isinstance(node, Members)
    value = node.pairs[0][1]
    assert isinstance(value, Value)
    return value


@given(st.dictionaries(st.text(), JSON, max_size=4), st.sampled_from([None, 0, 3]))
def test_reads_what_the_standard_decoder_reads(document: dict[str, Any], indent: int | None) -> None:
    assert plain(parse(json.dumps(document, indent=indent).encode())) == document


def test_rows_and_their_fields_know_their_lines() -> None:
    models = parse(b'{"models": [\n\n  {"a": 1,\r\n   "b": 2},\n  3]}').pairs[0][1]

    assert isinstance(models, Items)
    first, second = models.items
    assert isinstance(first, Members)
    assert (models.line, first.line, second.line) == (1, 3, 5)
    assert [(key, value.line) for key, value in first.pairs] == [("a", 3), ("b", 4)]


def test_a_line_break_inside_a_text_is_no_line() -> None:
    models = parse(b'{"models": [{"a": "\\n\\n"},\n{"a": 1}]}').pairs[0][1]

    assert isinstance(models, Items)
    assert models.items[1].line == 2


def test_numbers_are_exact() -> None:
    assert only_value("0.1000000000000000055").content == Decimal("0.1000000000000000055")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "[1, NaN]"])
def test_what_is_no_json_number_is_complained_about(text: str) -> None:
    assert "is no JSON number" in only_value(text).complaints[0]


def test_a_key_that_stands_twice_is_complained_about_by_name() -> None:
    assert only_value('{"deep": [{"size": 1, "size": 1}]}').complaints == (
        "deep[0].size: This key stands twice.",
    )


@pytest.mark.parametrize("text", ["9" * 5_000, "1e99999999999999999999", "1e-99999999999999999999"])
def test_numbers_out_of_every_range_are_complained_about(text: str) -> None:
    assert len(only_value(text).complaints) == 1


def test_a_number_as_long_as_python_can_read_is_read() -> None:
    assert math.log10(only_value("9" * 4_300).content) == pytest.approx(4_300)


def test_nesting_is_complained_about_from_the_33rd_level() -> None:
    assert not only_value("[" * 32 + "]" * 32).complaints
    assert not only_value("[" * 31 + "1" + "]" * 31).complaints
    assert "at most 32 deep" in only_value("[" * 32 + "1" + "]" * 32).complaints[0]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "line 1, column 1"),
        (b"[]", "line 1, column 1"),
        (b'"text"', "line 1, column 1"),
        (b'{"a": 1', "too early"),
        (b'{"a": [1,\n 2', "line 2, column 3"),
        (b'{"a": [1,\n 2,]}', "line 2, column 4"),
        (b'{"a": {"b": 1,}}', "line 1, column 15"),
        (b'{"a" 1}', "line 1, column 6: Expecting :"),
        (b"{a: 1}", "line 1, column 2"),
        (b'{"a": "x\ny"}', "line 1, column 9"),
        (b'{"a": "x', "line 1, column 7"),
        (b'{"a": 1}\n{"b": 2}', "line 2, column 1"),
        (b'{"a": 1} garbage', "line 1, column 10"),
        (b'{"a":\n' + b"[" * 100_000, "line 2, column 2: JSON nested far too deep"),
        (b'{"a": ' + b'{"a": ' * 100_000, "line 1, column 13: JSON nested far too deep"),
        (b'{"a":\n "\xff"}', "line 2: byte 8 is not UTF-8"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(content: bytes, place: str) -> None:
    with pytest.raises(DocumentError, match=place):
        parse(content)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert plain(parse(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


def test_a_file_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videoai.exchange.located_json.MOST_BYTES", 10)

    with pytest.raises(DocumentError, match="Split it"):
        parse(b'{"a": "12345"}')
