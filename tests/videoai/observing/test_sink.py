"""Nobody waits for who reads the log, and nothing is lost that somebody takes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from videoai.observing.sink import LOST, PIECE, Sink

LINE = "x" * 99 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def read_all(reader: int, expected: int) -> bytes:
    taken = b""
    while len(taken) < expected:
        taken += os.read(reader, 65_536)
    return taken


def test_what_there_is_room_for_is_there_at_once(pipe):
    reader, writer = pipe

    Sink(writer).write("first\nsecond\n")

    assert os.read(reader, 100) == b"first\nsecond\n"


def test_a_pipe_that_is_full_keeps_nobody_waiting_and_loses_nothing(pipe):
    reader, writer = pipe
    sink = Sink(writer)

    for _ in range(100):
        sink.write(LINE * 100)

    assert not sink.flush(0)
    assert read_all(reader, 1_000_000) == LINE.encode() * 10_000
    assert sink.flush(5)


def test_beyond_its_bound_lines_are_lost_and_counted(pipe, caplog, counted):
    reader, writer = pipe
    sink = Sink(writer, most_bytes=200_000)

    for _ in range(100):
        sink.write(LINE * 100)
    told = counted(LOST)  # though nobody reads
    taken = b""
    while not sink.flush(0.05):
        taken += os.read(reader, 65_536)
    os.set_blocking(reader, False)
    taken += os.read(reader, 65_536)
    deadline = time.monotonic() + 5
    while not caplog.records and time.monotonic() < deadline:
        time.sleep(0.01)  # it is said when the last line is out

    lost = 10_000 - taken.count(b"\n")
    assert lost > 0
    assert told == lost
    assert f"{lost} lines of the log were lost" in caplog.text
    assert set(taken.splitlines(keepends=True)) == {LINE.encode()}


def test_whoever_stops_reading_breaks_nothing(pipe):
    reader, writer = pipe
    os.close(reader)
    sink = Sink(writer)

    sink.write(LINE)

    assert sink.flush(0)


def test_without_standard_error_there_is_no_log():
    Sink(None).write(LINE)


def test_no_write_ends_in_the_midst_of_a_line(pipe, monkeypatch):
    """Other processes write to the same pipe: halves of lines would get mixed up."""
    _, writer = pipe
    written: list[bytes] = []
    monkeypatch.setattr(
        "videoai.observing.sink.os.write",
        lambda _, text: written.append(bytes(text)) or len(text),
    )

    Sink(writer).write("".join("x" * (n * 37 % 900) + "\n" for n in range(200)))

    assert len(written) > 1
    assert all(text.endswith(b"\n") and len(text) <= PIECE for text in written)


@pytest.mark.slow
def test_a_process_that_ends_writes_its_last_lines(tmp_path: Path):
    script = (
        "import logging, os\n"
        "from videoai.observing.sink import LOST, sink\n"
        "for n in range(20_000): sink.write(f'line {n}\\n')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    assert process.stderr is not None

    lines = process.stderr.read().splitlines()

    assert process.wait(30) == 0
    assert lines == [b"line %d" % n for n in range(20_000)]
