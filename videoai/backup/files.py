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

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is being written to by another one. Wait for it to end.")


@contextmanager
def partial(path: Path, suffix: str = PARTIAL) -> Iterator[Path]:
    """A new, empty file beside `path` to write into, for its owner alone; what is not moved away goes.

    Who was killed leaves one, which makes room for the next: a program of theirs may still write to it.
    Raises Busy while another one is at work there.
    """
    beside = path.with_name(f"{path.name}{suffix}")
    _clear(beside)
    with _locked(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL):
        try:
            yield beside
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()


def _clear(beside: Path) -> None:
    """Take away what somebody left who was killed."""
    with suppress(FileNotFoundError), _locked(beside, os.O_RDWR):
        beside.unlink()


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    """Hold the file at `path`. Raises Busy if another one does, or has moved it to its place meanwhile."""
    try:
        descriptor = os.open(path, how | os.O_NOFOLLOW, OWNER_ONLY)
    except FileExistsError:
        raise Busy(path) from None
    try:
        if not _hold(descriptor, path):
            raise Busy(path)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int, path: Path) -> bool:
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
