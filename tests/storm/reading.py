"""Readers that know what was committed before they asked, and find nothing older in any answer."""

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models_registry.models import AIModel
from tests.factories import AIModelFactory, standard_policy
from tests.server import Server
from tests.storm import writing
from tests.storm.writing import Writer

MODELS = ("storm/a", "storm/b")
# A version costs a cent a second more, five seconds in standard quality so many credits more, rounded up.
CREDITS = 3.3
MOST_WRITES = 3_000  # what costs more than 5,000 credits is not quoted
ANSWERS_A_CONNECTION = 20  # then another one is made, which may meet another process
READERS = 8
LONGEST = 30  # seconds
TABLE = AIModel._meta.db_table

Versions = dict[str, int]  # by model


class Kind(NamedTuple):
    """An address, and the versions that its body tells."""

    name: str
    target: str
    versions: Callable[[Any], Versions]


def _of_model(model: Any) -> Versions:
    return {model["model_id"]: int(model["name"].rpartition(" ")[2])}


def _of_cost(model: Any) -> Versions:
    return {model["model_id"]: round(float(model["cost_per_second"]) * 100)}


def _of_list(page: Any) -> Versions:
    return {name: number for model in page["results"] for name, number in _of_model(model).items()}


def _of_costs(page: Any) -> Versions:
    return {name: number for model in page["results"] for name, number in _of_cost(model).items()}


Known = dict[Kind, tuple[str, Versions]]  # tags, and what they stand for


def kinds() -> list[Kind]:
    lists = ["", "?provider=Acme", "?search=storm", "?page_size=2", "?ordering=name"]
    found = [Kind("list", f"/api/v1/models/{query}", _of_list) for query in lists]
    found += [Kind("cost in list", f"/api/v1/models/{query}", _of_costs) for query in lists[:2]]
    for model_id in MODELS:
        quote = f"/api/v1/pricing/quote/?model_id={model_id}&duration=5&quality=standard"
        found += [
            Kind("detail", f"/api/v1/models/{model_id}/", _of_model),
            Kind("cost in detail", f"/api/v1/models/{model_id}/", _of_cost),
            Kind("quote", quote, lambda body, name=model_id: {name: int(body["credits"] / CREDITS + 0.001)}),
        ]
    return found


@dataclass
class Seen:
    """What was written so far, and what readers saw of it."""

    begun: Versions = field(default_factory=lambda: dict.fromkeys(MODELS, 1))
    committed: Versions = field(default_factory=lambda: dict.fromkeys(MODELS, 1))
    answers: Counter[str] = field(default_factory=Counter)  # by kind and status
    faults: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    answered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, kind: str, faults: Sequence[str]) -> None:
        with self._lock:
            self.answers[kind] += 1
            self.faults += faults
        self.answered.release()

    def write(self, model_id: str, writer: Writer, *, until: int, answers: int) -> None:
        """All versions of a model up to `until`, each after so many more answers."""
        for version in range(2, until + 1):
            for _ in range(answers):
                self.answered.acquire(timeout=LONGEST)
            self.begun[model_id] = version
            writer.write(
                f"UPDATE {TABLE} SET name = '{_name(model_id, version)}', "
                f"cost_per_second = '{_cost(version)}' WHERE model_id = '{model_id}'"
            )
            self.committed[model_id] = version


def storm(writes: int, *, answers: int, database_url: str, seed: int) -> Seen:
    """Each model is written by a process of its own; servers in three processes are asked meanwhile.

    Before each write, `answers` more answers are waited for: without a pause, hardly anybody would get one.
    """
    for model_id in MODELS:
        AIModelFactory(model_id=model_id, name=_name(model_id, 1), cost_per_second=_cost(1))
    standard_policy()
    seen, last = Seen(), writes // len(MODELS) + 1
    with _servers(database_url) as servers, ExitStack() as stack:
        readers = [
            threading.Thread(target=_read, args=(servers, seen, seed + number), daemon=True)
            for number in range(READERS)
        ]
        writers = [
            threading.Thread(
                target=seen.write,
                args=(model_id, stack.enter_context(make(database_url))),
                kwargs={"until": last, "answers": answers},
                daemon=True,
            )
            for model_id, make in zip(MODELS, (writing.shell, writing.python), strict=True)
        ]
        _run(readers, writers, seen)
    if set(seen.committed.values()) != {last}:
        seen.faults.append(f"Not all was written: {seen.committed}")
    return seen


def _run(readers: Sequence[threading.Thread], writers: Sequence[threading.Thread], seen: Seen) -> None:
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    seen.is_over.set()
    for thread in readers:
        thread.join()


def _name(model_id: str, version: int) -> str:
    return f"{model_id} {version}"


def _cost(version: int) -> str:
    """Dollars a second."""
    return f"{version // 100}.{version % 100:02}"


@contextmanager
def _servers(database_url: str) -> Iterator[list[Server]]:
    """One of two processes at one port, and another one."""
    servers = [Server(database_url, workers=workers) for workers in (2, 1)]
    starting = [threading.Thread(target=server.start) for server in servers]
    try:
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        yield servers
    finally:
        for server in servers:
            server.kill()


def _read(servers: Sequence[Server], seen: Seen, seed: int) -> None:
    choose, all_kinds = random.Random(seed), kinds()
    while not seen.is_over.is_set():
        connection = choose.choice(servers).connect()
        known: Known = {}
        with suppress(ConnectionError):
            for _ in range(ANSWERS_A_CONNECTION):
                _ask(connection, choose.choice(all_kinds), known, seen)
        connection.close()


def _ask(connection: http.client.HTTPConnection, kind: Kind, known: Known, seen: Seen) -> None:
    tag, told = known.get(kind, ("", {}))
    least = seen.committed.copy()
    connection.request("GET", kind.target, headers={"If-None-Match": tag} if tag else {})
    response = connection.getresponse()
    body = json.loads(response.read() or b"null")
    if response.status == 200:
        told = kind.versions(body)
        known[kind] = (response.getheader("ETag", ""), told)
    elif response.status != 304:
        told = {}
    is_busy = response.status == 503 and body["code"] == "catalogue_busy"
    faults = [] if is_busy else _faults(kind, response.status, told, least=least, most=seen.begun)
    seen.note(f"{kind.name} {response.status}", faults)


def _faults(kind: Kind, status: int, told: Versions, *, least: Versions, most: Versions) -> list[str]:
    if not told:
        return [f"{kind.name} {status}"]
    return [
        f"{kind.name} {status}: {model_id} at {version}, not from {least[model_id]} to {most[model_id]}"
        for model_id, version in told.items()
        if not least[model_id] <= version <= most[model_id]
    ]


def summary(seen: Seen) -> str:
    kinds = ", ".join(f"{number:,} × {kind}" for kind, number in sorted(seen.answers.items()))
    return f"{seen.answers.total():,} answers ({kinds}), {len(seen.faults)} of them faults"
