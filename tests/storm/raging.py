"""Sixteen backends that insist, and a server that does not get old."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.client import BATCH, Reporter, single
from tests.server import Server
from tests.storm.planning import Plan, Request

GONE = (OSError, http.client.HTTPException, ValueError)  # ValueError: half an answer
BREATH = 0.1  # seconds before a request is sent again
LONGEST = 600  # seconds of a storm

Due = Callable[[float, int], bool]  # of the seconds since the server answered, and of what was acknowledged


@dataclass
class Told:
    """What the writers were told."""

    acknowledged: int = 0  # recordings, replays included
    as_new: int = 0  # recordings that were told to be counted now
    retries: int = 0  # requests that were not answered, or with 503
    kills: int = 0
    faults: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def acknowledge(self, request: Request, new: int) -> None:
        with self._lock:
            self.acknowledged += len(request)
            self.as_new += new

    def retry(self) -> None:
        with self._lock:
            self.retries += 1

    def fault(self, words: str) -> None:
        with self._lock:
            self.faults.append(words)


def rage(plan: Plan, server: Server, token: str, *, strikes: Iterable[Due]) -> Told:
    """Returns when all is acknowledged. The server, which must not run yet, is killed whenever one is due."""
    told = Told()
    writers = [
        threading.Thread(target=_write, args=(requests, Reporter(server, token), told), daemon=True)
        for requests in plan.writers
    ]
    with server:
        for writer in writers:
            writer.start()
        for due in strikes:
            up = time.monotonic()
            while _writing(writers) and not due(time.monotonic() - up, told.acknowledged):
                time.sleep(0.005)
            if not _writing(writers):
                break
            server.kill()
            told.kills += 1
            server.start()
        for writer in writers:
            writer.join(LONGEST)
    return told


def _writing(writers: list[threading.Thread]) -> bool:
    return any(writer.is_alive() for writer in writers)


def _write(requests: Iterable[Request], reporter: Reporter, told: Told) -> None:
    for request in requests:
        while True:
            try:
                status, answer = _send(request, reporter)
            except GONE:
                told.retry()
                time.sleep(BREATH)
                continue
            if status != 503:
                break
            told.retry()
        new = _newly_counted(request, status, answer)
        if new is None:
            told.fault(f"{[item['generation_id'] for item in request]}: {status} {answer}")
        else:
            told.acknowledge(request, new)
    reporter.close()


def _send(request: Request, reporter: Reporter) -> tuple[int, Any]:
    if len(request) > 1:
        return reporter.post(BATCH, json.dumps({"generations": request}).encode())
    values = {name: value for name, value in request[0].items() if name != "model_id"}
    return reporter.post(single(request[0]["model_id"]), json.dumps(values).encode())


def _newly_counted(request: Request, status: int, answer: Any) -> int | None:
    """How many were told to be new; None if the answer is none that acknowledges them all."""
    if len(request) == 1:
        return {201: 1, 200: 0}.get(status)
    if status != 200 or answer["rejected"] or answer["recorded"] + answer["duplicates"] != len(request):
        return None
    return int(answer["recorded"])
