import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from models_registry.models import AIModel
from tests import factories
from tests.exchange.files import complete_row, file_of
from tests.factories import AIModelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]


class Import:
    """Runs `import_models` on a file of the given rows and keeps what it says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "models.json"
        self.out, self.err = io.StringIO(), io.StringIO()

    def __call__(self, *rows: Any, **options: Any) -> list[str]:
        return self.of(file_of(*rows), **options)

    def of(self, content: bytes, **options: Any) -> list[str]:
        self.path.write_bytes(content)
        call_command("import_models", str(self.path), stdout=self.out, stderr=self.err, **options)
        return self.out.getvalue().splitlines()


@pytest.fixture
def run(tmp_path: Path) -> Import:
    return Import(tmp_path)


def test_a_change_is_told_field_by_field(run: Import) -> None:
    model = AIModelFactory(model_id="acme/a", name="Before", cost_per_second="0.75")
    factories.rate(model, "720p", "0.4")
    factories.rate(model, "1080p", "0.5")
    row = {"model_id": "acme/a", "name": "After", "cost_per_second": 0.8, "max_duration": 10}

    assert run({**row, "rates": {"1080p": "0.6", "high": 1}}) == [
        '~ acme/a  name: "Before" → "After"',
        "~ acme/a  cost_per_second: 0.75 → 0.8",
        "~ acme/a  max_duration: null → 10",
        "~ acme/a  rates.high: (none) → 1",
        "~ acme/a  rates.1080p: 0.5 → 0.6",
        "~ acme/a  rates.720p: 0.4 → (removed)",
        "0 created, 1 changed, 0 unchanged.",
    ]


def test_a_price_that_moves_far_waits_for_a_word(run: Import) -> None:
    factories.standard_policy()
    AIModelFactory(model_id="acme/a", cost_per_second="0.2")
    row = {"model_id": "acme/a", "cost_per_second": "0.9"}

    with pytest.raises(CommandError, match="Nothing was imported: 1 problem in 1 of 1 row"):
        run(row)
    assert "Import it with --confirm" in run.err.getvalue()
    assert run(row, confirm=True)[-1] == "0 created, 1 changed, 0 unchanged."


def test_a_new_model_is_told_with_its_fields(run: Import) -> None:
    lines = run(complete_row("acme/a", rates={"720p": "0.4"}))

    assert lines[0] == "+ acme/a  new"
    assert "    cost_per_second: 0.18" in lines
    assert "    supported_durations: [5, 9]" in lines
    assert "    is_default: true" in lines
    assert "    rates.720p: 0.4" in lines
    assert lines[-1] == "1 created, 0 changed, 0 unchanged."


def test_the_moved_default_flag_is_told(run: Import) -> None:
    AIModelFactory(model_id="acme/a")
    AIModelFactory(model_id="acme/b")

    assert run({"model_id": "acme/b", "is_default": True})[:2] == [
        "~ acme/a  is_default: true → false",
        "~ acme/b  is_default: false → true",
    ]


def test_long_texts_that_differ_late_are_not_told_as_equal(run: Import) -> None:
    AIModelFactory(model_id="acme/a", description="x" * 100)

    assert run({"model_id": "acme/a", "description": "x" * 101})[0].endswith(
        "the same beginning, then differing"
    )


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(run: Import) -> None:
    AIModelFactory(model_id="acme/a", name="Before")

    assert run({"model_id": "acme/a", "name": "After"}, dry_run=True) == [
        '~ acme/a  name: "Before" → "After"',
        "0 created, 1 changed, 0 unchanged. Dry run: nothing was written.",
    ]
    assert AIModel.objects.get().name == "Before"


@pytest.mark.parametrize("dry_run", [False, True])
def test_problems_are_told_with_line_id_field_and_reason(run: Import, dry_run: bool) -> None:
    with pytest.raises(CommandError, match=r"Nothing was imported: 2 problems in 2 of 3 rows\.") as refused:
        run(
            complete_row("acme/a"),
            complete_row("acme/b", cost_per_second="x"),
            {"name": "C"},
            dry_run=dry_run,
        )

    assert refused.value.returncode == 1
    assert run.out.getvalue() == ""
    assert run.err.getvalue().splitlines() == [
        'line 3: acme/b cost_per_second: "x" is not a decimal number such as "0.75".',
        "line 4: (no id) model_id: It is missing.",
    ]
    assert not AIModel.objects.exists()


@pytest.mark.parametrize("text", ["\x1b[31mred\x07", "\x9b31m", "\u202eback", "a\r\nline 9: b", "\x7f"])
def test_nothing_that_a_terminal_obeys_is_printed(run: Import, text: str) -> None:
    run(complete_row("acme/a", description=f"N {text} N"))
    with pytest.raises(CommandError):
        run({"model_id": f"x{text}", text: 1, "category": text, "rates": {text: text}})

    for line in (run.out.getvalue() + run.err.getvalue()).split("\n"):
        assert line.isprintable()


def test_a_terminal_without_utf8_gets_escapes(run: Import) -> None:
    raw = io.BytesIO()
    run.out = io.TextIOWrapper(raw, encoding="ascii")  # type: ignore[assignment]
    run.path.write_bytes(file_of(complete_row("acme/a", name="Größe")))

    call_command("import_models", str(run.path), stdout=run.out)
    run.out.flush()

    assert b'name: "Gr\\xf6\\xdfe"' in raw.getvalue()


def test_progress_is_told_on_standard_error_when_asked(run: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videoai.management.commands.import_models.ROWS_A_STEP", 2)
    rows = [complete_row(f"acme/{number}") for number in range(5)]

    run(*rows)
    assert run.err.getvalue() == ""

    run(*rows, verbosity=2)
    assert run.err.getvalue().splitlines() == ["2 of 5 rows", "4 of 5 rows"]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = file_of(complete_row("acme/a"))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))

    call_command("import_models", "-", stdout=io.StringIO())

    assert AIModel.objects.filter(model_id="acme/a").exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\x00\xff\xfe", b"[" * 100_000, json.dumps({"format": 1}).encode()]
)
def test_garbage_is_refused_in_words(run: Import, content: bytes) -> None:
    with pytest.raises(CommandError, match="Nothing was imported: "):
        run.of(content)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.json can't be read: No such file or directory"):
        call_command("import_models", str(tmp_path / "missing.json"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Is a directory"):
        call_command("import_models", str(tmp_path))
