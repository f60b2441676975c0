"""What backends report of a finished generation: read strictly, kept in whole numbers."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from models_registry.choices import LONGEST_DURATION, SHORTEST_DURATION
from models_registry.strict_json import Unreadable
from models_registry.usage import sketch
from models_registry.usage.periods import EARLIEST
from models_registry.values import UNSTORABLE, decimal_text, in_milliseconds, is_whole, parse_decimal, shown

LONGEST_ID = 200
LONGEST_PRICE_ROW = 120
LONGEST_TIME = 86_400  # seconds
TIME_DECIMALS = 6
HIGHEST_COST = 1_000  # US dollars
COST_DECIMALS = 9
MOST_CREDITS = 1_000_000_000
ERROR_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
# Some clocks tell nanoseconds; what is finer than we keep is cut off.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
USUAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
MOST_AHEAD = timedelta(hours=24)  # what a clock may be wrong
MOST_NAMED = 10  # unknown fields of one report


class Problem(NamedTuple):
    """What is wrong with one field."""

    field: str
    code: str
    message: str


class Wrong(Exception):
    """Raised where one value is read: `code`, message."""


class Report(NamedTuple):
    """One finished generation in whole numbers; what nobody said is "", 0, or None where 0 says something."""

    generation_id: str
    model: int  # its primary key
    success: bool
    microseconds: int
    duration: int  # seconds of video
    quality: str
    queue_microseconds: int | None
    error_code: str
    cost_nanodollars: int | None
    credits: int | None
    finished_at: datetime  # to the millisecond, which `dumpdata` keeps
    said_when: bool  # or `finished_at` is when it was recorded
    bucket: int
    price_row: str = ""  # which row of the price list it has its price from

    @property
    def fingerprint(self) -> int:
        """Equal for equal content. When it finished is not part of it: saying nothing means now."""
        # An empty price row leaves no mark: what was recorded before there were any keeps its fingerprint.
        rows = [self.price_row] if self.price_row else []
        content = repr((self.model, *self[2:10], *rows)).encode()
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), signed=True)


def read_report(
    values: Mapping[str, Any], *, model: int, now: datetime, known_qualities: Collection[str]
) -> tuple[Report | None, list[Problem]]:
    """The report in `values`, keyed by field, or what is wrong with them. `now` is in UTC."""
    read, problems = _read(values)
    problems += _unfit(read, now=now, known_qualities=known_qualities)
    if problems:
        return None, problems
    finished_at = read.get("finished_at")
    microseconds = read["generation_time"]
    return Report(
        generation_id=read["generation_id"],
        model=model,
        success=read["success"],
        microseconds=microseconds,
        duration=read.get("duration", 0),
        quality=read.get("quality", ""),
        queue_microseconds=read.get("queue_time"),
        error_code=read.get("error_code", ""),
        cost_nanodollars=read.get("cost_usd"),
        credits=read.get("credits"),
        finished_at=finished_at or now,
        said_when=finished_at is not None,
        bucket=sketch.bucket_of(microseconds),
        price_row=read.get("price_row", ""),
    ), []


def as_told(report: Report, *, model_id: str) -> dict[str, Any]:
    """The record of `report`, as the API shows it."""
    return {
        "model_id": model_id,
        "generation_id": report.generation_id,
        "generation_time": seconds(report.microseconds),
        "success": report.success,
        "duration": report.duration or None,
        "quality": report.quality or None,
        "queue_time": seconds(report.queue_microseconds),
        "error_code": report.error_code or None,
        "cost_usd": dollars(report.cost_nanodollars),
        "credits": report.credits,
        "price_row": report.price_row or None,
        "finished_at": report.finished_at,
    }


def seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000_000


def dollars(nanodollars: int | None) -> str | None:
    return None if nanodollars is None else decimal_text(Decimal(nanodollars).scaleb(-COST_DECIMALS))


# --- One value -------------------------------------------------------------------------------------------


def _generation_id(value: Any) -> str:
    text = _text(value, longest=LONGEST_ID)
    if not text:
        raise Wrong("blank", "Give the generation the id that you know it by.")
    return text


def _text(value: Any, *, longest: int) -> str:
    if not isinstance(value, str):
        raise Wrong("invalid", f"{shown(value)} is not a text.")
    if len(value) > longest:
        raise Wrong("max_length", f"At most {longest} characters, not {len(value)}.")
    if UNSTORABLE.search(value):
        raise Wrong("invalid_text", "The text holds a NUL or half a surrogate pair; take it out.")
    return value


def _success(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise Wrong("invalid", f"{shown(value)} is not true or false.")


def _microseconds(value: Any) -> int:
    if isinstance(value, float) and value >= 0:  # from our own code; JSON's numbers come as Decimal
        value = Decimal(repr(round(value, TIME_DECIMALS)))
    return _units(value, highest=LONGEST_TIME, decimals=TIME_DECIMALS, unit="seconds")


def _nanodollars(value: Any) -> int:
    return _units(value, highest=HIGHEST_COST, decimals=COST_DECIMALS, unit="dollars")


def _units(value: Any, *, highest: int, decimals: int, unit: str) -> int:
    """An amount from 0 to `highest` in units of its last decimal."""
    usual = _usual_units(value, highest=highest, decimals=decimals)
    if usual is not None:
        return usual
    try:
        amount = parse_decimal(value)
    except ValueError as error:
        raise Wrong("invalid", f"{shown(value)} is not a number of {unit}.") from error
    if amount < 0:
        raise Wrong("min_value", f"{shown(value)} {unit} are less than none.")
    if amount > highest:
        raise Wrong("max_value", f"{shown(value)} {unit} are too many; at most {highest:,}.")
    if int(amount.as_tuple().exponent) < -decimals:
        raise Wrong("max_decimal_places", f"{shown(value)}: at most {decimals} decimals.")
    return int(amount.scaleb(decimals))


def _usual_units(value: Any, *, highest: int, decimals: int) -> int | None:
    """The same without the care that takes most of the time; None where that may be needed."""
    if isinstance(value, str) and USUAL.fullmatch(value):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or not -decimals <= value.adjusted() < 10:
        return None
    units = int(value.scaleb(decimals))
    is_exact = 0 <= value <= highest and Decimal(units).scaleb(-decimals) == value
    return units if is_exact else None


def _duration(value: Any) -> int:
    whole = _whole(value)
    if whole is None or not SHORTEST_DURATION <= whole <= LONGEST_DURATION:
        allowed = f"{SHORTEST_DURATION} to {LONGEST_DURATION}"
        raise Wrong("invalid", f"{shown(value)} is no duration: whole seconds from {allowed}.")
    return whole


def _credits(value: Any) -> int:
    whole = _whole(value)
    if whole is None or not 0 <= whole <= MOST_CREDITS:
        raise Wrong("invalid", f"{shown(value)} are no credits: a whole number from 0 to {MOST_CREDITS:,}.")
    return whole


def _whole(value: Any) -> int | None:
    """JSON has but one kind of number: 8.0 is 8."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < COST_DECIMALS * 2:
        return int(value) if value == value.to_integral_value() else None
    return value if is_whole(value) else None


