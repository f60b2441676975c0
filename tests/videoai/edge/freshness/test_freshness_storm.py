"""A thousand writes past Django, and no answer that is older than what was committed before it was asked for.

`python -m tests.storm --writes 3000` does more of it.
"""

import pytest

from tests.storm.reading import storm
from tests.videoai.edge.databases import address_of_tests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WRITES = 1_000


def test_no_answer_is_older_than_the_last_commit_before_its_request():
    seen = storm(WRITES, answers=1, database_url=address_of_tests(), seed=1)

    assert seen.faults[:10] == []
    assert {kind for kind, number in seen.answers.items() if number > 10} >= {
        *(f"{kind} 200" for kind in ("detail", "cost in detail", "list", "cost in list", "quote")),
    }
    assert any(kind.endswith("304") for kind in seen.answers)
