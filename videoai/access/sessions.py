"""Sessions in the database, stored in transactions that begin anew if they break."""

from django.contrib.sessions.backends import db

from models_registry.transactions import same_again


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        same_again(super().save)(must_create=must_create)
