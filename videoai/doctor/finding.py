"""What a check has found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Level(Enum):
    """What a finding means, and the mark before it."""

    FINE = "fine", "✓"
    DOUBTFUL = "doubtful", "!"  # it works, and may not for long
    WRONG = "wrong", "✗"

    def __init__(self, key: str, mark: str) -> None:
        self.key, self.mark = key, mark


@dataclass(frozen=True)
class Finding:
    """`remedy` says what to do; empty where there is nothing to do."""

    level: Level
    told: str
    remedy: str = ""


Look = Callable[[], Iterator[Finding]]


class Need(Enum):
    """In their order: whoever lacks one lacks those behind it."""

    NOTHING = 0
    DATABASE = 1
    TABLES = 2  # as this release has them


class Check(NamedTuple):
    """`subject` is a word for what is looked at; `needs` says what has to be there to look at it."""

    subject: str
    look: Look
    needs: Need = Need.NOTHING


def fine(told: str) -> Finding:
    return Finding(Level.FINE, told)


def doubtful(told: str, remedy: str) -> Finding:
    return Finding(Level.DOUBTFUL, told, remedy)


def wrong(told: str, remedy: str) -> Finding:
    return Finding(Level.WRONG, told, remedy)
