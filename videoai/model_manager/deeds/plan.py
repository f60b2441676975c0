"""What will become of each of the chosen models, known before it happens."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from models_registry.choices import Status
from models_registry.models import AIModel

DEFAULT = "default"
Marks = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One model: the marks that it bears and will bear; the same ones if it stays as it is.

    `refusal` says why it can't be done to it, `words` why it stays or what somebody should know before.
    `figures` tell of prices that somebody has to have seen, since doing it confirms them.
    With a `consequence` nobody chose it: it changes because another one does.
    """

    model: AIModel
    now: Marks
    then: Marks
    refusal: str = ""
    words: Sequence[str] = ()
    figures: Sequence[str] = ()
    consequence: str = ""

    @property
    def changes(self) -> bool:
        return self.now != self.then and not self.refusal


@dataclass(frozen=True)
class Plan:
    steps: Sequence[Step]

    @property
    def changing(self) -> list[Step]:
        """In the order in which it is done."""
        return [step for step in self.steps if step.changes and not step.consequence]

    @property
    def following(self) -> list[Step]:
        return [step for step in self.steps if step.consequence]

    @property
    def shown(self) -> list[Step]:
        """What changes, first of all where there is something to know."""
        return sorted(self.changing, key=lambda step: not step.words) + self.following

    @property
    def refused(self) -> list[Step]:
        return [step for step in self.steps if step.refusal]

    @property
    def staying(self) -> list[Step]:
        return [step for step in self.steps if not step.refusal and not step.changes]

    @cached_property
    def digest(self) -> str:
        """Another one if anything else would happen."""
        told = [(step.model.pk, step.now, step.then, step.refusal, step.figures) for step in self.steps]
        return hashlib.sha256(repr(told).encode()).hexdigest()


def marks(status: Status, *, is_default: bool) -> Marks:
    return (status.value, DEFAULT) if is_default else (status.value,)


def marks_now(model: AIModel) -> Marks:
    return marks(model.status, is_default=model.is_default)
