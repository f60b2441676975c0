"""What the table of breakages is made of. The rows themselves take minutes: `make chaos-quick` runs them."""

import http.client
from importlib import import_module

import pytest

from tests.chaos.__main__ import verdict
from tests.chaos.answers import Answer, Request, fault_of
from tests.chaos.lasting import MOST_CONNECTIONS
from tests.chaos.one import run
from tests.chaos.processes import growth, held
from tests.chaos.rows import ROWS, Outcome, outcome_of, table
from tests.chaos.stage import WORKERS
from videoai.doctor.arithmetic import wanted_connections

GOOD = """
TITLE, MUST_SHOW = "one row", "that it holds"
def run(*, quick, say):
    return "42 things", []
"""
MISSING = "from videoai.deploy.local.processes import NotInstalled\n" + GOOD.replace(
    "return", "raise NotInstalled('There is no nginx here.')\n    return"
)
SOURCES = {
    "good": GOOD,
    "shorter": GOOD.replace("def run", "QUICK_TITLE = 'half a row'\n\n\ndef run"),
    "faulty": GOOD.replace("[]", "['one is missing']"),
    "broken": GOOD.replace("return", "raise OSError('no')\n    return"),
    "missing": MISSING,
}


@pytest.fixture
def rows(tmp_path, monkeypatch):
    for name, source in SOURCES.items():
        (tmp_path / f"row_{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("module", ROWS.values())
def test_a_row_says_what_breaks_and_what_must_hold(module):
    row = import_module(module)

    assert row.TITLE
    assert row.MUST_SHOW
    assert callable(row.run)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("name", "sign", "fault", "status"),
    [
        ("good", "✓", None, 0),
        ("faulty", "✗", "one is missing", 1),
        ("broken", "✗", "OSError: no", 1),
        ("missing", "–", "There is no nginx here.", 0),
    ],
)
def test_a_row_passes_fails_or_is_told_not_to_have_run(name, sign, fault, status, capsys):
    outcome = run(f"row_{name}", quick=True)

    assert outcome.sign == sign
    assert outcome.faults == ([fault] if fault else [])
    assert verdict([outcome], strict=False) == status
    assert verdict([outcome], strict=True) == (1 if fault else 0)
    assert (fault or "42 things") in capsys.readouterr().out


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("quick", "title"), [(True, "half a row"), (False, "one row")])
def test_the_short_form_is_told_as_what_it_does(quick, title):
    assert run("row_shorter", quick=quick).title == title


def test_a_row_whose_process_ends_without_a_word_is_a_fault():
    outcome = outcome_of("tests.chaos.no_such_row", quick=True)

    assert outcome.faults == ["tests.chaos.no_such_row ended with 1 and told nothing."]
    assert verdict([outcome], strict=False) == 1


def test_long_cells_of_the_table_go_on_in_the_next_line():
    outcome = Outcome("a row", "must hold " * 9, "was seen " * 20, [])

    lines = table([outcome])

    assert len({len(line) for line in lines}) == 1
    assert [line.rstrip(" |")[-1] for line in lines[2:]].count("✓") == 1
    assert " ".join(" ".join(line.split("|")[3] for line in lines[2:]).split()) == ("was seen " * 20).strip()


# --- The load judges ---------------------------------------------------------------------------------------

WELL_SAID = (
    b'{"type":"about:blank","title":"x","status":503,"detail":"x","code":"unavailable","request_id":"1"}'
)
JSON, HTML = "application/problem+json", "text/html; charset=utf-8"


def answered(status: int, media_type: str = JSON, body: bytes = WELL_SAID, retry: str | None = "1") -> Answer:
    headers = http.client.HTTPMessage()
    headers["Content-Type"] = media_type
    if retry is not None:
        headers["Retry-After"] = retry
    return Answer(status, headers, body, 0.1)


@pytest.mark.parametrize(
    ("target", "answer", "is_fine"),
    [
        ("/api/v1/models/", answered(200, "application/json"), True),
        ("/api/v1/models/", answered(503), True),
        ("/api/v1/models/", answered(503, retry=None), False),
        ("/api/v1/models/", answered(503, HTML), False),
        ("/api/v1/models/", answered(503, body=b"<html>"), False),
        ("/api/v1/models/", answered(503, body=WELL_SAID.replace(b"code", b"kode")), False),
        ("/api/v1/models/", answered(503, body=WELL_SAID.replace(b"503", b"500")), False),
        ("/api/v1/models/", answered(500), False),
        ("/api/v1/models/", answered(0), False),
        ("/admin/models/", answered(503, HTML, b"<html>"), True),
        ("/admin/models/", answered(500, HTML, b"<html>"), False),
    ],
)
def test_only_a_503_that_says_so_properly_is_excused(target, answer, is_fine):
    request = Request("read", "GET", target)

    assert (fault_of(request, answer, is_excused=True) is None) == is_fine
    assert (fault_of(request, answer, is_excused=False) is None) == (answer.status == 200)


def test_the_long_load_knows_how_many_connections_the_server_may_hold(monkeypatch):
    monkeypatch.setenv("WORKERS", str(WORKERS))

    assert wanted_connections().number == MOST_CONNECTIONS


def test_growth_is_that_of_the_medians_of_two_windows():
    def sample(at: float, kilobytes: int):
        return held([], connections=1, at=at)._replace(kilobytes={7: kilobytes})

    samples = [sample(10, 100), sample(11, 900), sample(12, 101), sample(20, 110)]
    samples += [sample(21, 109), sample(22, 108)]

    assert growth(samples, window=3) == {7: (101, 109)}
