"""A catalogue of any size, and the servers that are asked about it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.benchmarks import constant
from tests.benchmarks.answers import Answer
from tests.server import ROOT, Server

UNLIMITED = "999999999/min"  # counted all the same, as in production
LIMITS = {f"RATE_LIMIT_{kind}": UNLIMITED for kind in ("READ", "WRITE", "FAILURE")}
READY = "/ready"
OK = Answer(200, "OK", (("content-type", "text/plain"),), b"ok")
PROTOTYPE = "luma/ray-2-720p"
PROVIDERS = 40
MADE = "bench/model-"  # what ids of ours begin with

# Beside the models that every installation begins with; each sells twelve combinations.
MODELS = """
INSERT INTO models (
    model_id, name, description, version, cost_per_second, supported_durations, supported_qualities,
    max_duration, is_active, is_premium, is_default, is_deprecated, provider, category, tags,
    replicate_model_id, model_parameters, requirements
)
SELECT
    concat(%(made)s::text, n), format('Bench %%s', n), description, version, 0.01 * (1 + n %% 200),
    '[5, 9, 12]', '["standard", "high", "ultra", "4k"]', 12, true, n %% 4 = 0, false, false,
    format('Provider %%s', n %% %(providers)s),
    (ARRAY['premium', 'budget', 'experimental', NULL])[1 + n %% 4], tags, replicate_model_id,
    model_parameters, requirements
FROM models, generate_series(1, %(missing)s) AS n
WHERE model_id = %(prototype)s"""


@dataclass(frozen=True)
class Catalogue:
    """So many active models in a database of their own, and servers of one process each."""

    database_url: str
    models: int

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.database_url, autocommit=True)

    def edge(self, **environment: str) -> Server:
        return Server(self.database_url, workers=1, environment={**LIMITS, **environment})

    def plain(self) -> Server:
        """Django without the edge."""
        return self.edge(EDGE="off")

    @contextmanager
    def constant(self, edge: Server, answers: Mapping[str, Answer]) -> Iterator[Server]:
        """The same server with the same options as `edge`; only the application is another one."""
        with self._answering(answers, edge.command_line(), "tests.benchmarks.constant:application") as server:
            yield server

    @contextmanager
    def django_constant(self, plain: Server, answers: Mapping[str, Answer]) -> Iterator[Server]:
        target = "tests.benchmarks.django_constant:application"
        with self._answering(answers, plain.command_line(), target) as server:
            yield server

    @contextmanager
    def _answering(
        self, answers: Mapping[str, Answer], command_line: list[str], target: str
    ) -> Iterator[Server]:
        command = [*command_line[:-1], target]
        command[command.index("--port") + 1] = "{port}"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "answers.json")
            file.write_text(constant.written({READY: OK, **answers}))
            environment = {"CONSTANT_ANSWERS": str(file)}
            with Server("", workers=1, environment=environment, command=command, ready=READY) as server:
                yield server


def lay(database_url: str, *, models: int) -> Catalogue:
    """Fill an empty database."""
    for command in ("migrate", "seed_models"):
        subprocess.run(
            [sys.executable, "manage.py", command, "--verbosity", "0"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    with psycopg.connect(database_url, autocommit=True) as connection:
        (there,) = connection.execute("SELECT count(*) FROM models").fetchone() or (0,)
        connection.execute(
            MODELS, {"made": MADE, "providers": PROVIDERS, "missing": models - there, "prototype": PROTOTYPE}
        )
        connection.execute("VACUUM ANALYZE")
    return Catalogue(database_url, models)
