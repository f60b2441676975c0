"""What travels with a backup, in a file beside it: what is in it, so that a restore can prove to be equal."""

import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from models_registry.values import shown
from videoai.backup.contents import Contents, contents_from
from videoai.backup.errors import RestoreRefused

FORMAT, VERSION = "videoai-backup", 1
SUFFIX = ".manifest.json"
MOST_BYTES = 1 << 20
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Manifest:
    """`engine` is Django's word for it, `sha256` of the whole backup, `taken_at` in ISO 8601 and UTC."""

    engine: str
    engine_version: str
    sha256: str
    bytes: int
    taken_at: str
    contents: Contents
    application: str = ""

    def as_text(self) -> str:
        values = {"format": FORMAT, "version": VERSION, **asdict(self), "contents": self.contents.as_json()}
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def beside(backup: Path) -> Path:
    """Where the manifest of `backup` lies."""
    return backup.with_name(f"{backup.name}{SUFFIX}")


def application_version() -> str:
    """Empty where the program lies without what it was built of."""
    try:
        project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
        return str(project["project"]["version"])
    except (OSError, ValueError, KeyError):
        return ""


def read_manifest(backup: Path) -> Manifest | None:
    """None if there is none. Raises RestoreRefused if it can't be read."""
    path = beside(backup)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RestoreRefused(f"{path} is no manifest of a backup: it is larger than 1 MiB.")
        values = json.loads(path.read_text(encoding="utf-8"))
        return _manifest(values, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RestoreRefused(f"{path} can't be read: {error.strerror}.") from error
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RestoreRefused(
            f"{path} is no manifest of a backup, or was edited. Take the one that `backup` wrote, or, if it "
            "is lost, restore with --without-manifest."
        ) from error


def _manifest(values: dict[str, Any], path: Path) -> Manifest:
    if values["format"] != FORMAT or values["version"] != VERSION:
        told = f"{shown(values['format'])}, version {shown(values['version'])}"
        raise RestoreRefused(f"{path} is {told}; this program knows {FORMAT}, version {VERSION}.")
    if values["engine"] not in ENGINES:
        raise RestoreRefused(f"{path}: engine {shown(values['engine'])} is none of {', '.join(ENGINES)}.")
    texts = {name: str(values[name]) for name in ("engine", "engine_version", "sha256", "taken_at")}
    contents = contents_from(values["contents"])
    return Manifest(
        **texts, bytes=int(values["bytes"]), contents=contents, application=str(values["application"])
    )
