from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry import deprecations as leaving
from models_registry import services
from models_registry.choices import Status
from models_registry.deprecations import Deprecations, bucket, days_left, deprecations
from models_registry.models import AIModel
from tests.factories import AIModelFactory, untraced

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("after", "name", "days"),
    [
        *((-2 * DAY, "past", -2), (-SECOND, "past", 0), (timedelta(), "past", 0), (SECOND, "imminent", 1)),
        *((DAY, "imminent", 1), (DAY + SECOND, "imminent", 2), (7 * DAY, "imminent", 7)),
        *((7 * DAY + SECOND, "upcoming", 8), (30 * DAY, "upcoming", 30)),
    ],
)
def test_buckets_and_days_at_their_boundaries(after, name, days):
    assert bucket(NOW + after, now=NOW) == name
    assert days_left(NOW + after, now=NOW) == days


def lay(**sunsets: timedelta | None) -> None:
    """Models by name, and how long after now they go."""
    for name, after in sunsets.items():
        made = AIModelFactory(model_id=f"a/{name}", name=name)
        untraced(AIModel).filter(pk=made.pk).update(sunset_at=None if after is None else NOW + after)


def put(name: str, status: Status) -> None:
    deprecated_at = NOW if status.flags["is_deprecated"] else None
    untraced(AIModel).filter(model_id=f"a/{name}").update(**status.flags, deprecated_at=deprecated_at)


def told(found: Deprecations) -> dict[str, list[str]]:
    names = ("past", "imminent", "upcoming", "undated")
    return {name: [one.model.name for one in getattr(found, name)] for name in names}


@pytest.mark.django_db
class TestWhoIsTold:
    def test_nobody_beyond_the_days_asked_for_on_either_side(self):
        lay(first=None, long_gone=-9 * DAY - SECOND, gone=-9 * DAY, next=9 * DAY, later=9 * DAY + SECOND)

        assert told(deprecations(within_days=9, now=NOW)) == {
            "past": ["gone"],
            "imminent": [],
            "upcoming": ["next"],
            "undated": [],
        }

    def test_less_than_a_week_leaves_nothing_upcoming(self):
        lay(first=None, soon=3 * DAY, later=6 * DAY)

        found = told(deprecations(within_days=3, now=NOW))

        assert (found["imminent"], found["upcoming"]) == (["soon"], [])

    @pytest.mark.parametrize(
        ("status", "past", "coming"),
        [
            (Status.ACTIVE, ["went"], ["goes"]),
            (Status.DEPRECATED, ["went"], ["goes"]),
            (Status.RETIRED, ["went"], []),
            (Status.DRAFT, [], []),
        ],
    )
    def test_what_is_on_sale_goes_and_what_is_retired_went(self, status, past, coming):
        lay(first=None, went=-DAY, goes=DAY)
        put("went", status)
        put("goes", status)

        found = told(deprecations(within_days=30, now=NOW))

        assert (found["past"], found["imminent"]) == (past, coming)

    def test_a_draft_that_was_retired_without_a_day_on_sale_is_not_told_of(self):
        AIModelFactory()
        synced = AIModelFactory(is_active=False, sunset_at=NOW - DAY)
        services.retire(synced)

        assert told(deprecations(within_days=30, now=NOW))["past"] == []

    def test_the_deprecated_without_a_date_stand_apart(self):
        lay(first=None, b=None, a=None, dated=DAY)
        for name in ("a", "b", "dated"):
            put(name, Status.DEPRECATED)

        found = deprecations(within_days=30, now=NOW)

        assert told(found)["undated"] == ["a", "b"]
        assert [one.days_left for one in found.undated] == [None, None]

    def test_it_takes_two_queries_however_many_there_are(self):
        lay(**{f"m{number}": number * DAY for number in range(12)})

        with CaptureQueriesContext(connection) as queries:
            found = deprecations(within_days=30, now=NOW)

        assert len(queries) == 2
        assert len(found.upcoming) == 4

    def test_what_is_left_out_is_owned_up_to(self, monkeypatch):
        monkeypatch.setattr(leaving, "MOST", 2)
        lay(first=None, a=DAY, b=2 * DAY, c=3 * DAY)

        found = deprecations(within_days=30, now=NOW)

        assert (told(found)["imminent"], found.is_complete) == (["a", "b"], False)
