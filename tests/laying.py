"""Rows that are laid once for many tests, each of which undoes what it does to them."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from django.db import transaction


def laid_once(scope: Literal["class", "module"]) -> Callable[[Callable[[], None]], Any]:
    """Makes a fixture that lays rows for a class or a module of tests; they ask the database for them.

    A transaction stays open around all of them, and a savepoint around each. So none of them may commit, and
    none may come across an object of another's.
    """

    def decorate(lay: Callable[[], None]) -> Any:
        @pytest.fixture(scope=scope, name=lay.__name__)
        def fixture(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
            with django_db_blocker.unblock(), transaction.atomic():
                lay()
                with django_db_blocker.block():
                    yield
                transaction.set_rollback(True)

        return fixture

    return decorate
