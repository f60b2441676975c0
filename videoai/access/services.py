"""Every write of the tokens. One transaction each, and one writer at a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from models_registry.audit import occasion
from models_registry.transactions import whole
from models_registry.values import UNSTORABLE, shown
from videoai.access.errors import NameTaken, NameUnfit, ScopeUnknown, SpanUnfit, TokenEnded, TokenUnknown
from videoai.access.models import NAME_LENGTH, ServiceToken
from videoai.access.querysets import TokenState
from videoai.access.scopes import TOKEN_SCOPES
from videoai.access.times import utc_text
from videoai.access.token_text import TokenText

YEAR = timedelta(days=365)
LONGEST_LIFE = timedelta(days=3_653)  # ten years
LONGEST_OVERLAP = timedelta(days=30)
DEFAULT_OVERLAP = timedelta(hours=24)

ALL_SCOPES = ", ".join(TOKEN_SCOPES)


@dataclass(frozen=True)
class Issued:
    """A new token and its text, which is nowhere else: show it now or never."""

    token: ServiceToken
    text: str = field(repr=False)


@whole
def create(
    name: str,
    *,
    scopes: Collection[str],
    expires_in: timedelta | None = YEAR,
    now: datetime | None = None,
) -> Issued:
    """Make a token; `expires_in` None: it never expires.

    Raises NameUnfit, NameTaken (as long as any live token has the name), ScopeUnknown or SpanUnfit.
    """
    now = now or timezone.now()
    name, wanted = fit_name(name), fit_scopes(scopes)
    refuse_unfit_life(expires_in)
    ServiceToken.stand_in_line()
    _refuse_taken(name, now)
    for expired in ServiceToken.objects.current().filter(name=name):
        expired.replaced_at = now
        expired.save(update_fields=["replaced_at"])
    return _issue(name, wanted, life=expires_in, now=now)


@whole
def rotate(
    token: ServiceToken, *, overlap: timedelta = DEFAULT_OVERLAP, now: datetime | None = None
) -> Issued:
    """Make a new token of the same name and scopes, that lives as long as `token` was made to live.

    The old one expires when `overlap` is over, if not before. Each token is rotated once: of two rotations
    at the same moment, the second is refused. Raises SpanUnfit or TokenEnded.
    """
    now = now or timezone.now()
    refuse_unfit_overlap(overlap)
    ServiceToken.stand_in_line()
    old = ServiceToken.objects.get(pk=token.pk)
    _refuse_ended(old, now)
    life = old.expires_at - old.created_at if old.expires_at else None
    old.replaced_at = now
    old.expires_at = min(old.expires_at or now + overlap, now + overlap)
    old.save(update_fields=["replaced_at", "expires_at"])
    return _issue(old.name, old.scopes, life=life, now=now)


@whole
def revoke(name_or_prefix: str, *, now: datetime | None = None) -> list[ServiceToken]:
    """End every live token of this name, or the one with this prefix, at once and for good.

    Raises TokenUnknown if there is none.
    """
    now = now or timezone.now()
    ServiceToken.stand_in_line()
    tokens = list(ServiceToken.objects.live(now).called(_storable(name_or_prefix)))
    if not tokens:
        raise _unknown(name_or_prefix)
    for token in tokens:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
    return tokens


def current_token(name: str, *, now: datetime | None = None) -> ServiceToken:
    """The token of this name that can be rotated. Raises TokenUnknown if there is none."""
    live = ServiceToken.objects.live(now or timezone.now()).current()
    token = live.filter(name=_storable(name)).first()
    if token is None:
        raise _unknown(name)
    return token


# --- Rules -----------------------------------------------------------------------------------------------


def fit_name(name: str) -> str:
    """`name` without spaces around it. Raises NameUnfit."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH:
        raise NameUnfit(f"A name has 1 to {NAME_LENGTH} characters, not {len(name)}.", field="name")
    if not name.isprintable():
        raise NameUnfit("The name holds a character that nobody sees; take it out.", field="name")
    return name


def fit_scopes(scopes: Iterable[str]) -> list[str]:
    """`scopes` in their usual order, each once. Raises ScopeUnknown."""
    wanted = set(scopes)
    for scope in sorted(wanted - TOKEN_SCOPES.keys()):
        raise ScopeUnknown(f"{shown(scope)} is no scope. There are: {ALL_SCOPES}.", field="scopes")
    if not wanted:
        raise ScopeUnknown(f"A token needs a scope, or it opens nothing: {ALL_SCOPES}.", field="scopes")
    return [scope for scope in TOKEN_SCOPES if scope in wanted]


def refuse_unfit_life(expires_in: timedelta | None) -> None:
    if expires_in is not None and not timedelta(0) < expires_in <= LONGEST_LIFE:
        told = "A token lives for some time and at most ten years, or else for ever."
        raise SpanUnfit(told, field="expires_in")


def refuse_unfit_overlap(overlap: timedelta) -> None:
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise SpanUnfit(f"An overlap lasts at most {LONGEST_OVERLAP.days} days.", field="overlap")


def _refuse_taken(name: str, now: datetime) -> None:
    token = ServiceToken.objects.live(now).filter(name=name).first()
    if token is not None:
        raise NameTaken(
            f"{token} has this name and is live. Choose another name, or rotate or revoke that token.",
            field="name",
        )


def _refuse_ended(token: ServiceToken, now: datetime) -> None:
    if token.replaced_at is not None:
        raise TokenEnded(
            f"{token} was replaced on {utc_text(token.replaced_at)}. Rotate the token that took its place."
        )
    state = token.state(now)
    if state != TokenState.LIVE:
        raise TokenEnded(f"{token} is {state}, so it can't be rotated. Create a new token instead.")


def _unknown(name: str) -> TokenUnknown:
    return TokenUnknown(f"There is no live token {shown(name)}; `token list` shows those that there are.")


# --- Steps -----------------------------------------------------------------------------------------------


def _issue(name: str, scopes: list[str], *, life: timedelta | None, now: datetime) -> Issued:
    text = TokenText.random()
    token = ServiceToken(
        name=name,
        prefix=text.prefix,
        digest=text.digest,
        scopes=scopes,
        created_at=now,
        created_by=_storable(occasion.current().find_actor().name)[:300],
        expires_at=None if life is None else now + life,
    )
    token.save(force_insert=True)
    return Issued(token, text.reveal())


def _storable(text: str) -> str:
    """No database can even look for some characters, and no name holds them."""
    return UNSTORABLE.sub("\ufffd", text)
