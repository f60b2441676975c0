"""Whoever guesses tokens is slowed down; whoever has one is not."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tests.exchange.threads import at_once
from videoai.access.client_address import client_address
from videoai.limits import failures
from videoai.limits.rates import Rate


@pytest.fixture(autouse=True)
def three_a_minute(settings: Any) -> None:
    settings.RATE_LIMIT_FAILURE = Rate(3, 60)


def refused(address: str) -> bool:
    try:
        failures.count(address)
    except Throttled as throttled:
        return throttled.wait == 60
    return False


def test_those_above_the_limit_are_refused_by_address():
    assert [refused("192.0.2.1") for _ in range(5)] == [False, False, False, True, True]
    assert not refused("192.0.2.2")


def test_neighbours_of_ipv6_are_one_address():
    assert [refused(f"2001:db8::{n}") for n in range(1, 5)] == [False, False, False, True]


@pytest.mark.usefixtures("counted_anywhere")
def test_it_is_exact_when_many_guess_at_once(settings):
    settings.RATE_LIMIT_FAILURE = Rate(20, 60)
    per_thread = at_once(lambda: [refused("192.0.2.1") for _ in range(4)], threads=16)

    assert sum(outcome is False for outcomes in per_thread for outcome in outcomes) == 20


def test_off_refuses_nobody(settings):
    settings.RATE_LIMIT_FAILURE = None

    assert not any(refused("192.0.2.1") for _ in range(5))


class Word(BaseAuthentication):
    """One word is good, all others are failures."""

    written_down: int

    def authenticate(self, request: Any) -> tuple[AnonymousUser, str] | None:
        if request.headers["Authorization"] == "good":
            return AnonymousUser(), "good"
        failures.count(client_address(request))
        Word.written_down += 1
        raise AuthenticationFailed("Not the word.")

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


class Guarded(APIView):
    authentication_classes = [Word]
    required_scopes = {"get": frozenset()}

    def get(self, request: Any) -> Response:
        return Response("let in")


def test_beyond_the_limit_bad_credentials_are_429_and_unwritten_while_good_ones_go_on():
    Word.written_down = 0
    words = ["bad", "good", "bad", "bad", "bad", "good", "bad"]

    responses = [
        Guarded.as_view()(APIRequestFactory().get("/", headers={"Authorization": word})) for word in words
    ]

    assert [response.status_code for response in responses] == [401, 200, 401, 401, 429, 200, 429]
    assert responses[-1]["Retry-After"] == "60"
    assert Word.written_down == 3
