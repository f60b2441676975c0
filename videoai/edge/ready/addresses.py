"""Which addresses are kept ready, and under which one spelling.

Only what can be a good request is recognised; whatever else comes is Django's to refuse.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, urlencode

from models_registry.api.filters import AIModelFilter
from models_registry.api.openapi import MODEL_ID_PATTERN
from models_registry.api.query import LONGEST_TEXT, PAGE_PARAMETERS, CapabilityQuery
from models_registry.choices import MODEL_ID_LENGTH, RESERVED_LAST_SEGMENTS, RESERVED_MODEL_IDS
from pricing.api.serializers import MatrixQuery, QuoteQuery

PREFIX = "/api/v1/"
MODEL_ID = re.compile(MODEL_ID_PATTERN)
WHOLE_SECONDS = re.compile("0{0,90}([0-9]{1,9})")
MOST_PARAMETERS = 20
MOST_TAGS = 5
# What a spelling may be long to be remembered, and how many are.
LONGEST_SPELLING = 400
MOST_SPELLINGS = 20_000


class Kind(Enum):
    """What is served at an address, by the name of its route in Django."""

    LIST = "models"
    PREMIUM = "models-premium"
    DEFAULT = "models-default"
    DETAIL = "model"
    VALIDATE = "model-validate"
    QUOTE = "quote"
    MATRIX = "matrix"
    COMPARE = "compare"

    # By identity: an Enum hashes its name, in Python, with every look-up.
    __hash__ = object.__hash__


PAGED = frozenset({Kind.LIST, Kind.PREMIUM})
LISTS = PAGED | {Kind.DEFAULT}
PRICES = frozenset({Kind.QUOTE, Kind.MATRIX, Kind.COMPARE})
FIXED = {
    "models/": Kind.LIST,
    "models/premium/": Kind.PREMIUM,
    "models/default/": Kind.DEFAULT,
    "pricing/quote/": Kind.QUOTE,
    "pricing/matrix/": Kind.MATRIX,
    "pricing/compare/": Kind.COMPARE,
}
# Answered by Django alone: figures of usage and what is told by the clock move without the catalogue,
# histories and writes need rights.
NOT_A_MODEL = tuple(f"/{word}" for word in RESERVED_LAST_SEGMENTS - {"validate"})

FILTERS = PAGE_PARAMETERS | AIModelFilter.base_filters.keys() - {"status"}
CAPABILITY = frozenset(CapabilityQuery().fields)
PARAMETERS: Mapping[Kind, frozenset[str]] = {
    Kind.LIST: frozenset(FILTERS),
    Kind.PREMIUM: frozenset(FILTERS),
    Kind.DEFAULT: frozenset(),
    Kind.DETAIL: frozenset(),
    Kind.VALIDATE: CAPABILITY,
    # Another moment's price needs rights, and moves with the clock.
    Kind.QUOTE: frozenset(QuoteQuery().fields) - {"at"},
    Kind.MATRIX: frozenset(MatrixQuery().fields),
    Kind.COMPARE: CAPABILITY,
}


@dataclass(frozen=True, eq=False)
class Address:
    """One address in its one spelling. `model_id`: the only model that the answer tells of."""

    kind: Kind
    target: str  # path and query
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    model_id: str | None = None

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True, eq=False)
class WholeList(Address):
    """All pages of a list; nobody is served it, but its order is good for each page."""


def whole_list(page: Address) -> WholeList:
    """The list that the page is of."""
    others = [(name, value) for name, value in parse_qsl(page.query) if name not in PAGE_PARAMETERS]
    parameters = {name: value for name, value in page.parameters.items() if name not in PAGE_PARAMETERS}
    return WholeList(page.kind, f"all of {page.path}?{urlencode(others)}", parameters, page.tags)


def detail_of(model_id: str) -> Address:
    return Address(Kind.DETAIL, detail_target(model_id), model_id=model_id)


def detail_target(model_id: str) -> str:
    return f"{PREFIX}models/{model_id}/"


class Addresses:
    """Remembers spellings, so that most requests cost one look into a dictionary."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Address | None] = {}

    def find(self, path: str, query: bytes) -> Address | None:
        """The address that is spelled like this; None for what is left to Django."""
        spelling = (path, query)
        try:
            return self._known[spelling]
        except KeyError:
            pass
        if len(path) + len(query) > LONGEST_SPELLING:
            return None
        if len(self._known) >= MOST_SPELLINGS:
            self._known.clear()
        found = self._known[spelling] = read(path, query)
        return found


def read(path: str, query: bytes) -> Address | None:
    if not path.startswith(PREFIX) or not path.isascii():
        return None
    rest = path.removeprefix(PREFIX)
    rest = rest if rest.endswith("/") else f"{rest}/"
    kind, model_id = _recognised(rest)
    parameters = _parameters(query)
    if kind is None or parameters is None or not {name for name, _ in parameters} <= PARAMETERS[kind]:
        return None
    single = {name: value for name, value in parameters if name != "tag"}
    tags = tuple(value for name, value in parameters if name == "tag")
    if len(single) + len(tags) < len(parameters) or len(tags) > MOST_TAGS:
        return None
    if kind is Kind.QUOTE:
        model_id = single.get("model_id", "")
        if not _is_model_id(model_id):
            return None
    if kind not in LISTS and "duration" in single:
        found = WHOLE_SECONDS.fullmatch(single["duration"])
        if found is None:
            return None
        single["duration"] = str(int(found[1]))
    spelled = urlencode(sorted([*single.items(), *(("tag", tag) for tag in tags)], key=lambda pair: pair[0]))
    target = f"{PREFIX}{rest}?{spelled}" if spelled else f"{PREFIX}{rest}"
    return Address(kind, target, single, tags, model_id)


def _recognised(rest: str) -> tuple[Kind | None, str | None]:
    if rest in FIXED:
        return FIXED[rest], None
    if not rest.startswith("models/"):
        return None, None
    model_id, kind = rest.removeprefix("models/").removesuffix("/"), Kind.DETAIL
    if model_id.endswith("/validate"):
        model_id, kind = model_id.removesuffix("/validate"), Kind.VALIDATE
    if not _is_model_id(model_id):
        return None, None
    return kind, model_id


def _is_model_id(text: str) -> bool:
    is_reserved = text in RESERVED_MODEL_IDS or f"/{text}".endswith(NOT_A_MODEL)
    return len(text) <= MODEL_ID_LENGTH and not is_reserved and MODEL_ID.fullmatch(text) is not None


def _parameters(query: bytes) -> list[tuple[str, str]] | None:
    """The parameters as Django reads them; None if there is one that it would refuse, or read otherwise."""
    if not query:
        return []
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        return None
    names = [name for name, _ in pairs if name != "tag"]
    if len(names) > len(set(names)):
        return None
    if any(len(value) > LONGEST_TEXT or "\0" in value or not value for _, value in pairs):
        return None
    return pairs
