"""Files that are there whole or not at all."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoai.backup.errors import BackupRefused

PARTIAL = ".partial"
OWNER_ONLY = 0o600  # a backup holds the digests of passwords and tokens
PIECE = 1 << 20


@contextmanager
def partial(path: Path) -> Iterator[Path]:
    """A new, empty file beside `path` to write into, for its owner alone; it goes if the work fails.

    Who was killed leaves one, which the next takes over. Raises BackupRefused while another one writes there.
    """
    beside = path.with_name(f"{path.name}{PARTIAL}")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(f"Another backup to {path} is under way.") from None
        os.fchmod(descriptor, OWNER_ONLY)
        os.ftruncate(descriptor, 0)
        try:
            yield beside
        except BaseException:
            with suppress(FileNotFoundError):
                beside.unlink()
            raise
    finally:
        os.close(descriptor)


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
