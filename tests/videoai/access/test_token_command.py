import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from models_registry.audit.models import AuditEntry
from tests.factories import bearer, service_token
from videoai.access import services
from videoai.access.models import ServiceToken

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def run(*words: str) -> list[str]:
    """The lines that `manage.py token` prints."""
    out = io.StringIO()
    call_command("token", *words, stdout=out)
    return out.getvalue().splitlines()


def life(token: ServiceToken) -> timedelta | None:
    return token.expires_at and token.expires_at - token.created_at


def opens(text: str) -> bool:
    return Client().get("/api/v1/models/", headers=bearer(text)).status_code == 200


def test_the_last_word_of_the_output_is_a_token_that_works():
    lines = run("create", "billing", "--scope", "catalog:read", "--scope", "usage:read")

    token = ServiceToken.objects.get()
    assert opens(lines[-1])
    assert " ".join(lines).split()[-1] == lines[-1]
    assert token.scopes == ["catalog:read", "usage:read"]
    assert f"billing ({token.prefix}) may catalog:read, usage:read" in lines[0]
    assert lines[0].endswith(" UTC.")


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], 365 * DAY), (["--expires-in", "2w"], 14 * DAY), (["--expires-in", "never"], None)],
)
def test_it_lives_as_long_as_asked(options, expected):
    run("create", "a", "--scope", "catalog:read", *options)

    assert life(ServiceToken.objects.get()) == expected


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "needs a scope"),
        (["--scope", "catalog:delete"], '"catalog:delete" is no scope'),
        (["--scope", "catalog:read", "--expires-in", "5y"], "--expires-in: Write a number and a unit"),
        (["--scope", "catalog:read", "--expires-in", "999w"], "at most ten years"),
        (["--scope", "catalog:read", "--reason", "x" * 301], "at most 300 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_made(options, told):
    with pytest.raises(CommandError, match=told):
        run("create", "a", *options)

    assert not ServiceToken.objects.exists()


def test_a_taken_name_is_refused_with_the_way_out():
    service_token(name="a")

    with pytest.raises(CommandError, match="rotate or revoke that token") as refused:
        run("create", "a", "--scope", "catalog:read")

    assert refused.value.returncode == 1


@pytest.mark.parametrize("words", [[], ["steal"], ["create"], ["rotate"], ["revoke"]])
def test_half_a_command_is_refused(words):
    with pytest.raises(CommandError, match="Error:"):
        run(*words)


def test_the_list_is_a_table_of_the_live_ones():
    new = services.rotate(service_token(name="renderer").token).token
    service_token(name="old", now=LONG_AGO)
    ServiceToken.objects.filter(pk=new.pk).update(last_used_at=LONG_AGO)

    lines = run("list")

    assert lines[0].split("  ")[0] == "NAME"
    assert lines[1].startswith(f"renderer  {new.prefix}  catalog:read  ")
    assert "2025-01-01 00:00 UTC  live" in lines[1]
    assert lines[2].endswith("never                 replaced")
    assert len(lines) == 3


def test_the_whole_list_has_the_others_too():
    service_token(name="old", now=LONG_AGO)
    service_token(name="gone")
    services.revoke("gone")

    states = [line.split()[-1] for line in run("list", "--all")[1:]]

    assert states == ["revoked", "expired"]
    assert run("list") == ["There are no live tokens."]


def test_an_empty_list_says_so():
    assert run("list", "--all") == ["There are no tokens."]


def test_a_rotation_shows_the_new_one_and_keeps_the_old_one_for_a_while():
    old = service_token(name="a")

    lines = run("rotate", "a", "--overlap", "2h")

    assert opens(old.text)
    assert opens(lines[-1])
    assert lines[0].startswith(f"The old token, a ({old.token.prefix}), works until ")


def test_a_rotation_without_overlap_ends_the_old_one():
    old = service_token(name="a")

    lines = run("rotate", "a", "--overlap", "0")

    assert not opens(old.text)
    assert opens(lines[-1])


def test_all_of_a_name_are_revoked():
    old = service_token(name="a")
    new = services.rotate(old.token)

    lines = run("revoke", "a", "--reason", "It was in a log")

    assert lines == [f"Revoked a ({new.token.prefix}).", f"Revoked a ({old.token.prefix})."]
    assert not opens(old.text)
    assert not opens(new.text)
    entry = AuditEntry.objects.filter(action="revoke").first()
    assert entry is not None
    assert (entry.actor_kind, entry.source, entry.reason) == ("command", "token", "It was in a log")


@pytest.mark.parametrize("deed", ["rotate", "revoke"])
def test_a_name_that_nobody_has_is_refused(deed):
    with pytest.raises(CommandError, match='There is no live token "nobody"; `token list` shows'):
        run(deed, "nobody")


def test_the_maker_is_kept():
    run("create", "a", "--scope", "catalog:read", "--reason", "Ordered by sales")

    [entry] = AuditEntry.objects.all()
    assert ServiceToken.objects.get().created_by == entry.actor
    assert (entry.action, entry.reason) == ("create", "Ordered by sales")


def test_a_database_that_is_not_migrated_is_refused():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'pricing'")

    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        run("list")


@pytest.mark.parametrize("words", [["--help"], ["create", "--help"], ["rotate", "--help"]])
def test_each_explains_itself(words, capsys):
    with pytest.raises(SystemExit) as ended:
        run(*words)

    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out
