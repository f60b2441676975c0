"""Connecting to one of several hosts, some of which are off."""

import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from tests.videoai.edge import loops
from videoai.deploy.local.processes import free_port
from videoai.edge.freshness.connecting import connected, one_host_each
from videoai.edge.freshness.postgresql import conninfo


def test_each_host_is_asked_with_its_own_port():
    each = one_host_each("host=one,two,three port=1,2,3 user=ada target_session_attrs=read-write")

    assert [conninfo_to_dict(one) for one in each] == [
        {"host": host, "port": port, "user": "ada", "target_session_attrs": "read-write"}
        for host, port in (("one", "1"), ("two", "2"), ("three", "3"))
    ]


@pytest.mark.parametrize("text", ["host=one port=1 user=ada", "user=ada", "host=/var/run port=5"])
def test_one_host_is_asked_as_it_stands(text):
    assert [conninfo_to_dict(one) for one in one_host_each(text)] == [conninfo_to_dict(text)]


@pytest.mark.postgresql
@pytest.mark.django_db
class TestConnecting:
    @pytest.fixture
    def off(self) -> Iterator[int]:
        """As a machine that is off: nothing is refused, and nothing answered."""
        with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
            yield server.getsockname()[1]

    def connect(self, *ports: int, **more: str) -> tuple[int, float]:
        """The port of who let us in, and after how many seconds."""
        parameters = connection.get_connection_params()
        text = conninfo(
            parameters
            | {"host": ",".join([parameters["host"]] * len(ports)), **more}
            | {"port": ",".join(map(str, ports))}
        )

        async def scenario() -> int:
            session = await connected(text)
            async with session:
                return session.info.port

        started = time.monotonic()
        return loops.run_in_real_time(scenario()), time.monotonic() - started

    @property
    def good(self) -> int:
        return int(connection.settings_dict["PORT"] or 5432)

    def test_a_host_that_says_nothing_keeps_the_next_one_waiting_but_briefly(self, off):
        port, seconds = self.connect(off, self.good)

        assert port == self.good
        assert seconds < 1.5

    def test_a_host_that_refuses_keeps_nobody_waiting(self):
        assert self.connect(free_port(), free_port(), self.good)[0] == self.good

    def test_the_first_that_is_good_is_taken(self, off):
        port, seconds = self.connect(self.good, off)

        assert port == self.good
        assert seconds < 1

    def test_if_none_lets_us_in_that_is_told(self, off):
        with pytest.raises(psycopg.OperationalError):
            self.connect(free_port(), off)

    def test_a_host_that_takes_no_writes_is_passed_by(self):
        with pytest.raises(psycopg.OperationalError):
            self.connect(
                self.good,
                options="-c default_transaction_read_only=on",
                target_session_attrs="read-write",
            )
