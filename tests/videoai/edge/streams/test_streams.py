"""Who listens hears of every change, and of nothing that is not for the public."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from tests.videoai.edge import loops
from tests.videoai.edge.listening import Catalogue, Listener, sold, until
from videoai.edge.freshness.reading import ChangedModel, Silent
from videoai.edge.streams.streams import MOST_OVERDUE, TooManyOfAddress, TooManyStreams


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        loops.run_in_real_time(test(*args, **kwargs))

    return run


async def opened(listener: Listener) -> Listener:
    await until(lambda: "retry: " in listener.text)
    return listener


# --- What is told ----------------------------------------------------------------------------------------


@in_a_loop
async def test_a_stream_begins_with_the_present_id_so_that_it_can_be_resumed():
    catalogue = Catalogue(revision=7)

    listener = await opened(Listener(catalogue.streams()))

    assert listener.messages[0]["status"] == 200
    assert listener.text == f"retry: 2000\nid: {catalogue.event_id}\n\n"


@in_a_loop
async def test_every_listener_hears_of_a_change():
    catalogue = Catalogue()
    streams = catalogue.streams()
    listeners = [await opened(Listener(streams)) for _ in range(70)]

    catalogue.change(sold("google/veo-3"))
    await until(lambda: all(listener.events for listener in listeners))

    told = {"id": catalogue.event_id, "revision": 2, "changed": ["google/veo-3"], "reload": False}
    assert all(listener.events == [told] for listener in listeners)


@in_a_loop
async def test_drafts_are_never_told_of():
    catalogue = Catalogue()
    listener = await opened(Listener(catalogue.streams()))

    catalogue.change((ChangedModel("acme/secret", was_sold=False, is_sold=False),))
    await catalogue.read()
    catalogue.change(
        (
            ChangedModel("acme/secret", was_sold=False, is_sold=False),
            ChangedModel("acme/launched", was_sold=False, is_sold=True),
            ChangedModel("acme/retired", was_sold=True, is_sold=False),
        )
    )
    await until(lambda: listener.events)

    assert [event["changed"] for event in listener.events] == [["acme/launched", "acme/retired"]]
    assert "secret" not in listener.text


@in_a_loop
async def test_who_comes_back_is_told_what_came_since_in_one_event():
    catalogue = Catalogue()
    streams = catalogue.streams()
    await (await opened(Listener(streams))).leave()
    last = catalogue.event_id
    for model_id in ("a/one", "a/two", "a/one"):
        catalogue.change(sold(model_id))

    listener = await opened(Listener(streams, last=last))

    assert listener.events == [
        {"id": catalogue.event_id, "revision": 4, "changed": ["a/one", "a/two"], "reload": False}
    ]


@in_a_loop
async def test_who_comes_back_in_time_has_missed_nothing():
    catalogue = Catalogue()

    listener = await opened(Listener(catalogue.streams(), last=catalogue.event_id))

    assert listener.events == []


UNTELLABLE = {
    "prices of all models": lambda catalogue: catalogue.change((), prices=True),
    "anything": lambda catalogue: catalogue.change(None),
    "more models than one event names": lambda catalogue: catalogue.change(
        sold(*(f"a/{n}" for n in range(101)))
    ),
    "another database": lambda catalogue: catalogue.change(None, epoch="f" * 32),
}


@pytest.mark.parametrize("happen", UNTELLABLE.values(), ids=UNTELLABLE)
@in_a_loop
async def test_what_can_not_be_told_model_by_model_is_a_reason_to_reload(happen):
    catalogue = Catalogue()
    streams = catalogue.streams()
    listener = await opened(Listener(streams))
    last = catalogue.event_id

    happen(catalogue)
    catalogue.change(sold("a/one"), epoch=catalogue.event_id[:32])
    await until(lambda: listener.events)
    returned = await opened(Listener(streams, last=last))

    told = {"id": catalogue.event_id, "revision": 3, "changed": [], "reload": True}
    assert listener.events == returned.events == [told]


@pytest.mark.parametrize("last", ["nonsense", f"{'f' * 32}-1", f"{'e' * 32}-999", "é\x00", "-", "1"])
@in_a_loop
async def test_an_id_that_nobody_remembers_is_a_reason_to_reload(last):
    catalogue = Catalogue()

    listener = await opened(Listener(catalogue.streams(), last=last))

    assert [event["reload"] for event in listener.events] == [True]


@in_a_loop
async def test_only_the_last_changes_are_remembered():
    catalogue = Catalogue()
    streams = catalogue.streams(most_changes=3)
    await (await opened(Listener(streams))).leave()
    ids = [catalogue.event_id]
    for n in range(4):
        catalogue.change(sold(f"a/{n}"))
        ids.append(catalogue.event_id)
    await catalogue.read()

    too_old = await opened(Listener(streams, last=ids[0]))
    just_in_time = await opened(Listener(streams, last=ids[1]))

    assert [event["reload"] for event in too_old.events] == [True]
    assert [event["changed"] for event in just_in_time.events] == [["a/1", "a/2", "a/3"]]


# --- The database ----------------------------------------------------------------------------------------


@in_a_loop
async def test_streams_outlive_a_silent_database_and_reload_when_it_is_back():
    catalogue = Catalogue()
    listener = await opened(Listener(catalogue.streams(heartbeat_seconds=0.064)))
    catalogue.is_silent = True
    reads, beats = catalogue.reads, listener.text.count(": \n\n")
    await until(lambda: catalogue.reads > reads and listener.text.count(": \n\n") > beats + 2)
    assert not listener.has_ended

    catalogue.come_back()
    await until(lambda: listener.events)

    assert listener.events == [{"id": catalogue.event_id, "revision": 1, "changed": [], "reload": True}]


@in_a_loop
async def test_no_stream_begins_while_the_database_is_silent():
    catalogue = Catalogue()
    catalogue.is_silent = True
    streams = catalogue.streams()
    listener = Listener(streams)

    with pytest.raises(Silent):
        await listener.stream

    assert listener.messages == []
    assert len(streams) == 0


@in_a_loop
async def test_nothing_is_asked_while_nobody_listens():
    catalogue = Catalogue()
    streams = catalogue.streams()
    listener = await opened(Listener(streams))
    reads = catalogue.reads
    await until(lambda: catalogue.reads > reads)

    await listener.leave()
    await asyncio.sleep(0)  # what was cancelled ends
    reads = catalogue.reads

    assert len(asyncio.all_tasks()) == 1
    catalogue.change(sold("a/one"))
    assert catalogue.reads == reads
    assert (await opened(Listener(streams))).text.startswith("retry")


# --- Clients that are slow, gone or too many -------------------------------------------------------------


@in_a_loop
async def test_a_slow_client_keeps_nobody_waiting_and_gets_all_it_missed_in_one_event():
    catalogue = Catalogue()
    streams = catalogue.streams()
    slow, quick = await opened(Listener(streams)), await opened(Listener(streams))
    slow.takes.clear()

    for n in range(5):
        catalogue.change(sold(f"a/{n}"))
        await until(lambda n=n: len(quick.events) == n + 1)
    assert [event["changed"] for event in slow.events] == [["a/0"]]
    slow.takes.set()
    await until(lambda: len(slow.events) == 2)

    assert [event["changed"] for event in slow.events] == [["a/0"], ["a/1", "a/2", "a/3", "a/4"]]


@in_a_loop
async def test_a_client_that_takes_nothing_any_more_is_let_go():
    catalogue = Catalogue()
    streams = catalogue.streams(heartbeat_seconds=0.064)
    stuck = await opened(Listener(streams))
    stuck.takes.clear()

    await asyncio.wait_for(stuck.stream, 10)

    assert stuck.has_ended
    assert [message["body"] for message in stuck.messages[2:-1]][-1] == b": \n\n"
    assert len(streams) == 0
    assert MOST_OVERDUE > 1


@in_a_loop
async def test_who_has_gone_without_a_word_is_no_trouble_to_the_others():
    catalogue = Catalogue()
    streams = catalogue.streams()
    gone, there = await opened(Listener(streams)), await opened(Listener(streams))
    gone.is_gone = True

    for n in range(2):
        catalogue.change(sold(f"a/{n}"))
        await until(lambda n=n: len(there.events) == n + 1)

    assert gone.events == []


@in_a_loop
async def test_a_process_holds_so_many_and_no_more():
    streams = Catalogue().streams(most=2)
    first, _ = [await opened(Listener(streams, address=f"192.0.2.{n}")) for n in range(2)]
    refused = Listener(streams, address="192.0.2.9")

    with pytest.raises(TooManyStreams):
        await refused.stream
    await first.leave()

    assert refused.messages == []
    assert await opened(Listener(streams, address="192.0.2.9"))


@in_a_loop
async def test_an_address_holds_so_many_and_no_more():
    streams = Catalogue().streams(most_of_address=1)
    first = await opened(Listener(streams))

    with pytest.raises(TooManyOfAddress):
        await Listener(streams).stream
    assert await opened(Listener(streams, address="192.0.2.2"))
    await first.leave()

    assert await opened(Listener(streams))


# --- Open for long, and the end --------------------------------------------------------------------------


@in_a_loop
async def test_now_and_then_a_comment_keeps_the_connection_open():
    listener = await opened(Listener(Catalogue().streams(heartbeat_seconds=0.064)))
    opening = listener.text

    await until(lambda: listener.text.count(": \n\n") >= 2)

    assert listener.text.removeprefix(opening).replace(": \n\n", "") == ""


@in_a_loop
async def test_at_the_end_every_stream_ends_and_none_begins():
    catalogue = Catalogue()
    streams = catalogue.streams()
    listeners = [await opened(Listener(streams)) for _ in range(70)]

    streams.end()
    await asyncio.gather(*(listener.stream for listener in listeners))

    assert all(listener.has_ended for listener in listeners)
    with pytest.raises(TooManyStreams):
        await Listener(streams).stream
