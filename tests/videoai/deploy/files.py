"""The files of `videoai/deploy`, as what they describe."""

import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "videoai" / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
# What Dockerfile sets for Python and for the shell.
NOT_OURS = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}

Document = dict[str, Any]


def version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def is_setting(name: str) -> bool:
    """Does the program read a variable of this name?"""
    return f'"{name}"' in _program()


@cache
def _program() -> str:
    return "\n".join(file.read_text() for file in (ROOT / "videoai").rglob("*.py"))


# --- Dockerfile ------------------------------------------------------------------------------------------


def dockerfile() -> list[tuple[str, str]]:
    """The instructions with their arguments, in order."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def dockerfile_environment() -> dict[str, str]:
    """What the image sets for those who run it."""
    told = [rest for word, rest in dockerfile() if word == "ENV" and "HOST=" in rest]
    return dict(pair.split("=", 1) for pair in told[0].split())


def copied() -> Iterator[tuple[str, str]]:
    """What is copied from the project, and where to."""
    for word, rest in dockerfile():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            yield from ((source, target) for source in sources)


def is_given_to_builds(path: PurePosixPath) -> bool:
    """Is the file in the build's context, by Dockerfile.dockerignore? The last line that says so counts."""
    given = True
    for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and any(_fits(part, pattern) for part in (path, *path.parents)):
            given = line.startswith("!")
    return given


def _fits(path: PurePosixPath, pattern: str) -> bool:
    """A star ends at a slash; two of them don't."""
    if pattern.startswith("**/"):
        return fnmatchcase(path.name, pattern.removeprefix("**/"))
    parts = pattern.split("/")
    return len(parts) == len(path.parts) and all(map(fnmatchcase, path.parts, parts))


# --- Compose ---------------------------------------------------------------------------------------------


def compose() -> Document:
    document: Document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return document


def variables(text: str) -> dict[str, str]:
    """What Compose fills in, with what it does without: `:-default`, `:?error` or nothing."""
    return dict(re.findall(r"(?<!\$)\$\{([A-Z_]+)((?::[-?])?[^}]*)\}", text))


# --- Kubernetes ------------------------------------------------------------------------------------------


def manifests(*, examples: bool = False) -> list[Document]:
    """What is applied; or the examples, which are not."""
    files = [file for file in KUBERNETES.glob("*.yaml") if file.name != "kustomization.yaml"]
    wanted = [file for file in sorted(files) if file.name.endswith(".example.yaml") is examples]
    return [document for file in wanted for document in yaml.safe_load_all(file.read_text())]


def of_kind(kind: str, *, examples: bool = False) -> list[Document]:
    return [document for document in manifests(examples=examples) if document["kind"] == kind]


def pod_templates() -> dict[str, Document]:
    """By the name of what starts such pods."""
    found = {}
    for document in manifests():
        spec = document.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            found[document["metadata"]["name"]] = spec["template"]
    return found
