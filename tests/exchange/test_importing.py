from decimal import Decimal
from typing import Any

import pytest

from models_registry.models import AIModel, CatalogueRevision
from pricing.models import Rate
from tests import factories
from tests.exchange.files import (
    complete_row,
    faults_of,
    file_of,
    import_file,
    import_models,
    problems_of,
)
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory
from videoai.exchange.diff import ABSENT
from videoai.exchange.importing import RowsRefused, import_rows, rehearse_import
from videoai.exchange.reader import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]


def stored(model_id: str) -> AIModel:
    return AIModel.objects.get(model_id=model_id)


def rates_of(model_id: str) -> dict[str, Decimal]:
    return dict(Rate.objects.filter(model__model_id=model_id).values_list("quality", "amount"))


def default_id() -> str:
    return AIModel.objects.default().get().model_id


def revision() -> int:
    return CatalogueRevision.objects.get().revision


# --- Models ----------------------------------------------------------------------------------------------


def test_an_unknown_id_becomes_a_new_model() -> None:
    report = import_models(complete_row("acme/a", cost_per_second="0.25", tags=["fast"]))

    assert stored("acme/a").cost_per_second == Decimal("0.25")
    assert stored("acme/a").tags == ["fast"]
    assert (report.created, report.changed, report.unchanged) == (1, 0, 0)


def test_fields_that_a_row_leaves_out_stay() -> None:
    AIModelFactory(model_id="acme/a", name="Before", cost_per_second="0.2", description="Stays.")

    report = import_models({"model_id": "acme/a", "name": "After"})

    assert (stored("acme/a").name, stored("acme/a").description) == ("After", "Stays.")
    assert stored("acme/a").cost_per_second == Decimal("0.2")
    (change,) = report.changes
    assert [(f.name, f.before, f.after) for f in change.fields] == [("name", "Before", "After")]


def test_a_row_that_changes_nothing_is_counted_and_leaves_the_catalogue_alone() -> None:
    AIModelFactory(model_id="acme/a", cost_per_second="0.18", supported_durations=[5, 9])
    before = revision()

    report = import_models(
        {"model_id": " acme/a ", "cost_per_second": 0.180, "supported_durations": [9, 5, 5]}
    )

    assert (report.created, report.changed, report.unchanged) == (0, 0, 1)
    assert revision() == before


@pytest.mark.parametrize("price", ["0.3", 0.3, "0.30"])
def test_money_is_a_text_or_a_number_and_exact(price: object) -> None:
    import_models(complete_row("acme/a", cost_per_second=price))

    assert stored("acme/a").cost_per_second == Decimal("0.3")


def test_a_new_model_needs_the_required_fields() -> None:
    faults = faults_of({"model_id": "acme/a", "name": "A", "provider": "Acme"})

    assert {field for _, field in faults} == {
        "description",
        "cost_per_second",
        "supported_durations",
        "supported_qualities",
        "replicate_model_id",
    }
    assert not AIModel.objects.exists()


def test_a_row_without_an_id_is_refused() -> None:
    assert faults_of({"name": "A"}, {"model_id": None}, {"model_id": 7}, {"model_id": " "}) == [
        (line, "model_id") for line in (2, 3, 4, 5)
    ]


def test_an_id_that_differs_in_case_only_is_refused_with_the_standing_one() -> None:
    AIModelFactory(model_id="acme/a", name="Before")

    (problem,) = problems_of(file_of({"model_id": "Acme/A", "name": "After"}))

    assert (problem.line, problem.model_id, problem.field) == (2, "Acme/A", "model_id")
    assert "acme/a" in problem.reason
    assert stored("acme/a").name == "Before"


@pytest.mark.parametrize("second", ["acme/a", "ACME/a"])
def test_an_id_that_stands_twice_is_refused_on_the_second_row(second: str) -> None:
    (problem,) = problems_of(file_of(complete_row("acme/a"), complete_row(second)))

    assert (problem.line, problem.field) == (3, "model_id")
    assert "line 2" in problem.reason
    assert not AIModel.objects.exists()


