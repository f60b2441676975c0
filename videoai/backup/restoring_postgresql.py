"""Restoring into PostgreSQL: into a new database beside the one in use, and then the two change names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from videoai.backup import programs
from videoai.backup.contents import Contents, read_contents
from videoai.backup.errors import RestoreRefused
from videoai.backup.new_database import Session, make_like
from videoai.backup.renaming import change_names
from videoai.backup.taking import Say
from videoai.writable import ASKED, of_server

BEGINNING = b"PGDMP"
MAINTENANCE = ("postgres", "template1")  # one of them is on every server
LONGEST_NAME = 63  # bytes
LOCK = 0x76616900  # one restore at a time
NAMED = "SELECT datname FROM pg_database WHERE datname = %s"


class PostgreSQLTarget:
    """The database that Django's settings name, whether it is there or not."""

    def __init__(self, connection: BaseDatabaseWrapper, *, jobs: int, with_owners: bool) -> None:
        self.name = str(connection.settings_dict["NAME"])
        self._parameters = connection.get_connection_params()
        self._jobs, self._with_owners = jobs, with_owners

    def check(self, backup: Path, say: Say) -> None:
        """Nothing is known of what is in it. Raises RestoreRefused if it can't be read."""
        say("checking the file")
        with self._session() as session:
            self._run(session, ["--list", backup])

    def current(self) -> Contents | None:
        """What would be replaced; None if nothing is there. Raises RestoreRefused on a replica."""
        with self._session() as session:
            if refused := of_server(*(session.execute(ASKED).fetchone() or (False, False))):
                raise RestoreRefused(f"Nothing can be restored there: {refused.told}. {refused.remedy}")
            if not _exists(session, self.name):
                return None
        with self._connect(self.name) as session:
            return read_contents(lambda query: session.execute(query).fetchall(), vendor="postgresql")

    @contextmanager
    def beside(self, backup: Path, say: Say) -> Iterator[str]:
        """The name of a database with what is in the backup, to look at and to swap."""
        beside = _fitting(self.name, "_restoring")
        with self._session() as session:
            # Of this name alone: other databases of the server may be restored meanwhile.
            taking = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
            if session.execute(taking, [LOCK, self.name]).fetchone() != (True,):
                raise RestoreRefused(f"Another restore of {self.name} is under way. Wait for it to end.")
            _drop(session, beside)  # of one that was killed
            say(f"restoring into {beside}")
            make_like(session, self.name if _exists(session, self.name) else None, beside)
            try:
                self._fill(session, beside, backup)
                yield beside
            finally:
                _drop(session, beside)

    def swap(self, beside: str, *, kept: str | None, say: Say) -> str | None:
        """Let the database be what `beside` is; by which name the old one is kept, if it is.

        Raises RestoreRefused with the old one in place.
        """
        old = _fitting(self.name, f"_{kept or 'replaced'}")
        with self._session() as session, self._session() as other:
            there = _exists(session, self.name)
            if kept is None:
                _drop(session, old)  # of one that was killed
            names = [(self.name, old)] if there else []
            say("changing names; who is connected is cut off")
            change_names(session, [*names, (beside, self.name)], ending_with=other)
            if kept is None:
                _drop(session, old)
        return old if kept and there else None

    def _fill(self, session: Session, beside: str, backup: Path) -> None:
        owners = [] if self._with_owners else ["--no-owner", "--no-privileges"]
        options = ["--exit-on-error", f"--jobs={self._jobs}", "--no-password", *owners]
        self._run(session, [*options, backup], at=programs.place_of(self._parameters, database=beside))
        # Plans for tables of which nothing is known would be the first requests' trouble.
        with self._connect(beside) as filled:
            filled.execute("ANALYZE")

    def _run(
        self, session: Session, arguments: list[str | Path], *, at: programs.Place | None = None
    ) -> None:
        program = programs.found("pg_restore", server=session.info.server_version // 10_000)
        try:
            programs.run(program, arguments, at=at)
        except programs.ProgramFailed as failed:
            hint = (
                " Make that role, or restore with --no-owner: all will belong to the role that restores."
                if 'role "' in str(failed)
                else ""
            )
            raise RestoreRefused(f"{failed}{hint}") from failed

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A connection to another database than the one that is renamed."""
        last: psycopg.Error | None = None
        for name in MAINTENANCE:
            if name == self.name:
                continue
            try:
                session = self._connect(name)
            except psycopg.OperationalError as error:
                last = error
                continue
            with session:
                yield session
            return
        told = str(last).strip() if last else "there is none but the one that would be replaced"
        raise RestoreRefused(
            f"A database to restore from can't be reached ({' or '.join(MAINTENANCE)}): {told}"
        )

    def _connect(self, name: str) -> Session:
        place = programs.place_of(self._parameters, database=name)
        session: Session = psycopg.connect(
            place.conninfo, password=place.secrets.get("PGPASSWORD"), autocommit=True
        )
        for patience in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            session.execute(sql.SQL("SET {} = 0").format(sql.Identifier(patience)))
        return session


def _exists(session: Session, name: str) -> bool:
    return session.execute(NAMED, [name]).fetchone() is not None


def _drop(session: Session, name: str) -> None:
    session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _fitting(name: str, ending: str) -> str:
    """Names are cut by PostgreSQL without a word, and then the ending would be gone."""
    room = LONGEST_NAME - len(ending.encode())
    return name.encode()[:room].decode(errors="ignore") + ending
