"""The edge beside what else could serve a registry of models, each in an environment of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.benchmarks.asking import asking
from tests.benchmarks.catalogue import READY, Catalogue
from tests.benchmarks.environments import python_of
from tests.benchmarks.lines import Line, faster
from tests.benchmarks.preparing import Bench
from tests.benchmarks.reads import DETAIL, LIST, MODELS
from tests.benchmarks.rounds import rounds
from tests.benchmarks.wrk import WrongAnswers
from tests.server import NotStarted, Server

FASTAPI = ("fastapi==0.165.0", "sqlalchemy==2.1.9", "psycopg[binary]==3.3.9", "granian[uvloop]==2.8.7")
MLFLOW = ("mlflow==3.17.2", "psycopg2-binary==2.9.11")
LITELLM = ("litellm[proxy]==1.106.2",)
PAGE = 50
LITELLM_ALONE = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",  # it would ask the internet for prices
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # nobody signs in to ours, either
}
MLFLOW_API = "/api/2.0/mlflow/registered-models"
OURS = {"list": LIST, "detail": DETAIL}


@contextmanager
def fastapi_twin(catalogue: Catalogue, python: Path, edge: Server) -> Iterator[Server]:
    """On the same tables and under the same server as the edge; it must answer the same."""
    command = [str(python), *edge.command_line()[1:-1], "tests.benchmarks.fastapi_twin:application"]
    command[command.index("--port") + 1] = "{port}"
    with Server(catalogue.database_url, workers=1, command=command, ready=READY) as server:
        for path in OURS.values():
            ours, theirs = (json.loads(asking(one, path).expected.body) for one in (edge, server))
            if ours != theirs:
                raise WrongAnswers(f"{path}: the FastAPI twin answers otherwise than the edge.")
        yield server


@contextmanager
def mlflow(catalogue: Catalogue, python: Path, edge: Server) -> Iterator[Server]:
    """Its registry, in a file of SQLite as it comes, with as many models as ours."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "{port}"]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        with Server("", workers=1, command=command, ready="/health", stderr=subprocess.DEVNULL) as server:
            for number in range(catalogue.models):
                _post(
                    server, f"{MLFLOW_API}/create", {"name": f"model-{number}", "description": "Makes clips."}
                )
            yield server


@contextmanager
def litellm(catalogue: Catalogue, python: Path, edge: Server) -> Iterator[Server]:
    """A proxy that knows as many models as stand on a page of ours: its list has no pages."""
    models = [
        {
            "model_name": f"model-{number}",
            "litellm_params": {"model": f"openai/model-{number}", "api_key": "none"},
        }
        for number in range(PAGE)
    ]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        config.write_text(json.dumps({"model_list": models}))  # which is YAML, too
        program = ["env", "-u", "DATABASE_URL", str(python.with_name("litellm"))]  # ours is none for it
        command = [*program, "--config", str(config), "--host", "127.0.0.1", "--port", "{port}"]
        with Server(
            "",
            workers=1,
            environment=LITELLM_ALONE,
            command=command,
            ready="/health/liveliness",
            stderr=subprocess.DEVNULL,
        ) as server:
            yield server


def _post(server: Server, path: str, body: Mapping[str, str]) -> None:
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{server.port}{path}", json.dumps(body).encode(), headers)):
        pass


@dataclass(frozen=True)
class Other:
    """What it is made of, how it is started, and what is asked of it: its path, and a bar if there is one."""

    name: str
    packages: tuple[str, ...]
    start: Callable[[Catalogue, Path, Server], AbstractContextManager[Server]]
    asked: Mapping[str, tuple[str, float | None]]


OTHERS = (
    Other("FastAPI and SQLAlchemy", FASTAPI, fastapi_twin, {"list": (LIST, 50), "detail": (DETAIL, 15)}),
    Other(
        "MLflow's registry",
        MLFLOW,
        mlflow,
        {
            "list": (f"{MLFLOW_API}/search?max_results={PAGE}", None),
            "detail": (f"{MLFLOW_API}/get?name=model-500", None),
        },
    ),
    Other("LiteLLM", LITELLM, litellm, {"list": ("/v1/models", None)}),
)


def measure(bench: Bench) -> Iterator[Line]:
    catalogue = bench.catalogue(models=MODELS)
    with catalogue.edge() as edge:
        for other in OTHERS:
            yield from _beside(bench, catalogue, edge, other)


def _beside(bench: Bench, catalogue: Catalogue, edge: Server, other: Other) -> list[Line]:
    """Its lines; without results where it can't be installed or does not start."""
    python = python_of(other.start.__name__, other.packages)
    try:
        if python is not None:
            with other.start(catalogue, python, edge) as server:
                return [_line(bench, edge, server, other, what) for what in other.asked]
    except (NotStarted, HTTPError) as error:
        print(f"{other.name} stays absent: {error}", file=sys.stderr)  # noqa: T201
    return [Line(_told(other, what), None, at_least=bar) for what, (_, bar) in other.asked.items()]


def _line(bench: Bench, edge: Server, server: Server, other: Other, what: str) -> Line:
    path, bar = other.asked[what]
    runs = rounds({"edge": asking(edge, OURS[what]), "other": asking(server, path)}, times=bench.rounds)
    return faster(_told(other, what), runs["edge"], runs["other"], at_least=bar)


def _told(other: Other, what: str) -> str:
    return f"{what}: edge ÷ {other.name}"