def test_an_id_that_stands_twice_on_one_line_is_refused_too() -> None:
    content = file_of(complete_row("acme/a"), complete_row("acme/a")).replace(b"\n", b" ")

    assert [problem.field for problem in problems_of(content)] == ["model_id"]


@pytest.mark.parametrize(
    "field",
    ["status", "created_at", "updated_at", "deprecated_at", "priced_at", "version_number", "id", "nmae"],
)
def test_fields_that_nobody_writes_are_refused(field: str) -> None:
    AIModelFactory(model_id="acme/a", name="Before")

    (problem,) = problems_of(file_of({"model_id": "acme/a", "name": "After", field: None}))

    assert problem.field == field
    assert "leave it out" in problem.reason
    assert stored("acme/a").name == "Before"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cost_per_second", "NaN"),
        ("cost_per_second", "0"),
        ("cost_per_second", 100.5),
        ("cost_per_second", "0.1234567891"),
        ("cost_per_second", True),
        ("name", ""),
        ("name", "\ud800"),
        ("tags", [["nested"]]),
        ("category", "luxury"),
        ("is_active", "yes"),
        ("is_default", None),
        ("max_duration", 4),
        ("max_duration", 10**4_000),
        ("supported_qualities", ["8k"]),
        ("supported_durations", [5.5]),
        ("model_parameters", []),
        ("requirements", {"huge": "x" * 70_000}),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused(field: str, value: Any) -> None:
    AIModelFactory(model_id="acme/a")
    before = revision()

    assert set(faults_of({"model_id": "acme/a", field: value})) == {(2, field)}
    assert revision() == before


def test_fields_that_contradict_each_other_are_refused() -> None:
    assert faults_of(complete_row("acme/a", fixed_duration=5)) == [(2, "fixed_duration")]


# --- All or nothing --------------------------------------------------------------------------------------


def test_every_fault_of_every_row_is_told_and_nothing_is_written() -> None:
    AIModelFactory(model_id="acme/old", name="Before")

    faults = faults_of(
        complete_row("acme/good"),
        complete_row("acme/bad", cost_per_second="x", provider="", nmae="Bad", rates={"8k": "x"}),
        {"model_id": "acme/old", "name": "After"},
        17,
        {"model_id": "acme/old/stats", "name": ""},
    )

    assert sorted(faults, key=str) == sorted(
        [
            (3, "cost_per_second"),
            (3, "provider"),
            (3, "nmae"),
            (3, "rates.8k"),
            (3, "rates.8k"),
            (5, None),
            (6, "model_id"),
            (6, "name"),
            (6, "description"),
            (6, "supported_durations"),
            (6, "supported_qualities"),
            (6, "cost_per_second"),
            (6, "provider"),
            (6, "replicate_model_id"),
        ],
        key=str,
    )
    assert stored("acme/old").name == "Before"
    assert AIModel.objects.count() == 1


def test_the_refusal_counts_the_bad_rows() -> None:
    with pytest.raises(RowsRefused, match="3 problems in 2 of 3 rows"):
        import_models(complete_row("acme/a"), 17, complete_row("acme/b", zip=1, zap=1))


def test_a_value_that_could_not_be_read_is_told_once() -> None:
    content = file_of(complete_row("acme/a", rates={"720p": "0.1"}))

    for value, place in ((b'"0.18"', ""), (b'"0.1"', "720p: ")):
        problems = problems_of(content.replace(value, b"NaN"))
        assert [problem.reason for problem in problems] == [f"{place}NaN is no JSON number."]


def test_a_rehearsal_tells_the_same_and_writes_nothing() -> None:
    AIModelFactory(model_id="acme/a", name="Before")
    rows = read(
        file_of({"model_id": "acme/a", "name": "After", "rates": {"720p": "1"}}, complete_row("acme/b"))
    )
    before = revision()

    rehearsed = rehearse_import(rows)

    assert (revision(), stored("acme/a").name, rates_of("acme/a")) == (before, "Before", {})
    assert rehearsed == import_rows(rows)
    assert revision() > before


def test_a_rehearsal_refuses_what_the_import_would_refuse() -> None:
    with pytest.raises(RowsRefused):
        rehearse_import(read(file_of({"model_id": "acme/a"})))


