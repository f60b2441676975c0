"""pg_dump and pg_restore: which of them, told what, by whom; and a database that is like the old one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from psycopg import sql

from models_registry.models import AIModel
from tests.bare_database import server
from tests.videoai.backup.commands import refusal, run
from videoai import postgresql_programs
from videoai.backup import programs
from videoai.backup.elsewhere import connected_to
from videoai.backup.errors import BackupRefused

PARAMETERS = {
    "host": "one.example,two.example",
    "port": "5432,5433",
    "user": "app",
    "password": "it's secret",
    "sslmode": "verify-full",
    "sslrootcert": "/etc/ca.pem",
    "target_session_attrs": "read-write",
    "cursor_factory": object,
    "client_encoding": "UTF8",
}


class TestPrograms:
    def test_a_password_is_seen_by_nobody(self):
        place = programs.place_of(PARAMETERS, database="videoai")

        assert place.secrets == {"PGPASSWORD": "it's secret"}
        assert "secret" not in place.conninfo

    def test_hosts_and_certificates_are_handed_on(self):
        conninfo = programs.place_of(PARAMETERS, database="videoai").conninfo

        for part in ("one.example,two.example", "5432,5433", "verify-full", "/etc/ca.pem", "read-write"):
            assert part in conninfo

    def test_a_key_with_a_password_is_refused(self):
        with pytest.raises(BackupRefused, match="sslpassword"):
            programs.place_of({**PARAMETERS, "sslpassword": "x"}, database="videoai")

    @pytest.mark.parametrize(("server", "chosen"), [(13, 14), (14, 14), (15, 16), (16, 16)])
    def test_the_oldest_that_is_not_older_than_the_server(self, tmp_path, monkeypatch, server, chosen):
        install(tmp_path, monkeypatch, 12, 14, 16)

        assert programs.found("pg_dump", server=server).version == chosen

    def test_one_that_is_too_old(self, tmp_path, monkeypatch):
        install(tmp_path, monkeypatch, 12)

        with pytest.raises(BackupRefused, match="is of PostgreSQL 12, and the server of 15"):
            programs.found("pg_dump", server=15)

    def test_none_at_all(self, tmp_path, monkeypatch):
        install(tmp_path, monkeypatch)

        with pytest.raises(BackupRefused, match="There is no pg_dump here"):
            programs.found("pg_dump", server=15)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *versions: int) -> None:
    """No others are there."""
    monkeypatch.setattr(postgresql_programs, "ROOT", folder)
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    for version in versions:
        program = folder / str(version) / "bin" / "pg_dump"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.3 (Debian)'\n")
        program.chmod(0o755)


@contextmanager
def role(name: str, *rights: str) -> Iterator[None]:
    """One that Django signs in as, and owns what it is connected to."""
    settings = connection.settings_dict
    usual = settings["USER"], settings["PASSWORD"]
    connection.close()
    with server() as session:
        for statement in ("DROP ROLE IF EXISTS {}", f"CREATE ROLE {{}} LOGIN {' '.join(rights)}"):
            session.execute(sql.SQL(statement).format(sql.Identifier(name)))
        settings["USER"], settings["PASSWORD"] = name, "it's secret"
        try:
            yield
        finally:
            connection.close()
            settings["USER"], settings["PASSWORD"] = usual
            session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def rows(query: str, *parameters: object) -> list[tuple[object, ...]]:
    with server() as session:
        return session.execute(query, parameters).fetchall()


@pytest.mark.postgresql
class TestRights:
    def test_a_role_that_may_not_make_databases_is_told_so(self, taken):
        name = f"{connection.settings_dict['NAME']}_app"
        with role(name, "IN ROLE pg_read_all_data"):
            assert f'ALTER ROLE "{name}" CREATEDB' in refusal("restore", taken, "--yes")

        assert AIModel.objects.count() == 2

    def test_the_restored_database_is_to_the_server_what_the_old_one_was(self, filled, taken):
        with server() as session:
            session.execute(f"ALTER DATABASE \"{filled}\" SET work_mem = '7MB'")
            session.execute(f'REVOKE CONNECT ON DATABASE "{filled}" FROM PUBLIC')
        likeness = (
            "SELECT datdba, encoding, datcollate, datctype, setconfig, ARRAY(SELECT one::text "
            "FROM unnest(datacl) AS one ORDER BY 1) FROM pg_database "
            "LEFT JOIN pg_db_role_setting ON setdatabase = pg_database.oid WHERE datname = %s"
        )
        before = rows(likeness, filled)

        told = run("restore", taken, "--yes")

        assert rows(likeness, filled) == before
        kept = told.partition("is kept as ")[2].partition(";")[0]
        with connected_to(kept):
            assert AIModel.objects.count() == 2

    def test_what_a_killed_restore_left_is_in_nobodys_way(self, filled, taken):
        with server() as session:
            session.execute(f'CREATE DATABASE "{filled}_restoring"')
            session.execute(f'CREATE DATABASE "{filled}_replaced"')

        run("restore", taken, "--yes", "--no-keep")

        names = {
            name for (name,) in rows("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", filled)
        }
        assert names == {filled}
