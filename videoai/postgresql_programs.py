"""Where PostgreSQL's own programs are: Debian keeps those of each version apart."""

from pathlib import Path

ROOT = Path("/usr/lib/postgresql")


def places() -> list[Path]:
    """The folders that there are, of the newest version first: 15 comes before 9.6."""
    return sorted(ROOT.glob("*/bin"), key=_version, reverse=True)


def _version(place: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in place.parent.name.split(".") if part.isdecimal())
