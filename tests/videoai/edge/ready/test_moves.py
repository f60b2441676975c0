import json

import pytest

from videoai.edge.ready.addresses import read
from videoai.edge.ready.moves import UNKNOWN, Effect, Move, effect, model_of

MODEL = {
    "model_id": "a/b",
    "name": "Ann",
    "description": "",
    "provider": "Acme",
    "category": "budget",
    "tags": ["fast"],
    "status": "active",
    "is_premium": False,
    "is_default": False,
    "cost_per_second": "0.18",
    "supported_durations": [5, 9],
    "supported_qualities": ["high"],
    "created_at": "2026-01-01T00:00:00Z",
    "version": "1",
}
NONE, CONTENT, MEMBERS = Effect.NONE, Effect.CONTENT, Effect.MEMBERS
LISTED = "models/"


def changed(**fields):
    return {**MODEL, **fields}


@pytest.mark.parametrize(
    ("address", "before", "after", "expected"),
    [
        (LISTED, MODEL, changed(version="2"), CONTENT),
        (LISTED, MODEL, MODEL, CONTENT),
        (LISTED, MODEL, changed(name="Bea"), MEMBERS),
        (LISTED, MODEL, None, MEMBERS),
        (LISTED, None, MODEL, MEMBERS),
        (LISTED, None, None, NONE),
        (LISTED, UNKNOWN, MODEL, MEMBERS),
        (LISTED, MODEL, UNKNOWN, MEMBERS),
        (LISTED, MODEL, changed(status="deprecated"), MEMBERS),
        (LISTED, changed(status="deprecated"), None, NONE),
        (LISTED, changed(status="deprecated"), MODEL, MEMBERS),
        ("models/?provider=Bolt", MODEL, changed(provider="Bolt"), MEMBERS),
        ("models/?provider=Bolt", MODEL, changed(name="Bea"), NONE),
        ("models/?provider=acme", MODEL, None, NONE),
        ("models/?category=premium", MODEL, changed(category=None), NONE),
        ("models/?tag=fast", MODEL, changed(tags=[]), MEMBERS),
        ("models/?tag=fast", MODEL, changed(tags=["fast", "new"]), MEMBERS),
        ("models/?tag=fast&tag=new", MODEL, None, NONE),
        ("models/?quality=ultra", MODEL, changed(supported_qualities=["ultra"]), MEMBERS),
        ("models/?duration=8", MODEL, changed(supported_durations=[5]), NONE),
        ("models/?duration=05", MODEL, changed(supported_durations=[9]), MEMBERS),
        ("models/?is_premium=true", MODEL, changed(version="2"), NONE),
        ("models/?is_premium=false", MODEL, changed(is_premium=True), MEMBERS),
        ("models/?max_cost_per_second=0.1", MODEL, changed(cost_per_second="0.05"), MEMBERS),
        ("models/?max_cost_per_second=0.1", MODEL, changed(version="2"), CONTENT),
        ("models/?search=x", MODEL, changed(description="x"), MEMBERS),
        ("models/?search=x", MODEL, changed(version="x"), CONTENT),
        ("models/?ordering=-cost_per_second", MODEL, changed(name="Bea"), CONTENT),
        ("models/?ordering=-cost_per_second", MODEL, changed(cost_per_second="1"), MEMBERS),
        ("models/?ordering=provider,name", MODEL, changed(name="Bea"), MEMBERS),
        ("models/premium/", MODEL, changed(name="Bea"), NONE),
        ("models/premium/", MODEL, changed(is_premium=True), MEMBERS),
        ("models/default/", MODEL, changed(name="Bea"), NONE),
        ("models/default/", MODEL, changed(is_default=True), MEMBERS),
        ("models/default/", UNKNOWN, MODEL, MEMBERS),
        ("pricing/matrix/?provider=Bolt", MODEL, changed(cost_per_second="1"), NONE),
        ("pricing/matrix/", MODEL, changed(cost_per_second="1"), CONTENT),
        ("pricing/compare/?quality=ultra&duration=5", MODEL, changed(cost_per_second="1"), NONE),
        ("pricing/compare/?quality=high&duration=5", MODEL, changed(cost_per_second="1"), CONTENT),
    ],
)
def test_what_a_move_does_to_a_list_that_shows_the_model(address, before, after, expected):
    path, _, query = f"/api/v1/{address}".partition("?")

    assert effect(read(path, query.encode()), Move("a/b", before, after), shows=True) is expected


def test_a_page_that_does_not_show_the_model_is_not_touched_by_what_it_tells():
    assert effect(read("/api/v1/models/", b"page=2"), Move("a/b", MODEL, MODEL), shows=False) is NONE


def test_of_a_model_only_what_decides_is_remembered():
    body = json.dumps({**MODEL, "model_parameters": {"a": "x" * 60_000}, "requirements": {}}).encode()

    assert model_of(body) == {name: value for name, value in MODEL.items() if name != "version"}
