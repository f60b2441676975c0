"""What entries tell, in sentences."""

from decimal import Decimal
from typing import Any

import pytest

from models_registry import services
from models_registry.audit import ledger, wording
from models_registry.audit.models import AuditEntry
from pricing import services as pricing
from tests.factories import AIModelFactory, QualityTierFactory, rate, untraced

pytestmark = pytest.mark.django_db

LONG = "A very long description. " * 20


def last() -> AuditEntry:
    return AuditEntry.objects.latest("at", "number")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"cost_per_second": "0.75"}, {"cost_per_second": "0.5"}, ["$ per second: 0.75 → 0.5"]),
        ({"is_premium": False}, {"is_premium": True}, ["now premium"]),
        ({"is_active": True}, {"is_active": False}, ["no longer active"]),
        ({"category": None}, {"category": "budget"}, ["category: none → budget"]),
        ({"version": "2"}, {"version": ""}, ["version: 2 → none"]),
        ({"tags": ["a", "b"]}, {"tags": ["b", "c", "d"]}, ["tags: added c, d; removed a"]),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, ["tags: a, b → b, a"]),
        ({"supported_durations": [5]}, {"supported_durations": [5, 9]}, ["durations: added 9"]),
        (
            {"model_parameters": {"a": {"b": 1, "c": True}, "x": []}},
            {"model_parameters": {"a": {"b": 2, "c": 1}, "y": "z"}},
            [
                "model parameters: a.b changed: 1 → 2",
                "model parameters: a.c changed: yes → 1",
                "model parameters: x removed: none",
                "model parameters: y added: z",
            ],
        ),
        ({"requirements": {"n": "1"}}, {"requirements": {"n": 1}}, ['requirements: n changed: "1" → 1']),
        (
            {"deprecated_at": None},
            {"deprecated_at": "2026-01-02T03:04:05.678Z"},
            ["deprecated at: none → 2026-01-02 03:04:05 UTC"],
        ),
        ({"name": "2026-99-02T03:04:05Z"}, {"name": "x"}, ["name: 2026-99-02T03:04:05Z → x"]),
        ({"name": "a  b"}, {"name": "a b"}, ['name: …"a  b" → …"a b"']),
        ({"gone_column": 1}, {}, ["gone column: 1 → none"]),
        ({"name": "x"}, {"name": "x"}, []),
    ],
)
def test_a_change_is_told_field_by_field(before: Any, after: Any, told: list[str]) -> None:
    assert wording.differences("model", before, after) == told


def test_long_texts_are_shown_where_they_differ() -> None:
    [sentence] = wording.differences("model", {"description": LONG}, {"description": f"{LONG}The end."})
    assert sentence.endswith('description. The end."')
    assert len(sentence) < 200


def test_an_object_that_changed_everywhere_is_cut() -> None:
    after = {"model_parameters": {f"k{n:02}": n for n in range(40)}}
    told = wording.differences("model", {"model_parameters": {}}, after)
    assert len(told) == 11
    assert told[-1] == "model parameters: and 30 more"


def test_fields_stand_in_the_order_of_their_table() -> None:
    names = ["tags", "name", "zzz", "cost_per_second"]
    state = dict.fromkeys(names, 1)
    assert wording.in_order("model", state) == ["name", "cost_per_second", "tags", "zzz"]


def test_a_new_model_is_told_in_short() -> None:
    AIModelFactory(name="Ray", tags=["fast"])
    assert wording.deed(last()) == "model created"
    assert wording.sentences(last()) == [
        "name Ray, provider Acme, $ per second 0.18, durations 5, 9, qualities standard, high, ultra"
    ]


def test_rates_are_told_with_their_quality() -> None:
    model = AIModelFactory()
    rate(model, "high", "0.4")
    assert wording.headline(last()) == "rate created: $ per second in high 0.4"
    gone = rate(model, "high", "0.5")
    assert wording.headline(last()) == "rate changed: $ per second in high: 0.4 → 0.5"
    pricing.remove_rate(gone)
    assert wording.headline(last()) == "rate deleted: $ per second in high 0.5"


def test_a_headline_says_how_much_more_there_is() -> None:
    services.revise(AIModelFactory(), {"name": "New", "cost_per_second": Decimal(1), "is_premium": True})
    assert wording.headline(last()).endswith("→ New (and 2 more)")


def test_services_are_called_by_their_names() -> None:
    AIModelFactory()
    services.retire(AIModelFactory())
    assert wording.deed(last()) == "model retired"


def test_what_changed_nothing_tells_its_facts() -> None:
    ledger.record_event("sign_in_refused", subject="ada", method="password", tries=3)
    assert wording.deed(last()) == "sign in refused"
    assert wording.sentences(last()) == ["method: password", "tries: 3"]
    ledger.record_event("export")
    assert wording.headline(last()) == "export"


@pytest.mark.parametrize("text", ["{", "[]", "null"])
def test_an_entry_that_can_not_be_read_is_no_accident(text: str) -> None:
    QualityTierFactory()
    untraced(AuditEntry).update(after=text, before=text)
    assert wording.sentences(last()) == []
    assert wording.headline(last()) == "quality tier created"
