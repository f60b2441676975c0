import asyncio
from typing import Any

import pytest
from django.conf import settings

from tests.videoai.edge import loops
from videoai.edge.behind.bodies import MOST_READ, Bodies
from videoai.edge.behind.errors import ClientGone, Unavailable
from videoai.edge.behind.threads import Request
from videoai.edge.behind.upstream import _outgoing
from videoai.edge.requests import Message, Receive, Scope

MIB = 1024 * 1024


def sending(length: int) -> Scope:
    return {"type": "http", "headers": [(b"content-length", str(length).encode())]}


def pieces(*bodies: bytes, more: bool = False) -> Receive:
    """They come one after another; then nothing, if there is `more`."""
    waiting = list(bodies)

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting) or more}

    return receive


def test_a_body_is_held_until_it_was_answered():
    bodies = Bodies()

    async def scenario() -> None:
        async with bodies.read(sending(4), pieces(b"ab", b"cd")) as body:
            assert body == b"abcd"
            assert bodies.held == 4
        assert bodies.held == 0

    loops.run(scenario())


def test_all_bodies_together_hold_no_more_than_the_process_can_bear():
    bodies = Bodies(most_held=5)

    async def scenario() -> None:
        async with bodies.read(sending(4), pieces(b"abcd")):
            with pytest.raises(Unavailable, match="Too much is being sent at once"):
                async with bodies.read(sending(4), pieces(b"ab", b"cd")):
                    pytest.fail("was read")
            assert bodies.held == 4
        async with bodies.read(sending(4), pieces(b"abcd")) as body:
            assert body == b"abcd"

    loops.run(scenario())


def test_a_body_that_does_not_come_is_not_waited_for():
    bodies = Bodies()

    async def scenario() -> None:
        with pytest.raises(Unavailable, match="did not come within 30 seconds"):
            async with bodies.read(sending(MIB), pieces(b"a" * 1_000, more=True)):
                pytest.fail("was read")
        assert bodies.held == 0

    loops.run(scenario())


def test_what_is_too_large_is_read_but_not_held():
    bodies = Bodies()
    half = bytes(settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2 + 1)

    async def scenario() -> None:
        async with bodies.read(sending(3 * len(half)), pieces(half, half, half)) as body:
            assert body == b""
            assert bodies.held == 0
        endless = pieces(*[half] * (MOST_READ // len(half) + 2), more=True)
        async with bodies.read(sending(MOST_READ * 2), endless) as body:
            assert body == b""

    loops.run(scenario())


def test_a_sender_who_leaves_takes_the_body_along():
    bodies = Bodies()
    told: list[Any] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return dict(told.pop(0))

    async def scenario() -> None:
        with pytest.raises(ClientGone):
            async with bodies.read(sending(4), receive):
                pytest.fail("was read")
        assert bodies.held == 0

    loops.run(scenario())


def test_any_bytes_of_a_target_go_on_to_an_upstream():
    scope = {"method": "GET", "path": "/é", "raw_path": "/é".encode(), "query_string": "q=ü x\t%2F".encode()}

    outgoing = _outgoing(Request({**scope, "headers": [], "client": None}))

    assert outgoing.target == "/%C3%A9?q=%C3%BC%20x%09%2F"
