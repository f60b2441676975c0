"""The command, as an operator meets it."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.models_registry.usage.upkeep import findings, some_usage, sql

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def usage(db: None) -> None:
    some_usage()


def run(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("rollup_usage", *args, stdout=out, **options)
    return out.getvalue()


def test_sums_that_are_right_stay():
    assert run() == "Nothing was wrong.\n"


def test_wrong_ones_are_made_anew_after_a_rehearsal():
    sql("UPDATE usage_rollups SET credits = 0 WHERE grain = 'hour'")
    sql("DELETE FROM usage_rollups WHERE grain = 'month'")
    told = "8 rows corrected: 4 of hours, 0 of days, 4 of months, 0 of counters."

    assert run("--dry-run") == f"{told} Dry run: nothing was written.\n"
    assert run() == f"{told}\n"
    assert findings() == []


def test_months_and_models_can_be_chosen():
    sql("DELETE FROM usage_rollups")

    told = run("--from", "2026-11-03", "--model", "acme/m1", "--model", "acme/m1")
    assert told == "4 rows corrected: 1 of hours, 1 of days, 1 of months, 1 of counters.\n"
    run("--to", "2026-11-01")
    run("--from", "2026-11-30T23:59:59Z")
    assert findings() == []


def test_sums_of_no_such_grain_or_time_go():
    sql("UPDATE usage_rollups SET grain = 'week' WHERE grain = 'month' AND start < '2026-11-01'")
    sql("UPDATE usage_rollups SET start = '9999-12-01' WHERE grain = 'month' AND start < '2026-12-01'")
    told = "8 rows corrected: 0 of hours, 0 of days, 4 of months, 0 of counters, 4 of no such grain or time."

    assert run() == f"{told}\n"
    assert findings() == []


def test_an_hour_that_can_not_be_read_and_has_no_generations_any_more_is_refused():
    sql("INSERT INTO usage_horizon VALUES (1, '2026-11-01 00:00:00')")
    sql("UPDATE usage_rollups SET sketch = 'NaN' WHERE grain = 'hour' AND start < '2026-11-01'")

    with pytest.raises(CommandError, match=r"^Nothing was rebuilt: acme/m1, hour 2026-10-04T07:00Z"):
        run()
    assert run("--from", "2026-11-01") == "Nothing was wrong.\n"


def test_an_unknown_model_is_refused():
    with pytest.raises(CommandError, match="There is no model"):
        run("--model", "no/such")


def test_who_watches_sees_how_far_it_is(capsys):
    call_command("rollup_usage", verbosity=2)

    assert capsys.readouterr().err.splitlines() == ["2026-10", "2026-11"]
