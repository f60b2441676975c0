"""Files that are there whole or not at all."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = ".partial"
OWNER_ONLY = 0o600  # a backup holds the digests of passwords and tokens
PIECE = 1 << 20


class Busy(Exception):
    """Another backup or restore is at work on the same file."""


@contextmanager
def partial(path: Path, suffix: str = PARTIAL) -> Iterator[Path]:
    """A new, empty file beside `path` to write into, for its owner alone; what is not moved away goes.

    Who was killed leaves one, which the next takes over. Raises Busy while another one writes there.
    """
    beside = path.with_name(f"{path.name}{suffix}")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY)
    try:
        if not _locked(descriptor, beside):
            raise Busy(f"{beside} is being written to by another one. Wait for it to end.")
        os.fchmod(descriptor, OWNER_ONLY)
        os.ftruncate(descriptor, 0)
        try:
            yield beside
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
    finally:
        os.close(descriptor)


def _locked(descriptor: int, path: Path) -> bool:
    """Whether the file is ours, and still called `path`: who had it may have moved it to its place."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def put_in_place(ready: Path, path: Path) -> None:
    """Let the file be called `path`: after a power cut there is what was there before, or all of it."""
    _sync(ready)
    ready.replace(path)
    _sync(path.parent)


def write_whole(path: Path, text: str) -> None:
    with partial(path) as ready:
        ready.write_text(text, encoding="utf-8")
        put_in_place(ready, path)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
