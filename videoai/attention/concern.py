"""Something that needs attention, as a rule tells it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from django.db.models import Model

from models_registry.models import AIModel
from models_registry.usage.admin.wording import count_text


class Urgency(Enum):
    """How soon it should be mended: the order, and the word for it."""

    NOW = "now", "Now"  # customers are refused, or get nothing
    SOON = "soon", "Soon"
    LATER = "later", "In time"

    def __init__(self, key: str, word: str) -> None:
        self.key, self.word = key, word


class Remedy(NamedTuple):
    """The page where it is mended: a `page` of a `table` of the admin."""

    label: str
    table: type[Model]
    page: str = "changelist"
    query: str = ""


class Case(NamedTuple):
    """One of the models that it is about, and what is the matter with it."""

    model: AIModel
    note: str = ""


@dataclass(frozen=True)
class Concern:
    """Something that needs attention; `page` and `tab` are where it is seen of each of its models."""

    name: str
    urgency: Urgency
    sentence: str
    remedy: Remedy
    cases: Sequence[Case] = ()
    page: str = "change"
    tab: str = ""


def number_of(cases: Collection[Case], one: str, many: str) -> str:
    return f"{count_text(len(cases))} {one if len(cases) == 1 else many}"
