"""What a server that is killed in the middle leaves behind; `python -m tests.storm` does more of it."""

import pytest

from tests.server import database_url
from tests.storm.whole import storm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RECORDINGS = 400
KILLED_AT = (100, 220)  # acknowledged recordings


def test_every_acknowledged_generation_counts_once_though_the_server_is_killed():
    strikes = [lambda _, acknowledged, least=least: acknowledged >= least for least in KILLED_AT]

    told, faults = storm(
        RECORDINGS, writers=16, workers=2, seed=1, database_url=database_url(), strikes=strikes
    )

    assert faults == []
    assert told.kills == len(KILLED_AT)
    assert told.acknowledged == RECORDINGS
