"""Databases change names in one transaction, while everybody wants to be connected to them."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress

from psycopg import errors, sql

from videoai.backup.errors import RestoreRefused
from videoai.backup.new_database import Session

STEP = 0.05  # seconds between two looks for somebody who is still connected
END_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = ANY(%s) AND pid <> pg_backend_pid()
"""
WHO = "SELECT DISTINCT coalesce(usename, 'the server') FROM pg_stat_activity WHERE datname = ANY(%s)"


def change_names(session: Session, names: Sequence[tuple[str, str]], *, ending_with: Session) -> None:
    """Give each (old, new); all of them or, with RestoreRefused, none. Who is connected is cut off.

    Renaming locks the door first, and then waits for those inside to leave; the other session shows them out.
    """
    affected = [old for old, _ in names]
    with ThreadPoolExecutor(max_workers=1) as pool:
        done = pool.submit(_rename, session, names)
        _show_out(done, affected, ending_with)
        try:
            done.result()
        except (errors.ObjectInUse, errors.InsufficientPrivilege, errors.DuplicateDatabase) as error:
            who = ", ".join(str(row[0]) for row in ending_with.execute(WHO, [affected]).fetchall())
            inside = f" Connected: {who}." if who else ""
            raise RestoreRefused(
                f"The databases could not change names: {str(error).strip()}.{inside} A role that may do so "
                "is the owner, with CREATEDB and pg_signal_backend, or a superuser."
            ) from error


def _rename(session: Session, names: Sequence[tuple[str, str]]) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with session.transaction():
        for old, new in names:
            session.execute(rename.format(sql.Identifier(old), sql.Identifier(new)))


def _show_out(done: "Future[None]", affected: list[str], session: Session) -> None:
    while not done.done():
        # The wait for those whom we may not end is over after seconds, with an error that is told.
        with suppress(errors.InsufficientPrivilege):
            session.execute(END_ALL, [affected])
        wait_for([done], timeout=STEP)
