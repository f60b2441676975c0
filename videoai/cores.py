"""How many cores this process may keep busy; a container is often given fewer than the machine has."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def cores() -> int:
    """A part of a core counts as one: two processes that share it do more than one that leaves it idle."""
    granted = [_allowed_cores(), *quotas(OWN_GROUPS, CONTROL_GROUPS)]
    return max(1, math.ceil(min(granted)))


def _allowed_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quotas(own_groups: Path, control_groups: Path) -> Iterator[float]:
    """The limits, in cores, of the control groups that this process is in; of both versions of them."""
    for line in _text(own_groups).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:
            for folder in _folders(control_groups, group):
                yield from _of_cpu_max(_text(folder / "cpu.max"))
        elif "cpu" in controllers.split(","):
            for folder in _folders(control_groups / "cpu", group):
                quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
                yield from _of_cpu_max(f"{quota} {period}")


def _folders(mounted: Path, group: str) -> list[Path]:
    """The group's own and those above it, each of which limits it.

    A container sees its own group as the topmost, though its path may be told as the machine has it.
    """
    own = mounted / group.lstrip("/")
    return [own, *(folder for folder in own.parents if folder.is_relative_to(mounted))]


def _of_cpu_max(text: str) -> Iterator[float]:
    """Microseconds of work in a period of so many: `150000 100000`. No limit is `max`, or in version 1 -1."""
    words = text.split()
    if len(words) == 2 and all(word.isdecimal() for word in words) and 0 not in map(int, words):
        yield int(words[0]) / int(words[1])


def _text(file: Path) -> str:
    """Nothing where there is no such file, as on other systems."""
    try:
        return file.read_text()
    except OSError:
        return ""
