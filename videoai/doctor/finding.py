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


class Check(NamedTuple):
    """`subject` is a word for what is looked at; `asks` says that it needs the database."""

    subject: str
    look: Look
    asks: bool = False


def fine(told: str) -> Finding:
    return Finding(Level.FINE, told)


def doubtful(told: str, remedy: str) -> Finding:
    return Finding(Level.DOUBTFUL, told, remedy)


def wrong(told: str, remedy: str) -> Finding:
    return Finding(Level.WRONG, told, remedy)
