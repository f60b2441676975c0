"""Sessions in the database, stored in transactions that begin anew if they break."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import Error

from models_registry.transactions import breakage, same_again


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        same_again(self._save)(must_create)

    def delete(self, session_key: str | None = None) -> None:
        """Who has signed out has no session any more, though the connection breaks in between."""
        same_again(super().delete)(session_key)

    def _save(self, must_create: bool) -> None:
        """Django takes a connection that broke for a session that somebody else has ended."""
        try:
            super().save(must_create=must_create)
        except UpdateError as ended:
            error = ended.__context__
            if isinstance(error, Error) and breakage(error):
                raise error from error.__cause__
            raise
