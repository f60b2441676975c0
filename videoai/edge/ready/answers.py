"""Ready bodies as whole responses: the very headers that Django sends with them.

None of those is written down here. The first time that a kind of response is needed, the request goes to
Django, and the headers of its answer become the pattern of all later ones; only the length, the tag, the
request's id and the count of its caller are filled in anew.
"""

from binascii import hexlify
from dataclasses import dataclass
from random import getrandbits
from typing import NamedTuple

from models_registry.api.tags import entity_tag, packed_tag
from videoai.api.conditional import is_known
from videoai.api.packing import accepts_gzip, is_worth_packing, pack
from videoai.api.request_id import WELL_FORMED
from videoai.edge.ready.addresses import Kind
from videoai.edge.ready.shelf import Entry, Worded
from videoai.edge.requests import Headers, Plain

LENGTH, TAG, LEFT, REQUEST_ID = b"content-length", b"etag", b"ratelimit", b"x-request-id"
OK, NOT_MODIFIED = 200, 304


class Variant(NamedTuple):
    """A kind of response whose headers are alike but for what is filled in."""

    kind: Kind
    status: int
    is_packed: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """The headers of a variant, and where in them the ones stand that differ; -1: nowhere."""

    headers: Headers
    length: int
    tag: int
    counted: int
    request_id: int


class Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes


class Answers:
    """Makes answers of entries, in patterns that it has learned."""

    def __init__(self) -> None:
        self._patterns: dict[Variant, Pattern] = {}

    def learn(self, variant: Variant, headers: Headers) -> None:
        names = [name for name, _ in headers]
        places = [names.index(name) if name in names else -1 for name in (LENGTH, TAG, LEFT, REQUEST_ID)]
        self._patterns[variant] = Pattern(list(headers), *places)

    def answer(self, entry: Entry, request: Plain, left: bytes) -> Answer | None:
        """None while nobody knows how Django would word the headers. `left`: how much more may be asked."""
        is_packed = bool(request.encoding) and _is_packed(entry, request)
        is_unmodified = bool(request.if_none_match) and _is_known(entry, request, is_packed=is_packed)
        form = is_packed + 2 * is_unmodified
        worded = entry.headers.get(form) or self._worded(entry, form)
        if worded is None:
            return None
        headers = worded.headers.copy()
        headers[worded.request_id] = (REQUEST_ID, request.request_id or new_request_id())
        if worded.counted >= 0:
            headers[worded.counted] = (LEFT, left)
        if is_unmodified:
            return Answer(NOT_MODIFIED, headers, b"")
        return Answer(OK, headers, (entry.packed or b"") if is_packed else entry.body)

    def _worded(self, entry: Entry, form: int) -> Worded | None:
        is_unmodified, is_packed = divmod(form, 2)
        variant = Variant(entry.address.kind, NOT_MODIFIED if is_unmodified else OK, bool(is_packed))
        pattern = self._patterns.get(variant)
        if pattern is None:
            return None
        headers = _filled_in(pattern, entry, is_packed=variant.is_packed)
        worded = entry.headers[form] = Worded(headers, pattern.counted, pattern.request_id)
        return worded


def request_id_for(sent: bytes) -> bytes:
    """The id that a client sent, when it is well formed, else a new one."""
    return sent if WELL_FORMED.fullmatch(sent.decode("latin-1")) else new_request_id()


def new_request_id() -> bytes:
    """As long as those that Django makes; it guards nothing, so any chance will do."""
    return hexlify(getrandbits(128).to_bytes(16))


def variant_of(kind: Kind, answer: Answer) -> Variant | None:
    """Which pattern an answer of Django's is of; None if it is an error."""
    if answer.status not in {OK, NOT_MODIFIED}:
        return None
    sent = dict(answer.headers)
    # What was not sent again can only be told by its tag.
    is_packed = b"content-encoding" in sent or sent.get(TAG, b"").endswith(b'-gzip"')
    return Variant(kind, answer.status, is_packed)


def _is_packed(entry: Entry, request: Plain) -> bool:
    return is_worth_packing(entry.body) and accepts_gzip(request.encoding.decode("latin-1"))


def _is_known(entry: Entry, request: Plain, *, is_packed: bool) -> bool:
    return is_known(request.if_none_match.decode("latin-1"), _tag(entry, is_packed=is_packed))


def _tag(entry: Entry, *, is_packed: bool) -> str:
    if not entry.tag:
        entry.tag = entity_tag(entry.body)
    return packed_tag(entry.tag) if is_packed else entry.tag


def _filled_in(pattern: Pattern, entry: Entry, *, is_packed: bool) -> Headers:
    if is_packed and entry.packed is None:
        entry.packed = pack(entry.body)
    headers = pattern.headers.copy()
    headers[pattern.tag] = (TAG, _tag(entry, is_packed=is_packed).encode())
    if pattern.length >= 0:
        length = len(entry.packed or b"") if is_packed else len(entry.body)
        headers[pattern.length] = (LENGTH, str(length).encode())
    return headers
