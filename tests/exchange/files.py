"""Files for tests: rows in, bytes out, and what an import makes of them."""

import json
from typing import Any

from videoai.exchange.importing import ImportReport, RowsRefused, import_rows
from videoai.exchange.reader import Problem, read


def complete_row(model_id: str, **fields: Any) -> dict[str, Any]:
    """A row with every field that a new model needs."""
    return {
        "model_id": model_id,
        "name": model_id.title(),
        "description": "",
        "cost_per_second": "0.18",
        "supported_durations": [5, 9],
        "supported_qualities": ["standard"],
        "provider": "Acme",
        "replicate_model_id": model_id,
        **fields,
    }


def file_of(*rows: Any) -> bytes:
    """A file with the first row on line 2, the next on line 3 and so on."""
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"format": "videoai-models", "version": 1, "models": [\n{lines}\n]}}'.encode()


def import_file(content: bytes) -> ImportReport:
    return import_rows(read(content))


def import_models(*rows: Any) -> ImportReport:
    return import_file(file_of(*rows))


def problems_of(content: bytes) -> list[Problem]:
    """The problems for which the file is refused; it has to be."""
    try:
        import_file(content)
    except RowsRefused as refused:
        return list(refused.problems)
    raise AssertionError("The file was imported.")


def faults_of(*rows: Any) -> list[tuple[int, str | None]]:
    """Line and field of each problem of a file of these rows."""
    return [(problem.line, problem.field) for problem in problems_of(file_of(*rows))]
