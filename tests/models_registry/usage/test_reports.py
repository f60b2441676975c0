"""What a report may say, field by field."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.usage.reports import READERS, Report, as_told, read_report
from tests.models_registry.usage.generations import EVERYTHING, NOW, generation
from videoai.api.problem import FIELD_CODES


def read(**fields: Any) -> Report:
    """The report of a generation with `fields`, which has to be good."""
    report, problems = read_report(generation(**fields), model=1, now=NOW, known_qualities={"high"})
    assert report is not None, problems
    return report


def wrong(values: dict[str, Any]) -> dict[str, str]:
    """Field → code of what is wrong; the messages are fit to be told."""
    report, problems = read_report(values, model=1, now=NOW, known_qualities={"high"})
    assert (report is None) == bool(problems)
    for problem in problems:
        assert problem.code in FIELD_CODES
        assert 10 < len(problem.message) < 300
        assert problem.message.encode()  # no half of a surrogate pair
    return {problem.field: problem.code for problem in problems}


def told(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:40]


# --- Amounts ---------------------------------------------------------------------------------------------

NO_NUMBERS = [
    Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), float("nan"), float("inf"),
    "NaN", "Infinity", "", " ", " 1", "1 ", "1\n", "+1", "1,5", "1_0", "0x10", "١", "１", "a", True, False,
    [], [1], {}, b"1", "9" * 5_000, "0." + "1" * 5_000,
]  # fmt: skip
TOO_FEW = [-1, Decimal("-0.000001"), "-1", "-1e9", Decimal("-1E+400")]
TOO_MANY = [10**400, Decimal("1E+400"), Decimal("1E+999999"), "1e99", Decimal("9" * 5_000)]
TOO_FINE = [Decimal("1E-999999"), Decimal("1E-10"), "1e-10", "0.0000000001", Decimal("0." + "1" * 5_000)]
ANY_AMOUNT = [
    *((value, "invalid") for value in NO_NUMBERS),
    *((value, "min_value") for value in TOO_FEW),
    *((value, "max_value") for value in TOO_MANY),
    *((value, "max_decimal_places") for value in TOO_FINE),
]


@pytest.mark.parametrize("field", ["generation_time", "queue_time", "cost_usd"])
@pytest.mark.parametrize(("value", "code"), ANY_AMOUNT, ids=[told(value) for value, _ in ANY_AMOUNT])
def test_a_bad_amount_is_refused(field, value, code):
    assert wrong(generation(**{field: value})) == {field: code}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("generation_time", 86_401, "max_value"),
        ("generation_time", Decimal("86400.000001"), "max_value"),
        ("generation_time", 1e300, "max_value"),
        ("generation_time", Decimal("0.0000001"), "max_decimal_places"),
        ("generation_time", "1.1234567", "max_decimal_places"),
        ("queue_time", "86400.1", "max_value"),
        ("queue_time", Decimal("1.1234567"), "max_decimal_places"),
        ("cost_usd", Decimal("1000.000000001"), "max_value"),
        ("cost_usd", 0.4, "invalid"),  # a float is no exact amount of money
    ],
)
def test_amounts_have_limits_of_their_own(field, value, code):
    assert wrong(generation(**{field: value})) == {field: code}


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [
        (0, 0),
        ("-0", 0),
        (Decimal("-0.0"), 0),
        (12, 12_000_000),
        ("12.5", 12_500_000),
        (Decimal("0.000001"), 1),
        ("1e-6", 1),
        ("1.50000000000000000000", 1_500_000),
        (86_400, 86_400_000_000),
        ("86400.000000", 86_400_000_000),
        (0.1 + 0.2, 300_000),  # our own code may subtract clocks
        (1e-7, 0),
    ],
    ids=told,
)
def test_times_are_kept_in_whole_microseconds(value, microseconds):
    assert read(generation_time=value).microseconds == microseconds
    assert read(queue_time=value).queue_microseconds == microseconds


@given(st.integers(0, 86_400_000_000))
def test_no_microsecond_is_lost_on_the_way_in_and_out(microseconds):
    exactly = Decimal(microseconds).scaleb(-6)
    report = read(generation_time=exactly, queue_time=str(exactly))

    assert report.microseconds == report.queue_microseconds == microseconds
    assert read(generation_time=as_told(report, model_id="a/b")["generation_time"]) == report._replace(
        queue_microseconds=None
    )


@given(st.integers(0, 10**12))
def test_nor_any_billionth_of_a_dollar(nanodollars):
    report = read(cost_usd=Decimal(nanodollars).scaleb(-9))
    told = as_told(report, model_id="a/b")["cost_usd"]

    assert report.cost_nanodollars == read(cost_usd=told).cost_nanodollars == nanodollars
    assert "e" not in told.lower()


# --- Whole numbers ---------------------------------------------------------------------------------------

NO_WHOLE_NUMBERS = [
    5.5, Decimal("5.5"), "8", "", True, False, -1, [8], {}, 10**400, Decimal("1E+400"), Decimal("1E-400"),
    Decimal("NaN"), Decimal("Infinity"), float("nan"),
]  # fmt: skip


@pytest.mark.parametrize("value", [*NO_WHOLE_NUMBERS, 0, Decimal("-0.0"), 3_601], ids=told)
def test_what_is_no_duration_is_refused(value):
    assert wrong(generation(duration=value)) == {"duration": "invalid"}


@pytest.mark.parametrize("value", [*NO_WHOLE_NUMBERS, 10**9 + 1], ids=told)
def test_what_are_no_credits_is_refused(value):
    assert wrong(generation(credits=value)) == {"credits": "invalid"}


@pytest.mark.parametrize("value", [8, Decimal("8.0"), Decimal("8"), Decimal("0.8E1")], ids=told)
def test_eight_is_eight_however_json_writes_it(value):
    report = read(duration=value, credits=value)

    assert (report.duration, report.credits) == (8, 8)
    assert (type(report.duration), type(report.credits)) == (int, int)


def test_the_limits_themselves_are_good():
    assert [read(duration=value).duration for value in (1, 3_600)] == [1, 3_600]
    assert [read(credits=value).credits for value in (0, 10**9)] == [0, 10**9]
    assert [read(cost_usd=value).cost_nanodollars for value in (0, "1000.000000000")] == [0, 10**12]


# --- Texts and truths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "blank"),
        ("x" * 201, "max_length"),
        ("a\0", "invalid_text"),
        ("\ud800", "invalid_text"),
        ("\udc00\ud800", "invalid_text"),
        (None, "null"),
        (5, "invalid"),
        (Decimal(5), "invalid"),
        (True, "invalid"),
        (["g"], "invalid"),
        ({}, "invalid"),
    ],
    ids=told,
)
def test_a_bad_id_is_refused(value, code):
    assert wrong(generation(value)) == {"generation_id": code}


@pytest.mark.parametrize("value", ["g", "x" * 200, "😀" * 200, "ünï/code?#%", " ", "a\nb", "\u202e", "0"])
def test_an_id_is_taken_literally(value):
    assert read(generation_id=value).generation_id == value


@pytest.mark.parametrize("value", [0, 1, "true", "True", "", [], Decimal(1)], ids=told)
def test_success_is_true_or_false(value):
    assert wrong(generation(success=value)) == {"success": "invalid"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("8k", "unknown_quality"),
        ("High", "unknown_quality"),
        ("high ", "unknown_quality"),
        ("", "unknown_quality"),
        ("x" * 201, "max_length"),
        ("high\0", "invalid_text"),
        ("\ud800", "invalid_text"),
        (5, "invalid"),
        (["high"], "invalid"),
    ],
    ids=told,
)
def test_a_bad_quality_is_refused(value, code):
    assert wrong(generation(quality=value)) == {"quality": code}


BAD_ERROR_CODES = ["", " ", "a b", "x" * 65, "ä", "-x", "_x", "x\n", "\0", "\ud800", 5, True, ["x"], {}]


@pytest.mark.parametrize("value", BAD_ERROR_CODES, ids=told)
def test_a_bad_error_code_is_refused(value):
    assert wrong(generation(success=False, error_code=value)) == {"error_code": "invalid"}


@pytest.mark.parametrize("value", ["provider_timeout", "E", "504", "fal.ai/nsfw:hard-block", "x" * 64])
def test_a_failure_may_say_why(value):
    assert read(success=False, error_code=value).error_code == value


def test_a_failure_need_not_say_why_but_a_success_has_no_error():
    assert read(success=False).error_code == ""
    assert wrong(generation(success=True, error_code="timeout")) == {"error_code": "invalid"}
    assert read(success=True, error_code=None).error_code == ""


# --- When it finished ------------------------------------------------------------------------------------

NO_TIMES = [
    "2026-11-22T19:18:05", "2026-11-22", "19:18:05Z", "1795375085", 1795375085, Decimal(5), "", "now", True,
    "2026-11-22T19:18:60Z", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-13-01T00:00:00Z",
    "2026-11-22T19:18:05+0100", "2026-11-22T19:18:05+24:00", "2026-11-22T19:18:05.Z", "2026-11-22T19:18Z",
    "2026-11-22T19:18:05Z\n", " 2026-11-22T19:18:05Z", "2026-W47-7T19:18:05Z", "٢٠٢٦-11-22T19:18:05Z",
    "+12026-11-22T19:18:05Z", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00",
    "2026-11-22T19:18:05.1234567890Z", NOW.replace(tzinfo=None),
    datetime.max.replace(tzinfo=timezone(-timedelta(hours=3))), [],
]  # fmt: skip


@pytest.mark.parametrize("value", NO_TIMES, ids=told)
def test_what_is_no_time_is_refused(value):
    assert wrong(generation(finished_at=value)) == {"finished_at": "invalid"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-11-23T19:18:05.001Z", "max_value"),
        ("2026-11-23T19:18:06Z", "max_value"),
        ("2026-11-23T19:18:05-00:01", "max_value"),
        ("9999-12-31T23:59:59Z", "max_value"),
        ("2019-12-31T23:59:59.999999Z", "min_value"),
        ("2020-01-01T00:00:00+00:01", "min_value"),
        ("0001-01-01T00:00:00Z", "min_value"),
    ],
)
def test_nothing_finished_more_than_a_day_ahead_or_before_there_was_any(value, code):
    assert wrong(generation(finished_at=value)) == {"finished_at": code}


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-23T19:18:05Z", NOW + timedelta(hours=24)),
        ("2020-01-01T00:00:00Z", datetime(2020, 1, 1, tzinfo=UTC)),
        ("2026-11-22T20:18:05+01:00", NOW),
        ("2026-11-23T05:03:05+09:45", NOW),
        ("2026-11-22T19:18:05-00:00", NOW),
        ("2026-11-22t19:18:05z", NOW),
        ("2026-11-22 19:18:05Z", NOW),
        ("2026-11-22T19:18:05.5Z", NOW.replace(microsecond=500_000)),
        ("2026-11-22T19:18:05.123456Z", NOW.replace(microsecond=123_000)),
        ("2026-11-22T19:18:05.123456999Z", NOW.replace(microsecond=123_000)),
        (NOW.astimezone(timezone(timedelta(hours=-8))), NOW),
    ],
    ids=told,
)
def test_a_time_is_read_to_the_millisecond_whatever_its_zone(value, moment):
    report = read(finished_at=value)

    assert report.finished_at == moment
    assert report.finished_at.utcoffset() == timedelta(0)
    assert report.said_when


def test_who_does_not_say_when_means_now():
    assert [read(**fields).finished_at for fields in ({}, {"finished_at": None})] == [NOW, NOW]
    assert not read().said_when


# --- The whole -------------------------------------------------------------------------------------------


def test_what_it_needs_has_to_be_there():
    needed = {"generation_id", "generation_time", "success"}

    assert wrong({}) == dict.fromkeys(needed, "required")
    assert wrong(dict.fromkeys(READERS)) == dict.fromkeys(needed, "null")


def test_whatever_else_is_null_was_not_said():
    nothing = dict.fromkeys(READERS.keys() - generation().keys())

    assert read(**nothing) == read()


def test_all_that_is_wrong_is_told_at_once():
    values = {
        "generation_id": "",
        "generation_time": -1,
        "success": 1,
        "quality": "8k",
        "finished_at": "2027-01-01T00:00:00Z",
        "colour": "red",
        "model_id": "a/b",
    }

    assert wrong(values) == {
        "generation_id": "blank",
        "generation_time": "min_value",
        "success": "invalid",
        "quality": "unknown_quality",
        "finished_at": "max_value",
        "colour": "unknown_field",
        "model_id": "unknown_field",
    }


def test_of_a_thousand_unknown_fields_a_few_are_named():
    assert 0 < len(wrong(generation(**{f"f{n}": n for n in range(1_000)}))) <= 10


@pytest.mark.parametrize(
    "name", ["Success", "success ", "", "finishedAt", "id", "__class__", "bucket", "model"]
)
def test_misspelt_fields_are_not_dropped(name):
    assert wrong({**generation(), name: None}) == {name: "unknown_field"}


def test_it_is_told_as_it_was_said():
    report = read(**EVERYTHING)

    assert as_told(report, model_id="a/b") == {
        "model_id": "a/b",
        "generation_id": "g-1",
        "generation_time": 12.5,
        "success": True,
        "duration": 8,
        "quality": "high",
        "queue_time": 0.25,
        "error_code": None,
        "cost_usd": "0.4",
        "credits": 27,
        "price_row": None,
        "finished_at": datetime(2026, 11, 22, 18, 59, 59, 500_000, tzinfo=UTC),
    }


def test_nothing_said_is_told_as_null_and_nought_as_nought():
    nothing, nought = (
        as_told(read(**fields), model_id="a/b")
        for fields in ({}, {"queue_time": 0, "cost_usd": 0, "credits": 0})
    )
    names = ("queue_time", "cost_usd", "credits")

    assert [nothing[name] for name in (*names, "duration", "quality", "error_code")] == [None] * 6
    assert [nought[name] for name in names] == [0, "0", 0]


DIFFERENT = {
    "generation_time": 13,
    "success": False,
    "duration": 9,
    "quality": None,
    "queue_time": None,
    "cost_usd": None,
    "credits": 0,
}


def test_reports_are_told_apart_by_each_field_but_id_and_time():
    one = read(**EVERYTHING)
    others = [read(**{**EVERYTHING, name: value}) for name, value in DIFFERENT.items()]
    fingerprints = {one.fingerprint, one._replace(model=2).fingerprint, *(o.fingerprint for o in others)}
    same = [read(**{**EVERYTHING, "finished_at": None}), read(**{**EVERYTHING, "generation_id": "g-2"})]

    assert len(fingerprints) == 2 + len(DIFFERENT)
    assert {report.fingerprint for report in same} == {one.fingerprint}
    assert -(2**63) <= one.fingerprint < 2**63
    assert read(success=False).fingerprint != read(success=False, error_code="x").fingerprint


def test_a_fingerprint_stays_the_same_for_good():
    """It is stored, and compared with what later releases make of the same report."""
    assert read(**EVERYTHING).fingerprint == 8640974144774576933
