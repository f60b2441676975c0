"""Rates set by hand that say more than so many dollars a second in one quality, in files."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from models_registry.audit.models import AuditEntry
from models_registry.errors import CatalogueError
from models_registry.models import AIModel, CatalogueRevision
from pricing.models import Layer, Rate, Unit
from pricing.services import put_rate
from tests import factories
from tests.exchange.files import complete_row, faults_of, file_of, import_file, import_models, problems_of
from tests.factories import AIModelFactory, QualityTierFactory, untraced
from videoai.exchange.exporting import export
from videoai.exchange.table import read_table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]

# In the order of an export; every place, every unit, and each detail alone and with others.
EVERY_KIND: dict[str, Any] = {
    "standard": {"amount": "0.3", "note": "Said by Ada.\n“Until May”"},
    "high": {"amount": "0.000000001", "unit": "megapixel_second"},
    "720p": "0.4",
    "720p-audio": {"amount": "2", "unit": "clip"},
    "720p+audio": {
        "amount": "3",
        "unit": "clip",
        "minimum_charge": "0.5",
        "source": "https://acme.test/prices",
        "source_fetched_at": "2026-05-04T03:02:01.000009Z",
        "note": "With sound",
    },
    "1080p": {"amount": "100", "minimum_charge": "1000"},
    "1080p-audio": "0.5",
    "1080p+audio": {"amount": "0.6", "source": "by phone"},
    "*": {"amount": "7", "unit": "unknown"},
}
# Of these, a rate for the sound alone would tie with each one for a quality alone.
ANY_SOUND: dict[str, Any] = {
    "*": {"amount": "0.2", "source_fetched_at": "2026-05-04T00:00:00Z"},
    "*-audio": "0.1",
    "*+audio": {"amount": "0.25", "minimum_charge": "0.000000001"},
}


def exported() -> str:
    return export(AIModel.objects.all()).text


def exported_rates() -> Any:
    [row] = json.loads(exported())["models"]
    return row["rates"]


def written(rates: Any) -> dict[str, str]:
    """Places and amounts of what stands once these rates have been imported for acme/a."""
    import_models({"model_id": "acme/a", "rates": rates})
    return {rate.place_name: rate.words for rate in Rate.objects.by_hand()}


def revision() -> int:
    return CatalogueRevision.objects.get().revision


@pytest.fixture
def model() -> AIModel:
    made: AIModel = AIModelFactory(model_id="acme/a")
    return made


# --- There and back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rates", [EVERY_KIND, ANY_SOUND])
def test_every_kind_of_rate_makes_the_way_out_and_back(rates: dict[str, Any]) -> None:
    import_models(complete_row("acme/a", rates=rates))
    before = exported()
    assert list(exported_rates().items()) == list(rates.items())
    untraced(Rate).all().delete()
    untraced(AIModel).all().delete()

    import_file(before.encode())

    assert exported() == before


@pytest.mark.parametrize("rates", [EVERY_KIND, ANY_SOUND])
def test_the_same_again_changes_nothing(rates: dict[str, Any]) -> None:
    import_models(complete_row("acme/a", rates=rates))
    before, entries = revision(), AuditEntry.objects.count()

    report = import_file(exported().encode())

    assert (report.changes, report.unchanged) == ([], 1)
    assert (revision(), AuditEntry.objects.count()) == (before, entries)


def test_all_that_is_said_is_stored() -> None:
    import_models(complete_row("acme/a", rates={"720p+audio": EVERY_KIND["720p+audio"]}))

    rate = Rate.objects.get()
    assert (rate.quality_id, rate.with_audio, rate.layer) == ("720p", True, Layer.OVERRIDE)
    assert (rate.unit, rate.amount, rate.minimum_charge) == (Unit.CLIP, Decimal(3), Decimal("0.5"))
    assert (rate.source, rate.note) == ("https://acme.test/prices", "With sound")
    assert rate.source_fetched_at == datetime(2026, 5, 4, 3, 2, 1, 9, tzinfo=UTC)


def test_plain_rates_are_written_as_ever(model: AIModel) -> None:
    factories.rate(model, "720p", "0.40")
    factories.rate(model, "high", "1")

    assert '"rates": {\n        "high": "1",\n        "720p": "0.4"\n      }\n' in exported()


def test_what_is_as_usual_may_be_said_and_is_not_written() -> None:
    usual = {"amount": 0.4, "unit": "second", "minimum_charge": 0, "source": "", "note": ""}
    import_models(complete_row("acme/a", rates={"720p": usual}))

    assert exported_rates() == {"720p": "0.4"}


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    said = {"amount": "1", "source_fetched_at": "2026-05-04T02:00:00+02:00"}
    import_models(complete_row("acme/a", rates={"*": said}))

    assert exported_rates()["*"]["source_fetched_at"] == "2026-05-04T00:00:00Z"


def test_what_a_price_list_says_stays_out_of_files_and_in_place(model: AIModel) -> None:
    for quality in (None, "720p"):
        values = {"quality_id": quality, "amount": Decimal(1), "unit": Unit.CLIP}
        put_rate(model, values, layer=Layer.UPSTREAM, confirmed=True)

    assert exported_rates() == {}
    assert written({}) == {}
    assert Rate.objects.upstream().count() == 2


def test_a_table_keeps_its_columns_for_plain_rates() -> None:
    import_models(complete_row("acme/a", rates=EVERY_KIND))

    table = read_table(AIModel.objects.all())

    names = [name for name in table.header if name.startswith("rates.")]
    assert names == [f"rates.{key}" for key in ("standard", "high", "ultra", "720p", "1080p")]
    assert table.cells(names) == [["0.3", "", "", "0.4", ""]]


# --- The whole set ---------------------------------------------------------------------------------------


def test_rates_that_are_left_out_of_a_row_stay(model: AIModel) -> None:
    written(EVERY_KIND)

    import_models({"model_id": "acme/a", "name": "After"})

    assert exported_rates() == EVERY_KIND


def test_an_empty_set_takes_every_rate_away(model: AIModel) -> None:
    written(EVERY_KIND)

    assert written({}) == {}


def test_a_decimal_takes_away_what_else_was_said(model: AIModel) -> None:
    written({"720p": {"amount": "2", "unit": "clip", "minimum_charge": "3", "source": "x", "note": "y"}})

    written({"720p": "2"})

    assert exported_rates() == {"720p": "2"}


def test_a_note_alone_can_change(model: AIModel) -> None:
    written({"*": {"amount": "2", "note": "Before"}})

    report = import_models({"model_id": "acme/a", "rates": {"*": {"amount": "2", "note": "After"}}})

    [change] = report.changes
    assert [(field.name, field.before, field.after) for field in change.fields] == [
        ("rates.*.note", "Before", "After")
    ]


SETS: list[dict[str, str]] = [
    {"720p": "1", "1080p": "1", "*-audio": "1", "720p-audio": "1", "1080p-audio": "1"},
    {"720p": "1", "*": "1"},
    {"*+audio": "1", "*-audio": "1"},
    {"720p": "1", "*+audio": "1", "720p+audio": "1"},
]


@pytest.mark.parametrize(("before", "after"), list(permutations(SETS, 2)))
def test_any_set_becomes_any_other_without_a_tie_halfway(
    model: AIModel, before: dict[str, str], after: dict[str, str]
) -> None:
    assert written(before) == before

    assert written(after) == after


def test_rates_without_sound_cost_one_query_more(model: AIModel, django_assert_num_queries: Any) -> None:
    written(EVERY_KIND)

    with django_assert_num_queries(5):
        exported()


# --- Faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "field", "told"),
    [
        (
            "8k+audio",
            "1",
            "",
            '"8k+audio" is no quality tier. There are: 1080p, 720p, high, standard, ultra. *',
        ),
        ("720p+sound", "1", "", '"720p+sound" is no quality tier.'),
        ("+audio", "1", "", '"+audio" is no quality tier.'),
        ("", "1", "", '"" is no quality tier.'),
        ("*+audio-audio", "1", "", '"*+audio-audio" is no quality tier.'),
        ("*", "cheap", "", '"cheap" is not a decimal number such as "0.4".'),
        ("*", ["1"], "", '["1"] is not a decimal number'),
        ("*", "0", "", '"0": A unit costs more than $0.'),
        ("*", {"unit": "clip"}, "", 'The "amount" is missing'),
        ("*", {"amount": "100.5"}, ".amount", '"100.5": A unit costs at most $100.'),
        ("*", {"amount": None}, ".amount", "null is not a decimal number"),
        ("*", {"amount": {"amount": "1"}}, ".amount", '{"amount": "1"} is not a decimal number'),
        ("*", {"amount": "1", "amuont": "1"}, ".amuont", "There are: amount, unit, minimum_charge, source,"),
        ("*", {"amount": "1", "currency": "EUR"}, ".currency", "A rate has no such field; leave it out."),
        ("*", {"amount": "1", "unit": "frame"}, ".unit", '"frame" is no unit. There are: second, clip, meg'),
        ("*", {"amount": "1", "unit": ["clip"]}, ".unit", '["clip"] is no unit.'),
        ("*", {"amount": "1", "unit": None}, ".unit", "null is no unit."),
        ("*", {"amount": "1", "minimum_charge": "-1"}, ".minimum_charge", '"-1": a minimum lies between $0'),
        ("*", {"amount": "1", "minimum_charge": "1000.1"}, ".minimum_charge", "and $1000, and has at most 9"),
        ("*", {"amount": "1", "minimum_charge": "1e-10"}, ".minimum_charge", '"1e-10": a minimum'),
        ("*", {"amount": "1", "minimum_charge": True}, ".minimum_charge", "true is not a decimal number"),
        ("*", {"amount": "1", "source": 7}, ".source", "7 is no text that can be stored."),
        ("*", {"amount": "1", "source": "x" * 501}, ".source", "has 501 characters. Shorten it to 500."),
        ("*", {"amount": "1", "note": "x" * 2_001}, ".note", "has 2,001 characters. Shorten it to 2,000."),
        ("*", {"amount": "1", "note": "\0"}, ".note", "is no text that can be stored."),
        (
            "*",
            {"amount": "1", "source_fetched_at": "yesterday"},
            ".source_fetched_at",
            '"yesterday" is no time',
        ),
        ("*", {"amount": "1", "source_fetched_at": "2026-05-04T03:02:01"}, ".source_fetched_at", "its zone"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_value(
    model: AIModel, place: str, value: Any, field: str, told: str
) -> None:
    written({"720p": {"amount": "2", "unit": "clip"}})
    before = revision()

    [problem] = problems_of(file_of({"model_id": "acme/a", "name": "After", "rates": {place: value}}))

    assert (problem.line, problem.field) == (2, f"rates.{place}{field}")
    assert told in problem.reason
    assert (revision(), exported_rates()) == (before, {"720p": {"amount": "2", "unit": "clip"}})


def test_every_fault_of_every_rate_is_told(model: AIModel) -> None:
    rates = {"8k": {"unit": "frame"}, "*": {"amount": "x", "note": 1}, "720p": "1"}

    assert faults_of({"model_id": "acme/a", "rates": rates}) == [
        (2, field) for field in ("rates.8k", "rates.8k.unit", "rates.8k", "rates.*.amount", "rates.*.note")
    ]


def test_a_field_that_stands_twice_is_refused(model: AIModel) -> None:
    content = file_of({"model_id": "acme/a", "rates": {"*": {"amount": 1}}})

    [problem] = problems_of(content.replace(b'"amount": 1', b'"amount": 1, "amount": 2'))

    assert problem.field == "rates"
    assert "stands twice" in problem.reason


def test_every_tie_is_told_with_what_settles_it(model: AIModel) -> None:
    written({"720p": "1"})
    rates = {"720p": "1", "1080p": "1", "*+audio": "1", "720p-audio": "1"}

    problems = problems_of(file_of({"model_id": "acme/a", "rates": rates}))

    assert {(problem.field, problem.code) for problem in problems} == {("rates.*+audio", "rate_tie")}
    assert [problem.reason.split(". ")[1] for problem in problems] == [
        f"Set a rate for {quality} with sound first." for quality in ("720p", "1080p")
    ]
    assert exported_rates() == {"720p": "1"}


@pytest.mark.parametrize(
    ("rates", "fields"),
    [
        ({"720p": "0.6", "*": {"amount": "0.7"}}, ["rates.720p", "rates.*.amount"]),
        ({"720p+audio": {"amount": "0.7", "note": "x"}}, ["rates.720p+audio.amount"]),
    ],
)
def test_every_rate_above_the_policys_limit_is_told(
    model: AIModel, rates: dict[str, Any], fields: list[str]
) -> None:
    factories.standard_policy(max_cost_per_second=Decimal("0.5"))
    rows = [complete_row("acme/b", rates=rates), {"model_id": "acme/a", "rates": rates}]

    assert faults_of(*rows) == [(line, field) for line in (2, 3) for field in fields]
    assert not Rate.objects.exists()


# --- A tier whose key ends like a place ------------------------------------------------------------------


def test_a_tier_called_like_a_place_keeps_its_rate(model: AIModel) -> None:
    QualityTierFactory(key="720p-audio")
    written({"720p-audio": "1"})

    assert Rate.objects.get().quality_id == "720p-audio"
    assert exported_rates() == {"720p-audio": "1"}


def test_what_would_be_read_as_another_place_is_not_exported(model: AIModel) -> None:
    QualityTierFactory(key="720p-audio")
    put_rate(model, {"quality_id": "720p", "with_audio": False, "amount": Decimal(1)})

    with pytest.raises(CatalogueError, match='"720p-audio" would mean two things'):
        exported()
    with pytest.raises(CommandError, match="Remove the rate for the latter, or the tier"):
        call_command("export_models")


# --- Told and confirmed ----------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., list[str]]:
    def run_(rates: Any, **options: Any) -> list[str]:
        path, out = tmp_path / "models.json", io.StringIO()
        path.write_bytes(file_of({"model_id": "acme/a", "rates": rates}))
        call_command("import_models", str(path), stdout=out, stderr=io.StringIO(), **options)
        return [line.removeprefix("~ acme/a  ") for line in out.getvalue().splitlines()]

    return run_


def test_a_rehearsal_tells_what_rates_say(model: AIModel, run: Callable[..., list[str]]) -> None:
    written({"*": {"amount": "0.05", "unit": "megapixel_second", "source": "Old"}, "720p": "0.4"})
    rates = {
        "720p": {"amount": "0.4", "minimum_charge": "1", "note": "At least a dollar"},
        "720p+audio": {"amount": "2", "unit": "clip"},
    }

    assert run(rates, dry_run=True)[:-1] == [
        "rates.720p: 0.4 → 0.4, at least 1",
        'rates.720p.note: (none) → "At least a dollar"',
        "rates.720p+audio: (none) → 2 per clip",
        "rates.*: 0.05 per megapixel second → (removed)",
        'rates.*.source: "Old" → (removed)',
    ]
    assert list(exported_rates()) == ["720p", "*"]


def test_rates_that_move_prices_far_have_to_be_confirmed(
    model: AIModel, run: Callable[..., list[str]]
) -> None:
    factories.standard_policy()
    rates = {"*": {"amount": "90", "unit": "clip"}}

    with pytest.raises(CommandError, match="1 problem in 1 of 1 row"):
        run(rates)
    assert not Rate.objects.exists()

    assert run(rates, confirm=True)[0] == "rates.*: (none) → 90 per clip"


def test_all_the_rates_of_a_row_are_one_change() -> None:
    factories.standard_policy()
    clip = {"amount": "90", "unit": "clip"}
    import_models(complete_row("acme/a", rates={"*": clip}))

    # Between the removal of the one and the arrival of the other, prices would be a hundredth.
    assert written({"standard": clip}) == {"standard": "90 per clip"}
