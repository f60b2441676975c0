"""An import writes its rows in few statements, and leaves what it leaves when it writes each by itself."""

import re
from typing import Any

import pytest

from models_registry.audit import storing
from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.errors import ConfirmationRequired
from models_registry.models import AIModel
from tests.both_ways import left_by, queries_of
from tests.exchange.files import complete_row, file_of, import_file, import_models, problems_of
from tests.factories import standard_policy
from videoai.exchange import importing
from videoai.exchange.importing import import_rows
from videoai.exchange.reader import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]

CLIP = {"amount": "2", "unit": "clip", "note": "With % and 'quotes'"}
STANDING = [
    complete_row("acme/leads"),
    complete_row("acme/rates", rates={"standard": "0.2", "*+audio": "0.3", "standard+audio": "0.25"}),
    complete_row("acme/price", rates={"*": "0.2"}),
    complete_row("acme/loses", rates={"standard": "0.2", "*": "0.3"}),
    complete_row("acme/retires"),
    complete_row("acme/same", rates={"standard": "0.2"}),
]
FILE = [
    complete_row("acme/new", tags=["fast"], rates={"standard": CLIP, "*": "0.4"}),
    complete_row("acme/heir", successor="acme/new"),
    complete_row("acme/claims", is_default=True),
    complete_row("acme/sound", rates={"*+audio": "0.3", "standard": "0.2", "standard+audio": "0.25"}),
    complete_row("acme/rates", rates={"standard": "0.22", "*+audio": "0.3", "standard+audio": "0.25"}),
    {"model_id": "acme/price", "cost_per_second": "0.2"},
    complete_row("acme/loses", rates={"standard": "0.2"}),
    {"model_id": "acme/retires", **Status.RETIRED.flags},
    complete_row("acme/same", rates={"standard": "0.2"}),
    complete_row("acme/draft", is_active=False),
]


@pytest.fixture(autouse=True)
def policy() -> None:
    standard_policy()


def left_by_import(content: bytes) -> dict[str, Any]:
    """As `left_by`, but for when models were created, which the database's clock says, and trails repeat."""
    left = left_by(lambda: import_rows(read(content), confirmed=True))
    for entry in left["entries"]:
        del entry["digest"]
        entry["after"] = re.sub(r'"created_at":"[^"]+"', "", entry["after"] or "")
    del left["heads"]
    return left


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_done_at_once", lambda *_: False)


@pytest.mark.parametrize("rows", [2, 200])
def test_it_leaves_the_same_both_ways(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "ROWS_A_STATEMENT", rows)
    import_models(*STANDING)
    before = AuditEntry.objects.count()
    at_once = left_by_import(file_of(*FILE))
    one_by_one(monkeypatch)
    assert left_by_import(file_of(*FILE)) == at_once
    assert len(at_once["entries"]) > before + len(FILE)


def test_new_models_have_rates_also_after_one_that_only_changes_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import_models(*STANDING)
    file = file_of(
        complete_row("acme/same", rates={"standard": "0.21"}),
        complete_row("acme/new", rates={"standard": "0.2"}),
    )
    at_once = left_by_import(file)
    one_by_one(monkeypatch)
    assert left_by_import(file) == at_once


def test_the_first_of_a_file_becomes_the_default_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [complete_row(f"acme/{n}", is_active=n > 0) for n in range(4)]
    at_once = left_by_import(file_of(*rows))
    one_by_one(monkeypatch)
    assert left_by_import(file_of(*rows)) == at_once
    assert [row["is_default"] for row in at_once["models"]] == [False, True, False, False]


@pytest.mark.parametrize(
    "wrong",
    [
        complete_row("acme/new", max_duration=1),
        complete_row("acme/new", is_default="yes"),
        complete_row("acme/new", successor="acme/nobody"),
        complete_row("ACME/SAME"),
        complete_row("acme/leads", is_active=False),
        complete_row("acme/retires", cost_per_second="9"),
        complete_row("acme/same", rates={"standard": "9"}),
    ],
)
def test_one_that_is_refused_is_told_as_by_itself(
    wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_models(*STANDING)
    entries = AuditEntry.objects.count()
    rows = file_of(complete_row("acme/first"), wrong, complete_row("acme/last"))
    at_once = problems_of(rows)
    one_by_one(monkeypatch)
    assert problems_of(rows) == at_once
    assert {problem.line for problem in at_once} == {3}
    assert AuditEntry.objects.count() == entries
    assert not AIModel.objects.filter(model_id="acme/first").exists()


def test_prices_that_move_far_are_told_of_each_row() -> None:
    import_models(*STANDING)
    far = [{"model_id": f"acme/{name}", "cost_per_second": "9"} for name in ("leads", "same", "price")]
    told = problems_of(file_of(*far, complete_row("acme/new")))
    assert [(problem.line, problem.code) for problem in told] == [
        (2, ConfirmationRequired.code),
        # The standing rates cover the price of the other two.
    ]


def test_more_rows_cost_no_more_queries() -> None:
    def import_new(number: int) -> int:
        rows = [complete_row(f"acme/{n}", rates={"standard": "0.2", "*": "0.3"}) for n in range(number)]
        content = file_of(*rows)
        return queries_of(lambda: import_file(content))

    few = import_new(3)
    assert import_new(9) == few == 23


def test_more_new_prices_cost_no_more_queries() -> None:
    import_models(*(complete_row(f"acme/{n}") for n in range(20)))

    def change(number: int) -> int:
        content = file_of(*({"model_id": f"acme/{n}", "cost_per_second": "0.2"} for n in range(number)))
        return queries_of(lambda: import_file(content))

    few = change(3)
    assert change(20) == few == 29
