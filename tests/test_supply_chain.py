"""What is installed is pinned, looked through, and under licences that we may use."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from tests.supply_chain import allowed, bill, holes, licences

ROOT = Path(settings.BASE_DIR)
PIN = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[\w.]+( ; [^\\]+)?( --hash=sha256:[0-9a-f]{64})+")
TODAY = date(2026, 12, 1)
DJANGO = {"name": "django", "version": "5.2.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["5.2.2"]}]}
SOUND = {"name": "click", "version": "8.5.1", "vulns": []}
UNKNOWN = {"name": "segno", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize("file", sorted(ROOT.glob("requirements*.txt")), ids=lambda file: file.name)
def test_every_requirement_is_one_release_with_its_hashes_and_from_nowhere_in_particular(file):
    lines = re.sub(r"\s*\\\n\s*", " ", file.read_text()).splitlines()
    pins = [line for line in lines if not line.lstrip().startswith("#")]

    assert pins
    assert [pin for pin in pins if not PIN.fullmatch(pin)] == []
    assert "://" not in file.read_text()


@pytest.fixture
def pip_audit(tmp_path):
    """A pip-audit that says what it is told to, and notes down how it was asked."""

    def pip_audit(*packages: dict, stdout: str = "", stderr: str = "", status: int = 0) -> Path:
        program = tmp_path / "pip-audit"
        said = stdout or (json.dumps({"dependencies": packages}) if packages else "")
        (tmp_path / "said").write_text(said)
        asked = f'echo "$@" > {tmp_path}/asked'
        program.write_text(f"#!/bin/sh\n{asked}\ncat {tmp_path}/said\necho '{stderr}' >&2\nexit {status}\n")
        program.chmod(0o755)
        return program

    return pip_audit


def look(program: Path, **passes: date) -> holes.Told:
    return holes.look(str(program), allowed=passes, today=TODAY)


def test_a_known_hole_is_a_fault_that_names_the_way_out(pip_audit):
    told = look(pip_audit(DJANGO, SOUND, status=1))

    assert told == holes.Told(["django 5.2.1 has PYSEC-1; mended in 5.2.2."], [])


def test_no_holes_are_no_faults(pip_audit):
    assert look(pip_audit(SOUND)) == holes.Told([], [])


@pytest.mark.parametrize(
    "stderr",
    [
        "requests.exceptions.ConnectionError: Max retries exceeded",
        "requests.exceptions.ReadTimeout: timed out",
        "pip_audit._service.interface.ServiceError: 503 Server Error",
    ],
)
def test_advisories_that_can_not_be_reached_are_a_warning(stderr, pip_audit):
    told = look(pip_audit(stderr=stderr, status=1))

    assert told.faults == []
    assert "could not be reached" in told.warnings[0]


def test_an_index_without_advisories_is_a_warning_too(pip_audit):
    told = look(pip_audit(SOUND, UNKNOWN))

    assert told.faults == []
    assert told.warnings == [
        "1 of 2 packages were not looked up, as the index has no advisories for them: segno."
    ]


def test_a_hole_is_a_fault_even_where_others_were_not_looked_up(pip_audit):
    told = look(pip_audit(DJANGO, UNKNOWN, status=1))

    assert (len(told.faults), len(told.warnings)) == (1, 1)


@pytest.mark.parametrize("stdout", ["", "[]", "null", "usage: pip-audit"])
def test_a_pip_audit_that_does_not_work_is_a_fault(stdout, pip_audit):
    told = look(pip_audit(stdout=stdout, stderr="error: no such option", status=2))

    assert told == holes.Told(["pip-audit failed: error: no such option"], [])


def test_a_pass_holds_until_its_last_day_and_is_a_fault_behind_it(pip_audit, tmp_path):
    program = pip_audit(SOUND)
    assert look(program, A=TODAY).faults == []
    assert "--ignore-vuln=A" in (tmp_path / "asked").read_text()

    assert look(program, A=date(2026, 11, 30)).faults[0].startswith("A: its pass ended on 2026-11-30")
    assert "--ignore-vuln" not in (tmp_path / "asked").read_text()


def test_what_is_let_pass_is_readable():
    passes = allowed.read(allowed.FILE.read_text())

    assert {"MIT", "LGPL-3.0-only"} & passes.licences == {"MIT"}
    assert passes.packages["psycopg"] == "LGPL-3.0-only"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('[[hole]]\nid = "A"\nreason = "None of ours."', "until"),
        ('[[hole]]\nid = "A"\nuntil = 2027-01-01', "reason"),
        ('[[hole]]\nid = "A"\nuntil = "soon"\nreason = "b"', "until"),
        ('[[package]]\nnames = ["a"]\nreason = "b"', "licence"),
        ('[[package]]\nnames = []\nlicence = "a"\nreason = "b"', "names"),
    ],
)
def test_nothing_is_let_pass_without_reason_and_end(text, missing):
    with pytest.raises(ValueError, match=f"has no {missing}"):
        allowed.read(text)


@pytest.mark.parametrize(
    ("name", "licence", "may"),
    [
        ("a", "MIT", True),
        ("a", "MIT OR GPL-3.0", True),
        ("a", "MIT AND GPL-3.0", False),
        ("a", "GPL-3.0 AND MIT OR ISC", True),
        ("a", "MIT; ISC", True),
        ("a", "MIT; GPL-3.0", False),
        ("a", "UNKNOWN", False),
        ("a", "", False),
        ("Psycopg", "LGPL", True),
        ("psycopg", "GPL-3.0", False),
        ("a", "LGPL", False),
    ],
)
def test_a_licence_that_nobody_let_pass_is_a_fault(name, licence, may):
    passes = allowed.Allowed({"MIT", "ISC"}, {"psycopg": "LGPL"}, {})

    found = list(licences.faults([{"Name": name, "Version": "1.0", "License": licence}], passes))

    assert (found == []) is may


def test_the_bill_of_materials_holds_no_links_and_has_its_keys_in_order():
    link = [{"type": "distribution", "url": "https://registry.example/b"}]
    made = bill.handed_on({"b": [{"name": "b", "externalReferences": link}], "a": 1})

    assert json.loads(made) == {"a": 1, "b": [{"name": "b"}]}
    assert made == bill.handed_on({"a": 1, "b": [{"externalReferences": [], "name": "b"}]})
