"""What a server that is killed in the middle leaves behind; `python -m tests.storm` does more of it."""

import pytest
from django.db import connection

from tests.storm.whole import storm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RECORDINGS = 400
KILLED_AT = (100, 220)  # acknowledged recordings


def address() -> str:
    """Of the database that Django is connected to."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    credentials = ":".join(filter(None, (settings["USER"], settings["PASSWORD"])))
    return f"postgres://{credentials}@{settings['HOST']}:{settings['PORT'] or 5432}/{settings['NAME']}"


def test_every_acknowledged_generation_counts_once_though_the_server_is_killed():
    strikes = [lambda _, acknowledged, least=least: acknowledged >= least for least in KILLED_AT]

    told, faults = storm(RECORDINGS, writers=16, workers=2, seed=1, database_url=address(), strikes=strikes)

    assert faults == []
    assert told.kills == len(KILLED_AT)
    assert told.acknowledged == RECORDINGS
