"""Every one is counted once, whoever counts at the same moment, and a window ends when it says."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

import pytest
import time_machine
from django.core.cache import caches

from tests.exchange.threads import at_once
from videoai.limits.caches import OwnCache
from videoai.limits.counting import count
from videoai.limits.windows import Count


@pytest.fixture
def at_most(settings: Any) -> Callable[[int], OwnCache]:
    """Have no more than so many windows remembered."""

    def at_most(most: int) -> OwnCache:
        settings.CACHES = {"default": {**settings.CACHES["process"], "OPTIONS": {"MAX_ENTRIES": most}}}
        return cast(OwnCache, caches["default"])

    return at_most


@pytest.mark.usefixtures("counted_anywhere")
class TestAnywhere:
    def test_sixteen_threads_count_to_sixty_four(self):
        per_thread = at_once(
            lambda: [count("one", seconds=60).number for _ in range(4)],
            threads=16,
        )

        assert sorted(number for numbers in per_thread for number in numbers) == list(range(1, 65))

    def test_each_key_is_counted_by_itself(self):
        assert [count(key, seconds=60).number for key in ("one", "other", "one")] == [1, 1, 2]

    def test_a_window_begins_in_full(self):
        assert count("one", seconds=60) == Count(1, resets_in=60)


class TestInTheProcess:
    def test_a_window_lasts_from_its_first_to_its_end(self):
        with time_machine.travel(1_700_000_059.5, tick=False) as clock:
            assert count("one", seconds=60) == Count(1, 60)
            clock.shift(1)  # the clock's minute is over, the window is not
            assert count("one", seconds=60) == Count(2, 59)
            clock.shift(58.9)
            assert count("one", seconds=60) == Count(3, 1)
            clock.shift(0.1)
            assert count("one", seconds=60) == Count(1, 60)

    def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_a_window(self):
        with time_machine.travel(1_700_000_000, tick=False) as clock:
            count("one", seconds=60)
            clock.shift(-3_600)
            assert count("one", seconds=60) == Count(2, 60)

    def test_callers_without_number_take_no_memory_without_end(self, at_most):
        cache = at_most(30)
        for number in range(100):
            count(f"caller-{number}", seconds=60)

        assert len(cache.windows) == 30

    def test_what_has_ended_makes_room_before_what_goes_on(self, at_most):
        at_most(3)
        with time_machine.travel(1_700_000_000, tick=False) as clock:
            count("day", seconds=86_400)
            count("minute", seconds=60)
            clock.shift(60)
            count("other day", seconds=86_400)
            count("new", seconds=60)

            assert count("day", seconds=86_400).number == 2
            assert count("other day", seconds=86_400).number == 2

    def test_of_those_that_go_on_the_oldest_makes_room(self, at_most):
        at_most(2)
        with time_machine.travel(1_700_000_000, tick=False) as clock:
            for key, seconds in (("first", 86_400), ("second", 60), ("third", 86_400)):
                count(key, seconds=seconds)
                clock.shift(1)

            assert count("third", seconds=86_400).number == 2
            assert count("second", seconds=60).number == 2
            assert count("first", seconds=86_400).number == 1

    def test_one_that_is_counted_anew_takes_no_second_place(self, at_most):
        cache = at_most(30)
        with time_machine.travel(1_700_000_000, tick=False) as clock:
            for _ in range(3):
                count("one", seconds=60)
                clock.shift(60)

        assert len(cache.windows) == 1

    def test_what_is_cleared_is_counted_from_one(self):
        count("one", seconds=60)
        caches["default"].clear()

        assert count("one", seconds=60).number == 1


class TestInRedis:
    def test_what_is_counted_ends_by_itself(self, redis_server, count_at):
        count_at(redis_server.url)
        count("one", seconds=60)

        (name,) = redis_server.client.keys()

        assert name == b"videoai:1:one"
        assert 0 < redis_server.client.pttl(name) <= 60_000

    def test_the_next_window_ends_by_itself_too(self, redis_server, count_at):
        count_at(redis_server.url)
        for _ in range(3):
            count("one", seconds=60)
        (name,) = redis_server.client.keys()
        redis_server.client.pexpire(name, 1)
        while redis_server.client.exists(name):
            pass

        assert count("one", seconds=60) == Count(1, 60)
        assert redis_server.client.pttl(name) > 0

    @pytest.mark.slow
    def test_processes_count_together(self, redis_server):
        script = (
            "import django; django.setup()\n"
            "from videoai.limits.counting import count\n"
            "print('ready', flush=True); input()\n"
            "print(*[count('one', seconds=60).number for _ in range(16)])"
        )
        environment = {**os.environ, "CACHE_URL": redis_server.url}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}

        with ExitStack() as running:
            processes = [
                running.enter_context(subprocess.Popen([sys.executable, "-c", script], **pipes))
                for _ in range(4)
            ]
            for process in processes:
                assert process.stdout.readline() == "ready\n"
            for process in processes:
                process.stdin.write("go\n")
                process.stdin.flush()
            words = [process.communicate()[0].split() for process in processes]

        numbers = [int(number) for numbers in words for number in numbers]
        assert sorted(numbers) == list(range(1, 65))
