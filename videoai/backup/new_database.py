"""A new database that is to its server what another one is: who owns it, who may come in, how it sorts."""

from typing import Any

import psycopg
from psycopg import sql

from videoai.backup.errors import RestoreRefused

Session = psycopg.Connection[tuple[Any, ...]]

MAY_MAKE = "SELECT rolcreatedb OR rolsuper, rolname FROM pg_roles WHERE rolname = current_user"
LIKENESS = """
    SELECT pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit, datdba::regrole::text,
        pg_has_role(datdba, 'USAGE')
    FROM pg_database WHERE datname = %s
"""
# PUBLIC has no role; what the owner may is the owner's anyway.
RIGHTS = """
    SELECT privilege_type, grantee = 0, CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END
    FROM pg_database, aclexplode(datacl) WHERE datname = %s AND datacl IS NOT NULL AND grantee <> datdba
"""
HAS_RIGHTS = "SELECT datacl IS NOT NULL FROM pg_database WHERE datname = %s"
OPTIONS = """
    SELECT split_part(option, '=', 1), substr(option, strpos(option, '=') + 1)
    FROM pg_db_role_setting JOIN pg_database AS d ON d.oid = setdatabase, unnest(setconfig) AS option
    WHERE datname = %s AND setrole = 0
"""


def make_like(session: Session, model: str | None, name: str) -> None:
    """Make the database `name`, empty, like `model`, or like the server's own if there is none.

    Raises RestoreRefused for a role that may not.
    """
    may_make, role = session.execute(MAY_MAKE).fetchone() or (False, "?")
    if not may_make:
        raise RestoreRefused(
            f"The role {role} may not make databases, and a restore begins in a new one. Let a superuser say "
            f'ALTER ROLE "{role}" CREATEDB, or set DATABASE_URL to a role that may.'
        )
    likeness = session.execute(LIKENESS, [model]).fetchone() if model else None
    if likeness is None:
        _make(session, name, "ENCODING 'UTF8'")
        return
    encoding, collate, ctype, limit, owner, is_owner = likeness
    if not is_owner:
        raise RestoreRefused(
            f"{model} belongs to {owner}, and {role} may not rename it. Set DATABASE_URL to that role."
        )
    options = sql.SQL("ENCODING {} LC_COLLATE {} LC_CTYPE {} CONNECTION LIMIT {} OWNER {}")
    literals = (sql.Literal(value) for value in (encoding, collate, ctype, limit))
    _make(session, name, options.format(*literals, sql.SQL(owner)).as_string(session))
    _copy_rights(session, str(model), name)
    for option, value in session.execute(OPTIONS, [model]).fetchall():
        setting = sql.SQL("ALTER DATABASE {} SET {} = {}")
        session.execute(setting.format(sql.Identifier(name), sql.Identifier(option), sql.Literal(value)))


def _make(session: Session, name: str, options: str) -> None:
    made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}")
    session.execute(made.format(sql.Identifier(name), sql.SQL(options)))


def _copy_rights(session: Session, model: str, name: str) -> None:
    if session.execute(HAS_RIGHTS, [model]).fetchone() != (True,):
        return
    database = sql.Identifier(name)
    session.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    for privilege, is_public, grantee in session.execute(RIGHTS, [model]).fetchall():
        to = sql.SQL("PUBLIC") if is_public else sql.Identifier(grantee)
        session.execute(sql.SQL("GRANT {} ON DATABASE {} TO {}").format(sql.SQL(privilege), database, to))
