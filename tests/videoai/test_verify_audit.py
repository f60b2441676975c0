"""The command, as an operator meets it."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from models_registry import services
from models_registry.audit.models import AuditEntry, AuditHead
from models_registry.models import AIModel, QualityTier
from tests.factories import AIModelFactory, untraced
from tests.models_registry.audit import trail
from videoai.access import services as tokens
from videoai.access.models import ServiceToken
from videoai.management.commands import verify_audit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def model() -> AIModel:
    model: AIModel = AIModelFactory(model_id="acme/m1", name="Old")
    return model


def run(*args: str) -> str:
    out = StringIO()
    call_command("verify_audit", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def refused(*args: str) -> tuple[str, str]:
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("verify_audit", *args, stdout=out, stderr=StringIO())
    return out.getvalue(), str(error.value)


def tamper() -> None:
    untraced(AuditEntry).filter(number=2).update(reason="All right")


def change_by_sql() -> None:
    untraced(AIModel).update(name="By SQL")


def test_a_trail_that_holds_says_so_and_names_the_newest_entries() -> None:
    out = run()
    assert "4 entries and 4 rows checked." in out
    assert str(trail.anchor_of(trail.last_entry())) in out
    assert "The audit trail holds." in out


def test_findings_are_told_a_line_each_and_fail() -> None:
    tamper()
    change_by_sql()
    out, error = refused()
    assert "catalogue 2 was edited" in out
    assert "name: Old → By SQL" in out
    assert error == "The audit trail does not hold: 2 findings."


def test_what_it_printed_is_an_anchor_later() -> None:
    anchor = run().splitlines()[1]
    AIModelFactory()
    assert "The audit trail holds." in run("--anchor", anchor)


def test_an_anchor_that_is_gone_fails() -> None:
    anchor = f"catalogue:1:{'0' * 64}"
    out, _ = refused("--anchor", anchor)
    assert f"{anchor}: that entry has the digest" in out


@pytest.mark.parametrize(
    "anchor", ["", "catalogue", "catalogue:1", "other:1:" + "0" * 64, "catalogue:0:", "x" * 99]
)
def test_a_garbled_anchor_is_refused(anchor: str) -> None:
    assert "the way this command prints them" in refused(f"--anchor={anchor}")[1]


def test_adopting_explains_and_keeps_the_reason() -> None:
    change_by_sql()
    out = run("--adopt", "Renamed by SQL on purpose")
    assert "adopted: model acme/m1" in out
    assert "1 adopted." in out
    entry = trail.last_entry()
    assert (entry.action, entry.source, entry.reason) == (
        "adopt",
        "verify_audit",
        "Renamed by SQL on purpose",
    )
    assert entry.actor_kind == "command"
    assert [change["after"] for change in entry.changes] == ["By SQL"]
    assert "The audit trail holds." in run()


def test_adopting_settles_gaps(model: AIModel) -> None:
    change_by_sql()
    services.revise(model, {"name": "By us"})
    run("--adopt", "It was meant")
    assert "The audit trail holds." in run()


def test_a_rehearsed_adoption_writes_nothing() -> None:
    change_by_sql()
    number = AuditEntry.objects.count()
    out, error = refused("--adopt", "Just looking", "--dry-run")
    assert "1 adopted. Dry run: nothing was written." in out
    assert error == "The audit trail does not hold: 1 finding."
    assert AuditEntry.objects.count() == number


def test_after_an_adoption_the_newest_entry_is_the_adoption() -> None:
    change_by_sql()
    out = run("--adopt", "It was meant")
    assert str(trail.anchor_of(trail.last_entry())) in out
    assert trail.last_entry().action == "adopt"


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_trail_that_moved_to_another_database_by_dumpdata_still_holds(kind: str, tmp_path: Path) -> None:
    services.retire(AIModelFactory(model_id="acme/m2"))
    tokens.create("ci", scopes=["catalog:read"])
    moved = ["audit", "models_registry", "pricing", "access"]
    dump = tmp_path / f"dump.{kind}"
    call_command("dumpdata", *moved, output=str(dump), format=kind, verbosity=0)
    for table in (AuditEntry, AuditHead, AIModel, QualityTier, ServiceToken):
        untraced(table).delete()
    call_command("loaddata", str(dump), verbosity=0)
    assert "The audit trail holds." in run()


def test_adopting_leaves_tampering_a_finding() -> None:
    tamper()
    change_by_sql()
    out, error = refused("--adopt", "It was meant")
    assert "1 adopted." in out
    assert error == "The audit trail does not hold: 1 finding."


@pytest.mark.parametrize(
    ("reason", "told"),
    [("", "say why"), (" ", "say why"), ("x" * 301, "one line of at most 300"), ("a\nb", "one line of")],
)
def test_adopting_needs_a_reason(reason: str, told: str) -> None:
    change_by_sql()
    assert told in refused(f"--adopt={reason}")[1]


def test_a_dry_run_alone_is_refused() -> None:
    assert "goes with --adopt" in refused("--dry-run")[1]


def test_endless_findings_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_audit, "MOST_LINES", 2)
    untraced(AuditEntry).update(reason="All right")
    out, error = refused()
    assert out.count("was edited") == 2
    assert "… and more." in out
    assert "4 findings" in error


def test_who_watches_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(verify_audit, "STEP", 4)
    call_command("verify_audit", verbosity=2)
    assert capsys.readouterr().err.splitlines() == ["4 entries", "4 rows"]
