import json
from decimal import Decimal

import pytest

from tests.exchange.files import file_of
from videoai.exchange.located_json import DocumentError
from videoai.exchange.reader import read


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, '"format" is missing'),
        ({"models": [], "version": 1}, '"format" is missing'),
        ({"format": "netbox", "version": 1, "models": []}, 'the format is "netbox"'),
        ({"format": ["videoai-models"], "version": 1, "models": []}, "the format is"),
        ({"format": "videoai-models", "models": []}, '"version" is missing'),
        ({"format": "videoai-models", "version": 2, "models": []}, "version 2 is unknown"),
        ({"format": "videoai-models", "version": True, "models": []}, "version true is unknown"),
        ({"format": "videoai-models", "version": "1", "models": []}, 'version "1" is unknown'),
        ({"format": "videoai-models", "version": 1}, '"models" is missing'),
        ({"format": "videoai-models", "version": 1, "models": {}}, "has to be a list"),
        ({"format": "videoai-models", "version": 1, "models": [], "extra": 1}, '"extra" is unknown'),
    ],
)
def test_a_wrong_envelope_is_refused(document: dict[str, object], reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        read(json.dumps(document).encode())


def test_an_envelope_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(DocumentError, match='"models" stands twice'):
        read(b'{"format": "videoai-models", "version": 1, "models": [], "models": []}')


def test_the_keys_of_the_envelope_stand_in_any_order() -> None:
    rows = read(b'{"models": [{"model_id": "acme/a"}], "version": 1, "format": "videoai-models"}')

    assert [row.model_id for row in rows] == ["acme/a"]


def test_a_file_without_models_has_no_rows() -> None:
    assert read(file_of()) == []


def test_a_row_that_is_no_object_is_a_problem_of_that_row() -> None:
    good, bad = read(file_of({"model_id": "acme/a"}, 17))

    assert not good.problems
    assert [(problem.line, problem.reason) for problem in bad.problems] == [(3, "17 is no model: {…}.")]


def test_a_field_that_stands_twice_is_a_problem_of_that_field() -> None:
    content = file_of({"model_id": "acme/a"}).replace(b'"acme/a"', b'"acme/a", "name": "A", "name": "B"')
    (row,) = read(content)

    assert [(problem.model_id, problem.field) for problem in row.problems] == [("acme/a", "name")]


def test_a_price_list_is_read_exactly() -> None:
    (row,) = read(b'{"google/veo-3": {"costPerSecond": 0.1000000000000000055}}')

    assert row.is_price_update
    assert row.values == {
        "model_id": "google/veo-3",
        "cost_per_second": Decimal("0.1000000000000000055"),
    }


@pytest.mark.parametrize(
    ("price", "field"),
    [
        ("0.75", None),
        ("[]", None),
        ("{}", "costPerSecond"),
        ('{"costPerSecond": 1, "costPerSecond": 2}', "costPerSecond"),
        ('{"costPerSecond": NaN}', "costPerSecond"),
        ('{"costPerSecond": 1, "name": "x"}', "name"),
    ],
)
def test_anything_but_a_price_in_a_price_list_is_a_problem(price: str, field: str | None) -> None:
    rows = read(f'{{"acme/a": {{"costPerSecond": 1}},\n "acme/b": {price}}}'.encode())

    assert [(p.line, p.model_id, p.field) for row in rows for p in row.problems] == [(2, "acme/b", field)]