def test_progress_is_told_after_each_row() -> None:
    told: list[int] = []

    import_rows(read(file_of(*(complete_row(f"acme/{n}") for n in range(3)))), progress=told.append)

    assert told == [1, 2, 3]


# --- Rates -----------------------------------------------------------------------------------------------


def test_rates_that_are_given_become_the_only_ones() -> None:
    model = AIModelFactory(model_id="acme/a")
    for quality, price in {"720p": "0.4", "1080p": "0.5", "high": "0.6"}.items():
        factories.rate(model, quality, price)

    report = import_models({"model_id": "acme/a", "rates": {"1080p": 0.55, "high": "0.60", "ultra": "0.7"}})

    assert rates_of("acme/a") == {"1080p": Decimal("0.55"), "high": Decimal("0.6"), "ultra": Decimal("0.7")}
    (change,) = report.changes
    assert {(f.name, f.before, f.after) for f in change.fields} == {
        ("rates.720p", Decimal("0.4"), ABSENT),
        ("rates.1080p", Decimal("0.5"), Decimal("0.55")),
        ("rates.ultra", ABSENT, Decimal("0.7")),
    }


def test_a_rate_that_stays_keeps_its_time() -> None:
    rate = factories.rate(AIModelFactory(model_id="acme/a"), "720p", "0.4")

    import_models({"model_id": "acme/a", "rates": {"720p": "0.400", "1080p": "0.5"}})

    assert Rate.objects.get(quality="720p").priced_at == rate.priced_at


def test_rates_that_are_left_out_stay_and_an_empty_set_removes_them() -> None:
    factories.rate(AIModelFactory(model_id="acme/a"), "720p", "0.4")

    import_models({"model_id": "acme/a", "name": "After"})
    assert rates_of("acme/a") == {"720p": Decimal("0.4")}

    import_models({"model_id": "acme/a", "rates": {}})
    assert rates_of("acme/a") == {}


def test_a_new_model_comes_with_its_rates() -> None:
    import_models(complete_row("acme/a", rates={"720p": "100", "standard": "0.000000001"}))

    assert rates_of("acme/a") == {"720p": Decimal(100), "standard": Decimal("0.000000001")}


@pytest.mark.parametrize(
    ("rates", "field"),
    [
        ({"8k": "0.4"}, "rates.8k"),
        ({"720P": "0.4"}, "rates.720P"),
        ({"720p": "0"}, "rates.720p"),
        ({"720p": -1}, "rates.720p"),
        ({"720p": "100.1"}, "rates.720p"),
        ({"720p": "0.1234567891"}, "rates.720p"),
        ({"720p": "1e-99"}, "rates.720p"),
        ({"720p": "cheap"}, "rates.720p"),
        ({"720p": None}, "rates.720p"),
        ({"720p": True}, "rates.720p"),
        ({"720p": {}}, "rates.720p"),
        (None, "rates"),
        ([["720p", "0.4"]], "rates"),
    ],
)
def test_rates_that_break_a_rule_are_refused(rates: Any, field: str) -> None:
    factories.rate(AIModelFactory(model_id="acme/a"), "720p", "0.4")

    assert {fault for _, fault in faults_of({"model_id": "acme/a", "rates": rates})} == {field}
    assert rates_of("acme/a") == {"720p": Decimal("0.4")}


def test_a_rate_that_stands_twice_is_refused() -> None:
    content = file_of(complete_row("acme/a", rates={"720p": 1})).replace(
        b'"720p": 1', b'"720p": 1, "720p": 2'
    )

    (problem,) = problems_of(content)

    assert (problem.field, problem.reason) == ("rates", "720p: This key stands twice.")


def test_a_faulty_row_that_repeats_an_id_does_not_trip_over_the_rates() -> None:
    factories.rate(AIModelFactory(model_id="acme/a"), "720p", "0.4")
    row = {"model_id": "acme/a", "rates": {}}

    assert faults_of(row, row) == [(3, "model_id")]
    assert rates_of("acme/a") == {"720p": Decimal("0.4")}


# --- The default -----------------------------------------------------------------------------------------


