"""Contenders are measured one after the other, in rounds: the machine's speed drifts, and all drift along."""

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import TypeVar

T = TypeVar("T")


def rounds(contenders: Mapping[str, Callable[[], T]], *, times: int) -> dict[str, list[T]]:
    """What each measured, by its name; a round more than `times`, because the first warms up."""
    measured: dict[str, list[T]] = {name: [] for name in contenders}
    for turn in range(times + 1):
        for name in shuffled(contenders, turn):
            measured[name].append(contenders[name]())
    return {name: all_of_it[1:] for name, all_of_it in measured.items()}


def shuffled(names: Iterable[str], turn: int) -> list[str]:
    """In another order each turn, so that nobody always follows the same one; the same in every run."""
    order = sorted(names)
    Random(turn).shuffle(order)
    return order
