"""A file system of a few megabytes, which fills up, gets room again, and turns read-only."""

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from videoai.deploy.local.processes import Failed, NotInstalled, run

FILLER = "filler"
PIECE = 1 << 16
PATIENCE = 10.0  # seconds


class SmallDisk:
    """Mounted at `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def fill(self) -> None:
        """Take all of the room that is left, to the last page."""
        with (self.place / FILLER).open("ab", buffering=0) as file:
            for size in (PIECE, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def make_room(self) -> None:
        (self.place / FILLER).unlink()

    def turn_read_only(self) -> None:
        """Needs that nobody has a file open for writing; those that were killed close theirs in a moment."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                run(["mount", "-o", "remount,ro", self.place])
                return
            except Failed:
                if time.monotonic() > until:
                    raise
            time.sleep(0.1)

    def turn_writable(self) -> None:
        run(["mount", "-o", "remount,rw", self.place])


@contextmanager
def mounted(place: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Raises NotInstalled where that is not allowed."""
    place.mkdir()
    if os.geteuid() != 0:
        raise NotInstalled("A small file system is mounted by root alone: sudo make chaos ARGS=disk")
    try:
        run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "videoai-chaos", place])
    except Failed as error:
        raise NotInstalled(f"No tmpfs can be mounted here, as in most containers: {error}") from None
    try:
        yield SmallDisk(place)
    finally:
        # Lazily: whatever still holds a file of it keeps nobody from going on.
        subprocess.run(["umount", "--lazy", place], check=True)
