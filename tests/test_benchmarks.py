"""The arithmetic of the benchmarks, and what they refuse to count."""

import socket

import pytest

from tests.benchmarks import constant, crowd
from tests.benchmarks.answers import Answer
from tests.benchmarks.asking import Asking
from tests.benchmarks.idle_clients import Client
from tests.benchmarks.lines import Line, compared, table
from tests.benchmarks.rounds import rounds, shuffled
from tests.benchmarks.streams import delays, settled
from tests.benchmarks.writes_beside import LIST, mix
from tests.benchmarks.wrk import Run, WrongAnswers, read
from tests.server import Server

COUNTED = '{"requests": 300, "microseconds": 1500000, "bytes": 90000, "p99": 812, "failures": %d}'
FINE = Answer(200, "OK", (("content-type", "text/plain"),), b"fine")


def test_a_ratio_is_that_of_the_medians_and_its_spread_that_of_the_rounds():
    line = compared("reads", [(10, 20), (30, 40), (60, 50)], at_least=0.7)

    assert line.result == 30 / 40
    assert (line.ours, line.beside, line.spread) == ("30/s", "40/s", "0.5–1.2")


@pytest.mark.parametrize(
    ("bar", "verdict"),
    [
        ({"at_least": 0.5}, "pass"),
        ({"at_least": 0.51}, "miss"),
        ({"at_most": 0.5}, "pass"),
        ({"at_most": 0.49}, "miss"),
        ({}, ""),
    ],
)
def test_a_bar_is_met_or_missed(bar, verdict):
    line = Line("reads", 0.5, **bar)

    assert line.cells()[-1] == verdict
    assert line.misses == (verdict == "miss")


def test_what_is_absent_misses_no_bar():
    line = Line("edge ÷ another", None, at_least=50)

    assert not line.misses
    assert line.cells()[3:] == ("absent", "", "≥ 50", "")


def test_the_table_is_markdown_with_columns_of_one_width():
    head, rule, row = table([Line("reads", 1_234.5, unit="/s", at_least=1_000)])

    assert len(head) == len(rule) == len(row)
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("reads", "", "", "1,234/s", "", "≥ 1,000/s", "pass")
    ]


def test_the_round_that_warms_up_does_not_count():
    turns = iter(range(100))

    measured = rounds({"edge": lambda: next(turns)}, times=3)

    assert measured == {"edge": [1, 2, 3]}


def test_each_round_has_everybody_and_not_always_in_one_order():
    orders = [shuffled(["edge", "constant", "plain"], turn) for turn in range(6)]

    assert {tuple(sorted(order)) for order in orders} == {("constant", "edge", "plain")}
    assert len({tuple(order) for order in orders}) > 2


def test_what_wrk_counted_is_read_from_its_last_line():
    run = read(f"Running 1s test\n{COUNTED % 0}", said="", asked="/")

    assert (run.rate, run.size, run.p99) == (200, 300, 812)


@pytest.mark.parametrize("output", [COUNTED % 1, "", "unable to connect", '{"requests": 1}'])
def test_a_run_with_a_failure_or_without_answers_does_not_count(output):
    with pytest.raises(WrongAnswers):
        read(output, said="", asked="/")


@pytest.mark.parametrize(("size", "fits"), [(1.0, True), (1.01, True), (0.9, False), (1.5, False)])
def test_answers_of_another_size_do_not_count(size, fits):
    run = Run(requests=1_000, microseconds=1, bytes=round(1_000 * FINE.size * size), p99=1, failures=0)

    assert Asking(Server("", workers=1), "/", FINE).fits(run) == fits


def test_the_size_of_an_answer_is_that_of_its_bytes():
    assert FINE.size == len(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nfine")


def test_the_constant_answers_what_was_answered_but_for_what_a_server_adds():
    headers = (("Content-Type", "application/json"), ("Server", "granian"), ("Date", "today"))

    (start, body) = constant.read(constant.written({"/a": Answer(304, "Not Modified", headers, b"{}")}))["/a"]

    assert (start["status"], body["body"]) == (304, b"{}")
    assert start["headers"] == [(b"content-type", b"application/json")]


def test_the_mix_is_the_same_in_every_run_and_holds_lists_and_details():
    paths = mix(1_000, seed=7)

    assert paths == mix(1_000, seed=7)
    assert 0.15 < sum("bench/model-" not in path for path in paths) / len(paths) < 0.25
    assert {f"{LIST}premium/?page=2", f"{LIST}?ordering=-name&page=10"} < set(paths)


def test_delays_are_told_in_milliseconds_of_every_client():
    found = delays({7: 10.0, 8: 20.0}, {7: [10.25, 10.5], 8: [20.0, 21.0]}, clients=2)

    assert list(found) == [250, 500, 0, 1_000]


def test_memory_is_measured_when_it_no_longer_grows(monkeypatch):
    monkeypatch.setattr("tests.benchmarks.streams.SETTLING", 0)
    told = iter([10, 20, 30, 30, 40])

    assert settled(lambda: next(told)) == 30


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of a process with threads, as xdist's are
def test_a_crowd_of_which_one_can_t_connect_says_why():
    def connect():
        raise OSError("too many clients")

    with pytest.raises(RuntimeError, match="too many clients"):
        crowd.rate([1, 2, 3], connect, members=3)


@pytest.mark.parametrize("times", [[1.0], [1.0, 1.0, 1.0], []])
def test_a_client_that_missed_a_commit_or_heard_of_it_twice_is_told(times):
    with pytest.raises(WrongAnswers, match="Revision 7"):
        list(delays({7: 1.0}, {7: times}, clients=2))


def test_an_idle_client_finds_revisions_in_pieces_of_a_stream():
    ours, theirs = socket.socketpair()
    client = Client(ours)
    pieces = [
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n",
        b"\r\n: hello\n\nevent: catalogue\nid: 0a1b-1",
        b'2\ndata: {"revision": 12}\n\nid: 0a1b-13\n\n',
    ]
    with ours, theirs:
        heard = [list(client.read()) for piece in pieces if not theirs.sendall(piece)]

    assert heard == [[], [], [12, 13]]
    assert client.is_open


def test_an_idle_client_says_what_it_was_refused_with():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")

        with pytest.raises(ConnectionError, match="503"):
            list(Client(ours).read())
