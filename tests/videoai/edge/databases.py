"""The database of the tests, for processes of their own."""

from django.db import connection


def address_of_tests(*, port: int | None = None) -> str:
    """The address of the database that Django is connected to; by way of another port, if one is named."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    credentials = ":".join(filter(None, (settings["USER"], settings["PASSWORD"])))
    return (
        f"postgres://{credentials}@{settings['HOST']}:{port or settings['PORT'] or 5432}/{settings['NAME']}"
    )
