"""Sessions in the database, stored in transactions that begin anew if they break."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.db import DatabaseError, IntegrityError, OperationalError

from models_registry.transactions import same_again


class SessionStore(db.SessionStore):
    def delete(self, session_key: str | None = None) -> None:
        """Who has signed out has no session any more, though the connection breaks in between."""
        same_again(super().delete)(session_key)

    def save(self, must_create: bool = False) -> None:
        """As Django's, who takes every failure for a session that has ended, and asks for a savepoint.

        Raises CreateError if the key is taken, UpdateError if the session is not there any more.
        """
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        row = self.create_model_instance(data)
        try:
            same_again(row.save)(force_insert=must_create, force_update=not must_create)
        except OperationalError:
            raise
        except DatabaseError as error:
            if must_create and isinstance(error, IntegrityError):
                raise CreateError from error
            if not must_create and not isinstance(error, IntegrityError):
                raise UpdateError from error
            raise
