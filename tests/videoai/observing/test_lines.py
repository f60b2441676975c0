import json
import logging
import os
import sys

import pytest

from videoai.observing.access import Access, AccessLines
from videoai.observing.lines import JSON, TEXT, JSONLine, TextLine, default_format, format_named, moment


def record(message: str, *args: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("videoai", logging.WARNING, __file__, 1, message, args, None)
    made.created = 1_764_464_400.123
    made.__dict__.update(more)
    return made


def failed() -> logging.LogRecord:
    secret = "hunter2"
    try:
        raise ValueError(f"can't reach postgres://videoai:{secret}@db/videoai\nERROR forged")
    except ValueError:
        made = record("It broke.")
        made.exc_info = sys.exc_info()
        return made


def test_a_line_is_an_object_with_what_there_is_to_tell():
    told = json.loads(JSONLine().format(record("%s models", 3, request_id="r-1", facts={"route": "/a/"})))

    assert told == {
        "time": "2025-11-30T01:00:00.123Z",
        "level": "WARNING",
        "logger": "videoai",
        "message": "3 models",
        "request_id": "r-1",
        "route": "/a/",
    }


@pytest.mark.parametrize("line", [JSONLine(), TextLine()])
@pytest.mark.parametrize("bad", ["\n", "\r", "\x1b[2J", "\x85", "\u2028", "\u202e", "\x00", "\udcff"])
def test_nobody_writes_a_line_of_their_own(line, bad):
    told = line.format(record("%s", f"before{bad}ERROR forged"))

    assert told.isascii() or bad not in told
    assert len(told.splitlines()) == 1
    assert bad not in told


def test_a_traceback_stays_in_one_field_and_keeps_passwords_to_itself():
    told = json.loads(JSONLine().format(failed()))

    assert told["exception"].startswith("Traceback")
    assert "ValueError: can't reach postgres://videoai:…@db/videoai" in told["exception"]


def test_in_text_it_follows_indented():
    first, *rest = TextLine().format(failed()).splitlines()

    assert first.endswith("It broke.")
    assert rest
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("redis://:s3cret@host/0", "redis://:…@host/0"),
        ("postgres://u:p%40ss@h/d?x=y", "postgres://u:…@h/d?x=y"),
        ("dbname=x password=s3cret host=h", "dbname=x password=… host=h"),
        ("password='two words' host=h", "password=… host=h"),
        ("SECRET_KEY = abc", "SECRET_KEY = …"),
        ("Bearer vai_abc123_S3cret-x", "Bearer vai_abc123_…"),
    ],
)
def test_secrets_that_slipped_in_are_hidden(said, shown):
    assert json.loads(JSONLine().format(record(said)))["message"] == shown


def test_the_key_of_the_server_is_hidden():
    key = os.environ["SECRET_KEY"]

    assert key not in JSONLine().format(record(f"The key {key} is wrong."))


def test_an_endless_line_ends():
    assert len(JSONLine().format(record("x" * 10_000_000))) < 100_000


@pytest.mark.parametrize("name", ["xml", "json text", "%(message)s"])
def test_there_are_two_formats(name):
    with pytest.raises(ValueError, match="neither json nor text"):
        format_named(name)


@pytest.mark.parametrize(("is_terminal", "expected"), [(True, TEXT), (False, JSON)])
def test_people_get_text_and_programs_json(monkeypatch, is_terminal, expected):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)

    assert default_format() == format_named("") == expected


def test_without_standard_error_it_is_json(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)

    assert default_format() == JSON


@pytest.mark.parametrize("second", [0.0, 0.9996, 1_764_464_400.0005, 1_764_464_399.9999])
def test_a_moment_never_rounds_up_into_the_next_second(second):
    assert moment(second)[17:19] == f"{int(second) % 60:02}"


ACCESS = Access("/api/v1/models/{model_id}/", "GET", 200, 0.0123, "r-1", 'ci "x"\n', 3, 512)


def test_one_line_a_request_as_json():
    line = AccessLines(JSON).told(ACCESS, at=1_764_464_400.123)

    assert line.count("\n") == 1
    assert json.loads(line) == {
        "time": "2025-11-30T01:00:00.123Z",
        "level": "INFO",
        "logger": "videoai.access",
        "route": "/api/v1/models/{model_id}/",
        "method": "GET",
        "status": 200,
        "milliseconds": 12.3,
        "request_id": "r-1",
        "actor": 'ci "x"\n',
        "queries": 3,
        "bytes": 512,
        "answered_by": "django",
    }


def test_one_line_a_request_as_text():
    assert AccessLines(TEXT).told(ACCESS, at=1_764_464_400.123) == (
        "2025-11-30T01:00:00.123Z INFO videoai.access [r-1] GET /api/v1/models/{model_id}/ 200 12.3 ms, "
        'ci "x"\\n, 3 queries, 512 bytes, django\n'
    )
