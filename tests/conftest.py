import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Permission, User
from django.core.cache import caches
from django.db import connection
from django.test import Client, TransactionTestCase
from django.test import client as test_client
from hypothesis import settings
from whitenoise.middleware import WhiteNoiseMiddleware

from tests import bare_database
from tests.emptying import emptying
from tests.factories import standard_policy
from videoai.access.sessions import SessionStore
from videoai.settings import SESSION_COOKIE_NAME

# The same examples in every run, and no failure because a machine was busy.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def static_files_listed_once() -> Iterator[None]:
    """Every client loads the middleware anew; looking for 170 files takes longer than most tests."""
    listed: dict[str, Any] = {}
    look = WhiteNoiseMiddleware.add_files_from_finders

    def look_once(middleware: WhiteNoiseMiddleware) -> None:
        if not listed:
            look(middleware)
            listed.update(middleware.files)
        middleware.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def contexts_kept_of_pages_alone() -> Iterator[None]:
    """Django copies the context of all that is rendered; nobody asks for those of a hundred widgets."""
    keep = test_client.store_rendered_templates

    def keep_of_pages(store: Any, signal: Any, sender: Any, template: Any, context: Any, **more: Any) -> None:
        if not (template.name or "").startswith(("django/forms/", "admin/widgets/")):
            keep(store, signal, sender, template, context, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_client, "store_rendered_templates", keep_of_pages)
        yield


@pytest.fixture(scope="session", autouse=True)
def passwords_hashed_in_no_time() -> Iterator[None]:
    """The usual hash, but not the million rounds that keep a machine busy for half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        yield


@pytest.fixture(autouse=True)
def nothing_counted_yet() -> None:
    """Limits are met by the requests of one test alone."""
    for name in ("default", "process"):
        caches[name].clear()


def pytest_collection_finish() -> None:
    """What is loaded by now stays; to look through it for garbage again and again takes a tenth of a run."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the database of this run has not got."""
    (other,) = {"sqlite", "postgresql"} - {connection.vendor}
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A browser's event loop gives its tests a connection of their own, which nobody closes.

    PostgreSQL drops no database that somebody is connected to.
    """
    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock():
            empty = emptying()
            if connection.vendor == "postgresql":
                bare_database.make()
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock():
        connection.close()  # a test may have cut it: with the browser's loop went the connection of its tests
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        bare_database.drop()


@pytest.fixture
def get(client: Client) -> Callable[..., Any]:
    """GET below the API's base path: `get("models/", tag="fast")`; keywords are the query."""

    def get(path: str, /, **query: Any) -> Any:
        return client.get(f"/api/v1/{path}", query)

    return get


@pytest.fixture
def viewer(db: None) -> User:
    """Staff who may look at models and change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    return user


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def admin_client(client: Client, admin: User) -> Client:
    """Of an administrator who signed in at some other time: the trail tells nothing of it."""
    session = SessionStore()
    session[SESSION_KEY] = str(admin.pk)
    session[BACKEND_SESSION_KEY] = f"{ModelBackend.__module__}.{ModelBackend.__qualname__}"
    session[HASH_SESSION_KEY] = admin.get_session_auth_hash()
    session.save()
    client.cookies[SESSION_COOKIE_NAME] = session.session_key
    return client


@pytest.fixture
def standard_prices(db: None) -> None:
    """The policy of the published price table."""
    standard_policy()
