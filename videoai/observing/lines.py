"""How a record of the log becomes one line: as JSON, or as text for people. Nothing of Django in here.

Whatever a client has sent stays inside its line: JSON escapes what would end it, text shows it escaped.
"""

import json
import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime

JSON, TEXT = "json", "text"
FORMATS = (JSON, TEXT)
# Whatever ends a line or steers a terminal, in any script.
STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# A password in an address or a connection's parameters, and the secret of a token, whoever let them slip.
SECRETS = re.compile(
    r"(?P<address>://[^\s:/@]*:)[^\s@]+(?=@)"
    r"|(?P<parameter>\b(?i:password|secret_key)\s*=\s*)(?:'[^']*'|\S+)"
    r"|(?P<token>\bvai_[a-zA-Z0-9]+_)[A-Za-z0-9_-]+"
)
LONGEST = 64 * 1024  # of a line; a traceback may be endless


def format_named(name: str) -> str:
    """`json`, `text` or, when nothing is named, what suits standard error. Raises ValueError."""
    chosen = name.strip().lower() or default_format()
    if chosen not in FORMATS:
        raise ValueError(f"{name} is neither json nor text")
    return chosen


def default_format() -> str:
    """Text on a terminal, for people; JSON for whatever else reads it."""
    try:
        return TEXT if sys.stderr.isatty() else JSON
    except (AttributeError, ValueError):  # closed
        return JSON


class JSONLine(logging.Formatter):
    """An object a line. What else there is to tell comes in `extra={"facts": {…}}`."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": hidden(record.getMessage()),
            "request_id": getattr(record, "request_id", "-"),
            **getattr(record, "facts", {}),
        }
        if trace := trace_of(record):
            told["exception"] = trace
        return json.dumps(told, default=str, separators=(",", ":"))


class TextLine(logging.Formatter):
    """A line for people; a traceback follows indented, so that nothing in it looks like a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {name}={value}" for name, value in getattr(record, "facts", {}).items())
        head = f"{record.levelname} {record.name} [{getattr(record, 'request_id', '-')}]"
        line = f"{moment(record.created)} {head} {hidden(record.getMessage())}{facts}"
        trace = "".join(f"\n    {escaped(part)}" for part in trace_of(record).splitlines())
        return f"{escaped(line)}{trace}"


def moment(seconds: float) -> str:
    """RFC 3339, UTC, with milliseconds."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{int(seconds * 1_000) % 1_000:03}Z"


def trace_of(record: logging.LogRecord) -> str:
    """The traceback, without what variables hold; empty if there is none."""
    parts = traceback.format_exception(*record.exc_info) if record.exc_info else []
    if record.stack_info:
        parts.append(record.stack_info)
    return hidden("".join(parts).rstrip())


def hidden(text: str) -> str:
    """`text` within bounds, and without what is nobody's business."""
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
    if key := os.environ.get("SECRET_KEY"):
        shown = shown.replace(key, "…")
    return SECRETS.sub(
        lambda found: f"{found['address'] or found['parameter'] or found['token']}…",
        shown,
    )


def escaped(text: str) -> str:
    return STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def formatter() -> logging.Formatter:
    """As the environment says, for whoever logs before there are settings."""
    name = os.environ.get("LOG_FORMAT", "")
    chosen = name.lower() if name.lower() in FORMATS else default_format()
    return JSONLine() if chosen == JSON else TextLine()