def _quality(value: Any) -> str:
    return _text(value, longest=LONGEST_ID)


def _price_row(value: Any) -> str:
    return _text(value, longest=LONGEST_PRICE_ROW)


def _error_code(value: Any) -> str:
    if isinstance(value, str) and ERROR_CODE.fullmatch(value):
        return value
    raise Wrong(
        "invalid",
        f"{shown(value)} is no error code: 1 to 64 ASCII letters, digits and _.:/-, as in provider_timeout.",
    )


def _moment(value: Any) -> datetime:
    try:
        is_text = isinstance(value, str) and MOMENT.fullmatch(value)
        moment = datetime.fromisoformat(value.upper()) if is_text else value
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return in_milliseconds(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise Wrong("invalid", f"{shown(value)} is no time such as 2026-11-22T19:18:05Z (RFC 3339).")


READERS: dict[str, Callable[[Any], Any]] = {
    "generation_id": _generation_id,
    "generation_time": _microseconds,
    "success": _success,
    "duration": _duration,
    "quality": _quality,
    "queue_time": _microseconds,
    "error_code": _error_code,
    "cost_usd": _nanodollars,
    "credits": _credits,
    "price_row": _price_row,
    "finished_at": _moment,
}
KNOWN = ", ".join(["model_id (in the address, or in each item of a batch)", *READERS])
REQUIRED = ("generation_id", "generation_time", "success")


# --- The report as a whole -------------------------------------------------------------------------------


def _read(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """What each field says, as far as it can be read, and what is wrong with the others."""
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    unknown: list[str] = []
    for name, value in values.items():
        reader = READERS.get(name)
        if reader is None:
            unknown.append(name)
        elif value is not None:
            try:
                read[name] = reader(value)
            except Wrong as wrong:
                told = (value.code, value.message) if isinstance(value, Unreadable) else wrong.args
                problems.append(Problem(name, *told))
    for name in REQUIRED:
        if values.get(name) is None:
            code = "null" if name in values else "required"
            problems.append(Problem(name, code, "This field is needed; give it a value."))
    message = f"There is no such field. Known ones: {KNOWN}."
    return read, [*problems, *(Problem(name, "unknown_field", message) for name in unknown[:MOST_NAMED])]


def _unfit(read: Mapping[str, Any], *, now: datetime, known_qualities: Collection[str]) -> list[Problem]:
    """How the values that could be read don't fit the world, or each other."""
    problems = []
    quality, finished_at = read.get("quality"), read.get("finished_at")
    if quality is not None and quality not in known_qualities:
        known = ", ".join(sorted(known_qualities)) or "none yet"
        message = f"{shown(quality)} is no quality tier. There are: {known}."
        problems.append(Problem("quality", "unknown_quality", message))
    if "error_code" in read and read.get("success"):
        problems.append(Problem("error_code", "invalid", "A success has no error code; leave it out."))
    if finished_at is not None and finished_at > now + MOST_AHEAD:
        message = f"{finished_at.isoformat()} lies more than 24 hours ahead; look at the clock that said so."
        problems.append(Problem("finished_at", "max_value", message))
    if finished_at is not None and finished_at < EARLIEST:
        message = f"{finished_at.isoformat()} lies before {EARLIEST.date()}."
        problems.append(Problem("finished_at", "min_value", message))
    return problems
