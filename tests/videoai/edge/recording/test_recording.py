"""Recordings that wait for each other's transaction are answered as Django would have, each for itself."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.db import OperationalError, connection

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.usage.agreements import Agreement, agree
from models_registry.usage.models import Generation, GenerationKey, UsageRollup
from tests.factories import AIModelFactory, service_token, untraced
from tests.models_registry.usage.generations import NOW, counted, kept
from tests.videoai.edge import loops
from tests.videoai.edge.reporting import (
    PATH,
    REPORT,
    by_django,
    recorded,
    recording,
    reports,
    statuses,
)
from videoai.access import services
from videoai.access.models import ServiceToken
from videoai.edge.application import Edge
from videoai.edge.behind.threads import Request
from videoai.edge.building import edge
from videoai.edge.ready.answers import Answer
from videoai.edge.recording import group_commit as grouping
from videoai.edge.recording import together
from videoai.edge.recording.group_commit import GroupCommit
from videoai.edge.requests import Message
from videoai.limits.rates import Rate

pytestmark = pytest.mark.django_db(transaction=True)

EVERYTHING = {
    "generation_id": "ünï \u2028 7",
    "generation_time": "12.345678",
    "success": False,
    "error_code": "provider_timeout",
    "duration": 8,
    "quality": "high",
    "queue_time": 0.25,
    "cost_usd": "0.40",
    "credits": 27,
    "finished_at": "2026-11-22T18:59:59.5+01:00",
}
NOTHING = [[], [], [], [], []]


@pytest.fixture(autouse=True)
def model() -> None:
    AIModelFactory(model_id="a/b")


@pytest.fixture
def token() -> str:
    return service_token("usage:write").text


@pytest.fixture
def group() -> Iterator[GroupCommit]:
    group = GroupCommit()
    yield group
    group.close()


def forget_generations() -> None:
    for model in (Generation, GenerationKey):
        untraced(model).delete()


class TestAsDjangoAnswers:
    @pytest.fixture(autouse=True)
    def clock(self) -> Iterator[None]:
        """Who does not say when a generation finished is told when it was recorded."""
        with time_machine.travel(NOW, tick=False):
            yield

    @pytest.mark.parametrize("limit", [None, Rate(100, 60)], ids=["unlimited", "limited"])
    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"content": EVERYTHING, "accept_encoding": "gzip, br"},
            {"content": {**REPORT, "generation_id": 200 * "ü"}, "accept_encoding": "gzip"},
            {"path": PATH.rstrip("/")},
            {"accept": "application/json, text/plain, */*"},
            {"content_type": "application/json; charset=utf-8"},
            {"host": "127.0.0.1:8000", "user_agent": "backend/1", "x_unheard_of": "1"},
            {"x_forwarded_for": "198.51.100.1", "origin": "https://example.com"},
        ],
        ids=str,
    )
    def test_an_answer_is_the_same_to_the_byte(self, group, token, settings, sent, limit):
        settings.RATE_LIMIT_WRITE = limit
        request = recording(token, **sent)
        expected = [by_django(request), by_django(request)]
        forget_generations()
        for name in ("default", "process"):
            caches[name].clear()

        found = [*recorded(group, request), *recorded(group, request)]

        assert [one.status for one in expected] == [201, 200]
        assert found == expected

    def test_behind_a_proxy_that_does_the_encryption_too(self, group, token, settings):
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_HSTS_SECONDS = 3_600

        assert statuses(group, recording(token)) == [None]  # Django redirects
        (found,) = recorded(group, recording(token, x_forwarded_proto="https"))

        assert isinstance(found, Answer)
        assert dict(found.headers)[b"strict-transport-security"] == b"max-age=3600"

    def test_without_a_good_id_of_its_own_each_gets_another(self, group, token):
        sent = [
            recording(token, report, x_request_id=request_id)
            for report, request_id in zip(reports("1", "2", "3"), (None, "no id!", "r-3"), strict=True)
        ]

        ids = [dict(answer.headers)[b"x-request-id"] for answer in recorded(group, *sent)]

        assert [len(one) for one in ids] == [32, 32, 3]
        assert ids[0] != ids[1]


class TestLeftToDjango:
    @pytest.mark.parametrize(
        "change",
        [
            {"authorization": None},
            {"authorization": "Bearer vai_abcdefghijkl_" + 43 * "x"},
            {"authorization": "Basic YTpi"},
            {"cookie": "sessionid=1"},
            {"x_change_reason": "why"},
            {"content_type": "text/plain"},
            {"content_type": None},
            {"content_length": None},
            {"content_length": "7"},
            {"transfer_encoding": "chunked"},
            {"accept": "text/html"},
            {"accept": "application/json; indent=4"},
            {"host": "elsewhere.example"},
            {"host": None},
            {"x_videoai_counted": "1:1:x"},
            {"query": "a=1"},
            {"path": "/api/v1/models/a/c/generations/"},
            {"path": "/api/v1/models/a/%62/generations/"},
            {"path": "/api/v1/models/a/b/"},
            {"content": b""},
            {"content": b"{"},
            {"content": b"[]"},
            {"content": b'\xef\xbb\xbf{"generation_id":"g-1","generation_time":1,"success":true}'},
            {"content": b'{"generation_id":"g-1","generation_time":1,"success":true,"success":true}'},
            {"content": {**REPORT, "success": "yes"}},
            {"content": {**REPORT, "quality": "unheard-of"}},
            {"content": {"filler": 20_000 * "x", **REPORT}},
            {"content": {}},
        ],
        ids=str,
    )
    def test_what_is_not_plainly_good_is_untouched(self, group, token, change):
        before = AuditEntry.objects.count()
        request = recording(token, **change)

        assert recorded(group, request) == [request]

        assert kept() == NOTHING
        assert AuditEntry.objects.count() == before

    def test_a_header_that_comes_twice(self, group, token):
        request = recording(token)
        request.scope["headers"].append((b"host", b"localhost"))

        assert recorded(group, request) == [request]

    def test_a_token_without_the_scope(self, group):
        request = recording(service_token("usage:read").text)

        assert recorded(group, request) == [request]
        assert kept() == NOTHING

    def test_a_token_that_expired(self, group):
        with time_machine.travel(NOW, tick=False) as clock:
            token = service_token("usage:write", expires_in=timedelta(minutes=1)).text
            assert statuses(group, recording(token)) == [201]
            clock.shift(60)
            assert statuses(group, recording(token)) == [None]

    def test_a_token_that_was_revoked_a_moment_ago(self, group):
        issued = service_token("usage:write")
        first, second = (recording(issued.text, report) for report in reports("1", "2"))
        assert statuses(group, first) == [201]

        services.revoke("worker")

        assert recorded(group, second) == [second]
        assert by_django(second).status == 401
        assert counted() == {"a/b": (1, 1, 12_500_000)}


class TestTogether:
    """What is sent at once may go in one transaction or in two; each outcome is the same."""

    def test_what_was_agreed_on_is_of_one_quality_and_duration(self, group, token):
        agree("g-1", Agreement(AIModel.objects.get().pk, "high", 4, 60, 900_000_000, "rate:7"))
        others = [{**REPORT, "quality": "ultra"}, {**REPORT, "duration": 3_600}]

        sent = [recording(token, report) for report in (*others, REPORT, {**REPORT, "quality": "high"})]
        found = statuses(group, *sent)

        assert [*found[:2], *sorted(found[2:])] == [None, None, 200, 201]
        assert [by_django(one).status for one in sent] == [409, 409, 200, 200]
        (stored,) = Generation.objects.all()
        assert (stored.quality, stored.duration, stored.credits) == ("high", 4, 60)

    def test_one_generation_of_two_callers_counts_once(self, group, token):
        found = statuses(group, *[recording(token)] * 8)

        assert Counter(found) == {201: 1, 200: 7}
        assert counted() == {"a/b": (1, 1, 12_500_000)}

    def test_one_id_for_two_generations_is_a_conflict_for_the_second(self, group, token):
        other = recording(token, {**REPORT, "generation_time": 3})

        first, second = recorded(group, recording(token), other)

        assert isinstance(first, Answer)
        assert first.status == 201
        assert isinstance(second, Request)
        assert by_django(second).status == 409
        assert counted() == {"a/b": (1, 1, 12_500_000)}

    def test_a_bad_one_keeps_no_other_from_being_recorded(self, group, token):
        good = [recording(token, report) for report in reports("1", "2", "3")]
        bad = [recording("nobody"), recording(token, {**REPORT, "credits": -1})]

        assert statuses(group, good[0], *bad, *good[1:]) == [201, None, None, 201, 201]
        assert counted() == {"a/b": (3, 3, 37_500_000)}

    def test_counters_say_what_the_rows_say(self, group, token):
        AIModelFactory(model_id="a/c")
        paths = [PATH, "/api/v1/models/a/c/generations/"]
        sent = [
            recording(token, {**REPORT, "generation_id": f"g-{n}", "generation_time": n}, path=paths[n % 2])
            for n in range(300)
        ]

        assert statuses(group, *sent) == [201] * 300

        assert counted() == {
            "a/b": (150, 150, sum(range(0, 300, 2)) * 1_000_000),
            "a/c": (150, 150, sum(range(1, 300, 2)) * 1_000_000),
        }
        assert Generation.objects.count() == GenerationKey.objects.count() == 300
        assert sum(rollup.generations for rollup in UsageRollup.objects.filter(grain="hour")) == 300

    def test_nobody_is_answered_before_the_commit(self, group, token, monkeypatch):
        answer, seen = together.Together._answer, []

        def look_first(*args: object) -> Answer:
            with ThreadPoolExecutor(1) as elsewhere:
                seen.append(elsewhere.submit(stands).result())
            return answer(*args)

        def stands() -> bool:
            try:
                return GenerationKey.objects.filter(pk="g-1").exists()
            finally:
                connection.close()

        monkeypatch.setattr(together.Together, "_answer", look_first)

        assert statuses(group, recording(token)) == [201]
        assert seen == [True]

    def test_the_use_of_a_token_is_noted(self, group, token):
        recorded(group, recording(token))

        assert ServiceToken.objects.get().last_used_at is not None


class TestLimit:
    def test_it_holds_for_both_ways_together(self, group, token, settings):
        settings.RATE_LIMIT_WRITE = Rate(4, 60)
        sent = [recording(token, report) for report in reports(*"1234567")]
        assert by_django(sent[0]).status == 201

        found = recorded(group, *sent[1:])

        assert [left(one) for one in found if isinstance(one, Answer)] == [2, 1, 0]
        over = [by_django(one) for one in found if isinstance(one, Request)]
        assert [(one.status, left(one)) for one in over] == [(429, 0)] * 3
        assert counted() == {"a/b": (4, 4, 50_000_000)}

    def test_a_conflict_is_counted_once(self, group, token, settings):
        settings.RATE_LIMIT_WRITE = Rate(10, 60)
        assert statuses(group, recording(token)) == [201]

        (refused,) = recorded(group, recording(token, {**REPORT, "generation_time": 3}))
        conflict = by_django(refused)

        assert (conflict.status, left(conflict)) == (409, 8)
        assert left(by_django(recording(token))) == 7


def left(answer: Answer) -> int:
    """How many more the answer says are let through."""
    told = dict(answer.headers)[b"ratelimit"].decode()
    return int(told.split(";")[1].removeprefix("r="))


class TestTrouble:
    def test_a_batch_that_fails_is_left_to_django_and_the_next_is_not(self, group, token, monkeypatch):
        def fail(_: object) -> None:
            raise OperationalError("deadlock detected")

        sent = [recording(token, report) for report in reports("1", "2")]
        with monkeypatch.context() as patch:
            patch.setattr(together, "record_each", fail)
            assert statuses(group, *sent) == [None, None]
            assert kept() == NOTHING

        assert statuses(group, *sent) == [201, 201]

    @pytest.mark.postgresql
    def test_a_lost_connection_is_made_anew(self, group, token):
        sent = [recording(token, report) for report in reports("1", "2", "3")]
        assert statuses(group, sent[0]) == [201]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        again = [one for one in recorded(group, sent[1]) if isinstance(one, Request)]

        assert [by_django(one).status for one in again] in ([], [201])
        assert statuses(group, sent[2]) == [201]
        assert counted() == {"a/b": (3, 3, 37_500_000)}

    def test_whoever_goes_away_takes_no_other_along(self, group, token):
        async def leave() -> Answer | Request:
            gone, stays = (
                asyncio.ensure_future(group.record(recording(token, report))) for report in reports("1", "2")
            )
            await asyncio.sleep(0)
            gone.cancel()
            return await stays

        answer = loops.run_in_real_time(leave())

        assert isinstance(answer, Answer)
        assert answer.status == 201
        assert statuses(group, *[recording(token, report) for report in reports("1", "2")])[1] == 200

    def test_a_crowd_is_left_to_django(self, group, token, monkeypatch):
        monkeypatch.setattr(grouping, "MOST_WAITING", 2)

        found = statuses(group, *[recording(token, report) for report in reports(*"12345")])

        assert found == [201, 201, None, None, None]
        assert statuses(group, recording(token, reports("6")[0])) == [201]

    def test_what_waits_is_recorded_before_it_ends(self, group, token):
        async def end() -> list[int]:
            waiting = [
                asyncio.ensure_future(group.record(recording(token, report))) for report in reports(*"123")
            ]
            await asyncio.sleep(0)
            group.close()
            return [answer.status for answer in await asyncio.gather(*waiting) if isinstance(answer, Answer)]

        assert loops.run_in_real_time(end()) == [201] * 3
        assert json.loads(by_django(recording(token, reports("1")[0])).body)["generation_id"] == "1"


class TestApplication:
    def test_a_good_one_goes_with_others_and_a_bad_one_to_django(self, token, monkeypatch):
        asked = []
        record = grouping.GroupCommit.record

        async def note(group: GroupCommit, request: Request) -> Answer | Request:
            found = await record(group, request)
            asked.append(type(found))
            return found

        monkeypatch.setattr(grouping.GroupCommit, "record", note)
        conflict = recording(token, {**REPORT, "generation_time": 3})

        answers = loops.run_in_real_time(answered(recording(token), recording(token), conflict))

        assert [one.status for one in answers] == [201, 200, 409]
        assert answers[2].body == by_django(conflict).body
        assert asked == [Answer, Answer, Request]


async def answered(*requests: Request) -> list[Answer]:
    """What the whole application answers to `requests`, one after the other, in one life of it."""
    application = edge()
    begun: asyncio.Queue[Message] = asyncio.Queue()
    told: asyncio.Queue[Message] = asyncio.Queue()
    begun.put_nowait({"type": "lifespan.startup"})
    life = asyncio.ensure_future(application({"type": "lifespan"}, begun.get, told.put))
    await told.get()
    answers = [await answer_of(application, request) for request in requests]
    begun.put_nowait({"type": "lifespan.shutdown"})
    await life
    return answers


async def answer_of(application: Edge, request: Request) -> Answer:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await application(request.scope, receive, send)
    start, body = messages
    return Answer(start["status"], start["headers"], body["body"])
