"""The command, as an operator meets it."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.laying import laid_once
from tests.models_registry.usage.upkeep import NOW, count, some_usage, sql
from videoai.management.commands import verify_usage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("usage")]


@laid_once("module")
def usage() -> None:
    some_usage()


def run(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("verify_usage", *args, stdout=out, **options)
    return out.getvalue()


def refused(*args: str) -> tuple[str, str]:
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("verify_usage", *args, stdout=out)
    return out.getvalue(), str(error.value)


def test_usage_that_adds_up_says_so():
    assert "40 generations and 36 sums checked.\n" in run()
    assert run("--deep").endswith("Usage adds up.\n")


def test_disagreements_are_told_a_line_each_and_fail_with_the_way_out():
    sql("UPDATE usage_counters SET generations = 99")

    out, error = refused()

    assert "acme/m1, counter: generations is 99 and should be 20\n" in out
    assert "acme/m2, counter: generations is 99 and should be 20\n" in out
    way_out = "rollup_usage makes sums and counters anew."
    assert error == f"Usage does not add up: 2 disagreements. {way_out}"


def test_endless_disagreements_are_cut_and_counted(monkeypatch):
    monkeypatch.setattr(verify_usage, "MOST_LINES", 2)
    sql("UPDATE usage_rollups SET credits = 0 WHERE grain = 'day'")

    out, error = refused()

    assert out.count("should be") == 2
    assert "… and more." in out
    assert "8 disagreements" in error


def test_months_and_models_can_be_chosen():
    sql("UPDATE usage_rollups SET credits = 0 WHERE grain = 'hour' AND start > '2026-11-01'")

    assert "20 generations and 18 sums checked." in run("--to", "2026-11-01")
    assert "Usage adds up." in run("--to", "2026-10-31T23:59:59.5+01:00")
    assert "Usage adds up." in run("--to", "2026-10-31t22:59:59z")
    assert "4 disagreements" in refused("--from", "2026-11-20")[1]
    assert "2 disagreements" in refused("--model", "acme/m1")[1]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--from", "yesterday"], '"yesterday" is neither a date nor a time, as in 2026-11-22T19:18:05Z'),
        (["--to", "2026-02-30"], '"2026-02-30" is neither'),
        (["--to", "9999-12-31"], '"9999-12-31" is out of reach: from 2020-01-01 to 2100-01-01'),
        (["--to", "1969-01-01"], '"1969-01-01" is out of reach: from 2020-01-01 to 2100-01-01'),
        (["--to", "0001-01-01T00:00:00+05:00"], "is out of reach"),
        (["--from", "2100-01-01"], "--from has to lie before --to."),
        (["--from", "2026-1-5"], '"2026-1-5" is neither'),
        (["--to", "2026-11-22T19:18:05"], "is neither"),
        (["--from", "2026-11-01", "--to", "2026-11-01"], "--from has to lie before --to."),
        (["--model", "no/such"], 'There is no model "no/such".'),
        (["--model", "\0"], "There is no model"),
    ],
)
def test_what_makes_no_sense_is_refused(args, told):
    assert told in refused(*args)[1]


def test_late_generations_are_told_to_be_swept():
    count("late", NOW.replace(year=2021))
    sql("INSERT INTO usage_horizon VALUES (1, '2022-01-01 00:00:00')")

    out = run()
    assert "1 generation of months dropped before came late; maintain_usage sweeps it away.\n" in out
    assert "lie in no partition" not in out


def test_who_watches_sees_how_far_it_is(capsys):
    call_command("verify_usage", verbosity=2)

    assert capsys.readouterr().err.splitlines() == ["2026-10", "2026-11", "keys", "counters"]