def test_a_claim_moves_the_default_and_both_models_are_told() -> None:
    AIModelFactory(model_id="acme/a")
    AIModelFactory(model_id="acme/b")

    report = import_models({"model_id": "acme/b", "is_default": True})

    assert default_id() == "acme/b"
    assert [(c.model_id, c.fields[0].name, c.fields[0].after) for c in report.changes] == [
        ("acme/a", "is_default", False),
        ("acme/b", "is_default", True),
    ]


def test_false_leaves_the_default_where_it_is() -> None:
    rows = [complete_row("acme/a", is_default=False), complete_row("acme/b", is_default=False)]
    import_models(*rows)
    before = revision()

    report = import_models(*rows)

    assert default_id() == "acme/a"
    assert (report.unchanged, revision()) == (2, before)


def test_two_claims_are_refused_on_the_second_row() -> None:
    rows = [complete_row("acme/a", is_default=True), complete_row("acme/b", is_default=True)]

    (problem,) = problems_of(file_of(*rows))

    assert (problem.line, problem.field) == (3, "is_default")
    assert "line 2" in problem.reason


@pytest.mark.parametrize("leaving", [{"is_active": False}, {"is_deprecated": True}])
@pytest.mark.parametrize(
    "claimant", [complete_row("acme/new"), {"model_id": "acme/draft", "is_active": True}]
)
def test_the_default_may_leave_if_a_later_row_claims_the_flag(
    leaving: dict[str, bool], claimant: dict[str, Any]
) -> None:
    AIModelFactory(model_id="acme/a")
    AIModelFactory(model_id="acme/draft", is_active=False)

    import_models({"model_id": "acme/a", **leaving}, {**claimant, "is_default": True})

    assert default_id() == claimant["model_id"]
    assert stored("acme/a").status != "active"


@pytest.mark.parametrize(
    ("leaving", "field"), [({"is_active": False}, "is_active"), ({"is_deprecated": True}, "is_deprecated")]
)
def test_the_default_may_not_leave_without_an_heir(leaving: dict[str, bool], field: str) -> None:
    AIModelFactory(model_id="acme/a")
    AIModelFactory(model_id="acme/b")

    assert faults_of({"model_id": "acme/a", **leaving}) == [(2, field)]
    assert default_id() == "acme/a"


def test_a_draft_may_not_claim_the_default() -> None:
    AIModelFactory(model_id="acme/a")

    assert faults_of(complete_row("acme/b", is_active=False, is_default=True)) == [(2, "is_default")]


def test_of_a_claim_that_fails_only_the_claimant_is_blamed() -> None:
    AIModelFactory(model_id="acme/a")

    faults = faults_of(
        {"model_id": "acme/a", "is_active": False},
        complete_row("acme/b", is_default=True, cost_per_second="x"),
    )

    assert faults == [(3, "cost_per_second")]
    assert default_id() == "acme/a"


# --- Price lists -----------------------------------------------------------------------------------------


def test_a_price_list_changes_prices_exactly_and_nothing_else() -> None:
    AIModelFactory(model_id="acme/a", cost_per_second="0.2", name="Stays")

    import_file(b'{"acme/a": {"costPerSecond": 0.123456789}}')

    assert stored("acme/a").cost_per_second == Decimal("0.123456789")
    assert stored("acme/a").name == "Stays"


def test_a_price_list_creates_no_model() -> None:
    AIModelFactory(model_id="acme/a", cost_per_second="0.2")

    (problem,) = problems_of(b'{"acme/a": {"costPerSecond": 1},\n "acme/b": {"costPerSecond": 1}}')

    assert (problem.line, problem.model_id, problem.field) == (2, "acme/b", "model_id")
    assert stored("acme/a").cost_per_second == Decimal("0.2")


def test_a_price_out_of_range_is_told_under_the_name_in_the_file() -> None:
    AIModelFactory(model_id="acme/a")

    (problem,) = problems_of(b'{"acme/a": {"costPerSecond": 101}}')

    assert problem.field == "costPerSecond"


