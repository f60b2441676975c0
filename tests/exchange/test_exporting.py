import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, CatalogueRevision
from pricing.errors import CatalogueBusy
from pricing.models import Rate
from pricing.schedule.deeds import Deed
from pricing.schedule.models import Kind
from pricing.schedule.services import schedule
from tests import factories
from tests.exchange.files import import_file
from tests.factories import AIModelFactory, untraced
from tests.pricing.schedule.conftest import in_a_while, let_come
from videoai.exchange.exporting import export, write_whole

SAMPLE = Path(__file__).with_name("sample_models.json")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]


def exported() -> str:
    return export(AIModel.objects.all()).text


def exported_ids(*arguments: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    call_command("export_models", *arguments)
    return [row["model_id"] for row in json.loads(capsys.readouterr().out)["models"]]


@pytest.fixture
def one_of_each_status() -> dict[str, str]:
    """Ids by status."""
    flags = {
        "active": {},
        "draft": {"is_active": False},
        "deprecated": {"is_deprecated": True},
        "retired": {"is_active": False, "is_deprecated": True},
    }
    return {
        status: AIModelFactory(model_id=f"acme/{status}", **set_).model_id for status, set_ in flags.items()
    }


def test_every_field_makes_the_way_out_and_back() -> None:
    import_file(SAMPLE.read_bytes())

    assert exported() == SAMPLE.read_text(encoding="utf-8")


def test_an_export_restores_the_catalogue_in_an_empty_database() -> None:
    import_file(SAMPLE.read_bytes())
    before = exported()
    untraced(Rate).all().delete()
    untraced(AIModel).all().delete()

    report = import_file(before.encode())

    assert report.created == 3
    assert exported() == before


def test_importing_an_unchanged_export_changes_nothing() -> None:
    import_file(SAMPLE.read_bytes())
    before = CatalogueRevision.objects.get().revision

    report = import_file(exported().encode())

    assert (report.changes, report.unchanged) == ([], 3)
    assert CatalogueRevision.objects.get().revision == before


def test_an_empty_catalogue_is_exported_as_no_models() -> None:
    assert json.loads(exported()) == {"format": "videoai-models", "version": 1, "models": []}
    assert import_file(exported().encode()).unchanged == 0


def test_the_number_of_queries_does_not_grow(django_assert_num_queries: Any) -> None:
    for _ in range(3):
        factories.rate(AIModelFactory(), "720p", "0.4")

    with django_assert_num_queries(4):
        exported()


@pytest.fixture
def disturb() -> Iterator[list[Any]]:
    """Functions to call, one at each query for rates: somebody commits between the two readings."""
    disturbances: list[Any] = []

    def wrap(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if 'FROM "rates"' in sql and disturbances:
            disturbances.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrap):
        yield disturbances


def test_models_and_rates_are_of_one_moment(disturb: list[Any]) -> None:
    model = AIModelFactory(model_id="acme/a", name="Before")

    def change_both() -> None:
        services.revise(model, {"name": "After"})
        factories.rate(model, "720p", "0.4")

    disturb.append(change_both)
    (row,) = json.loads(exported())["models"]

    assert (row["name"], row["rates"]) == ("After", {"720p": "0.4"})


def test_a_catalogue_that_never_rests_is_not_exported(disturb: list[Any]) -> None:
    model = AIModelFactory()
    disturb += [lambda n=n: services.revise(model, {"name": f"Name {n}"}) for n in range(20)]

    with pytest.raises(CatalogueBusy):
        exported()


# --- The command -----------------------------------------------------------------------------------------


def test_all_statuses_are_exported_in_the_order_of_their_ids(
    one_of_each_status: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported_ids(capsys=capsys) == sorted(one_of_each_status.values())


@pytest.mark.parametrize(
    "arguments", [["--status", "retired,draft"], ["--status", "retired", "--status", "draft"]]
)
@pytest.mark.usefixtures("one_of_each_status")
def test_statuses_can_be_chosen(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert exported_ids(*arguments, capsys=capsys) == ["acme/draft", "acme/retired"]


@pytest.mark.parametrize("status", ["Active", "gone", "active,", ""])
def test_an_unknown_status_is_refused_with_those_there_are(status: str) -> None:
    with pytest.raises(CommandError, match="draft, active, deprecated, retired"):
        call_command("export_models", "--status", status)


@pytest.mark.parametrize("option", [[], ["--output"]])
def test_an_export_goes_to_a_file(option: list[str], tmp_path: Path) -> None:
    AIModelFactory(name="Größe")
    target = tmp_path / "models.json"

    call_command("export_models", *option, str(target))

    assert target.read_text(encoding="utf-8") == exported()
    assert "Größe" in exported()
    assert exported().endswith("}\n")


def test_a_failing_export_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "models.json"
    target.write_text("old")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(CommandError, match="No space left on device"):
        call_command("export_models", str(target))

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_replaced_file_keeps_its_mode_and_a_link_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "models.json", tmp_path / "link.json"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)

    write_whole(link, "new")

    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_nothing_but_a_file_is_replaced(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no regular file"):
        call_command("export_models", str(tmp_path))

    assert tmp_path.is_dir()


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("export_models", str(tmp_path / "missing" / "models.json"))


# --- What the trail tells of it --------------------------------------------------------------------------


def trail() -> list[tuple[str, str, dict[str, Any]]]:
    """Who, what and the facts of every export."""
    entries = AuditEntry.objects.filter(action="exported").order_by("number")
    return [(entry.actor_kind, entry.subject, json.loads(entry.facts)) for entry in entries]


@pytest.mark.usefixtures("one_of_each_status")
def test_an_export_is_recorded_with_its_number_and_its_file(tmp_path: Path) -> None:
    call_command("export_models", str(tmp_path / "models.json"), "--status", "draft,active")

    assert trail() == [("command", "models.json", {"models": 2, "statuses": ["draft", "active"]})]


def test_what_is_printed_is_recorded_too(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_models")

    everything = ["draft", "active", "deprecated", "retired"]
    assert trail() == [("command", "standard output", {"models": 0, "statuses": everything})]


@pytest.mark.parametrize("arguments", [["--status", "gone"], ["/nowhere/models.json"]])
def test_an_export_that_fails_leaves_no_trace(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("export_models", *arguments)

    assert trail() == []


@pytest.mark.parametrize("to_file", [True, False])
def test_nothing_leaves_that_can_not_be_recorded(
    to_file: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_only(execute: Any, sql: str, *others: Any) -> Any:
        if sql.startswith("INSERT"):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *others)

    target = tmp_path / "models.json"
    with (
        connection.execute_wrapper(read_only),
        pytest.raises(CommandError, match="The database refused: attempt to write a readonly database"),
    ):
        call_command("export_models", *([str(target)] if to_file else []))

    assert not target.exists()
    assert capsys.readouterr().out == ""


def test_a_sunset_and_a_successor_make_the_way_only_where_there_are_such() -> None:
    AIModelFactory(model_id="a/first")
    plain = exported()
    assert not {"sunset_at", "successor"} & json.loads(plain)["models"][0].keys()
    AIModelFactory(model_id="a/going", sunset_at="2099-01-02T03:04:05Z", successor="a/first")
    whole = exported()

    untraced(AIModel).all().delete()
    import_file(whole.encode())

    assert exported() == whole
    going = json.loads(whole)["models"][1]
    assert (going["sunset_at"], going["successor"]) == ("2099-01-02T03:04:05Z", "a/first")


def test_a_file_holds_the_price_that_was_due() -> None:
    model = AIModelFactory(model_id="a/one", cost_per_second=Decimal("0.5"))
    deed = Deed(Kind.PRICE, {"cost_per_second": "1"}, model)
    let_come(schedule(deed, effective_from=in_a_while()), minutes=1)

    [row] = json.loads(exported())["models"]

    assert row["cost_per_second"] == "1"