def test_an_id_that_stands_twice_in_a_price_list_is_refused() -> None:
    AIModelFactory(model_id="acme/a")

    (problem,) = problems_of(b'{"acme/a": {"costPerSecond": 1},\n "acme/a": {"costPerSecond": 2}}')

    assert (problem.line, problem.field) == (2, "model_id")


# --- At once ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_imports_at_once_queue() -> None:
    rows = read(
        file_of(complete_row("acme/a", rates={"720p": "0.4"}), complete_row("acme/b", is_default=True))
    )

    reports = at_once(lambda: import_rows(rows), threads=4)

    assert sorted((report.created, report.unchanged) for report in reports) == [(0, 2)] * 3 + [(2, 0)]
    assert default_id() == "acme/b"
    assert rates_of("acme/a") == {"720p": Decimal("0.4")}


# --- Prices that move far --------------------------------------------------------------------------------


@pytest.fixture
def priced() -> AIModel:
    factories.standard_policy()
    model: AIModel = AIModelFactory(model_id="acme/a", cost_per_second="0.2", supported_qualities=["720p"])
    return model


def test_a_row_that_moves_prices_far_is_refused_unless_that_is_confirmed(priced: AIModel) -> None:
    content = file_of({"model_id": "acme/a", "cost_per_second": "0.9"}, complete_row("acme/b"))

    (problem,) = problems_of(content)

    assert (problem.line, problem.code) == (2, "confirmation_required")
    assert "acme/a, 5 s in 720p: 66 → 297 credits (× 4.5). Import it with --confirm" in problem.reason
    assert stored("acme/a").cost_per_second == Decimal("0.2")
    assert import_rows(read(content), confirmed=True).changed == 1
    assert stored("acme/a").cost_per_second == Decimal("0.9")


def test_price_and_rates_of_a_row_are_one_change(priced: AIModel) -> None:
    import_models({"model_id": "acme/a", "cost_per_second": "0.9", "rates": {"720p": "0.2"}})

    (problem,) = problems_of(file_of({"model_id": "acme/a", "rates": {}}))
    assert problem.code == "confirmation_required"


def test_a_new_model_has_nothing_to_move_from(priced: AIModel) -> None:
    assert import_models(complete_row("acme/b", rates={"standard": "9"})).created == 1


def test_a_rate_above_the_policys_limit_is_told_by_its_name(priced: AIModel) -> None:
    factories.standard_policy(max_cost_per_second=Decimal("0.5"))

    rows = [complete_row("acme/b", rates={"720p": "0.6"}), {"model_id": "acme/a", "cost_per_second": "0.51"}]

    assert faults_of(*rows) == [(2, "rates.720p"), (3, "cost_per_second")]


class TestSuccessors:
    def test_a_successor_may_stand_below_the_model(self) -> None:
        import_models(
            complete_row("a/one", successor="a/two"),
            complete_row("a/two", successor="a/three"),
            complete_row("a/three", is_default=True),
        )

        assert [stored(f"a/{name}").successor for name in ("one", "two", "three")] == [
            "a/two",
            "a/three",
            None,
        ]
        assert default_id() == "a/three"

    def test_a_chain_can_be_turned_round_in_one_file(self) -> None:
        import_models(complete_row("a/one", successor="a/two"), complete_row("a/two"))

        import_models(complete_row("a/two", successor="a/one"), complete_row("a/one", successor=None))

        assert (stored("a/one").successor, stored("a/two").successor) == (None, "a/one")

    def test_a_circle_is_refused_and_so_is_a_model_that_is_nowhere(self) -> None:
        rows = [complete_row("a/one", successor="a/two"), complete_row("a/two", successor="a/one")]

        assert "successor" in {field for _, field in faults_of(*rows)}
        assert faults_of(complete_row("a/one", successor="no/such")) == [(2, "successor")]

    def test_a_sunset_that_has_passed_is_a_fact_of_what_is_not_on_sale(self) -> None:
        passed = "2020-01-01T00:00:00Z"
        retired = complete_row("a/old", sunset_at=passed, is_active=False, is_deprecated=True)

        import_models(retired)

        assert stored("a/old").sunset_at is not None
        assert faults_of(complete_row("a/new", sunset_at=passed)) == [(2, "sunset_at")]
