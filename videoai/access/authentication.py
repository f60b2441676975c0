"""Who is calling: a program with a token, or a person who is signed in to the admin."""

import hmac
import re
from copy import copy
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from models_registry.audit.occasion import Actor
from videoai.access.last_use import note_use
from videoai.access.models import ServiceToken
from videoai.access.occasions import actor_of
from videoai.access.querysets import TokenState
from videoai.access.refusals import token_refused
from videoai.access.scopes import StaffSession, TokenRights
from videoai.access.times import utc_text
from videoai.access.token_text import DIGEST_LENGTH, TokenText

SCHEME = "Bearer"
HEADER = re.compile("(?i:bearer) +(.+)")
# Compared with when the prefix is unknown, so that the time an answer takes tells nothing.
NOBODYS_DIGEST = "0" * DIGEST_LENGTH
ENDED = {TokenState.EXPIRED: "expired", TokenState.REVOKED: "was revoked"}
# One sentence for every token that was not proven to be one: it tells nothing about which there are.
NOT_VALID = "The token is not valid. Send a live one, as in `Authorization: Bearer vai_…`, or no such header."


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer vai_…`. A header that is there has to be good: the session does not stand in."""

    def authenticate(self, request: Request) -> tuple[Any, TokenRights] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        now = timezone.now()
        token = proven_token(header)
        refuse_ended(token, at=now)
        note_use(token, at=now)
        request._request.audit_actor = actor_with(token)  # type: ignore[attr-defined]
        return AnonymousUser(), TokenRights(token)

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def actor_with(token: ServiceToken) -> Actor:
    return Actor("token", str(token.pk), str(token))


def live_token(header: str, *, at: datetime) -> ServiceToken | None:
    """The token in `header`, if it opens doors. If it opens none, nobody is told, and nothing is recorded."""
    sent = _sent_in(header)
    if sent is None:
        return None
    token, is_proven = _looked_up(sent)
    return token if is_proven and token and token.state(at) not in ENDED else None


def proven_token(header: str) -> ServiceToken:
    """The token whose secret stands in `header`, live or not. Raises AuthenticationFailed."""
    sent = _sent_in(header)
    if sent is None:
        token_refused("malformed")
        raise AuthenticationFailed(NOT_VALID)
    token, is_proven = _looked_up(sent)
    if token is None or not is_proven:
        token_refused("wrong_secret" if token else "unknown", sent.prefix)
        raise AuthenticationFailed(NOT_VALID)
    return token


def _sent_in(header: str) -> TokenText | None:
    found = HEADER.fullmatch(header)
    return TokenText.read(found[1]) if found else None


def _looked_up(sent: TokenText) -> tuple[ServiceToken | None, bool]:
    """The token of this prefix, and whether it was sent with its secret."""
    token = ServiceToken.objects.filter(prefix=sent.prefix).first()
    return token, hmac.compare_digest(token.digest if token else NOBODYS_DIGEST, sent.digest)


def refuse_ended(token: ServiceToken, *, at: datetime) -> None:
    """Whoever knows the secret may know what became of the token. Raises AuthenticationFailed."""
    state = token.state(at)
    if state not in ENDED:
        return
    ended_at = token.expires_at if state == TokenState.EXPIRED else token.revoked_at
    told = f"The token {ENDED[state]} on {utc_text(ended_at)}. Ask for a new one."
    token_refused(state.value, token.prefix)
    raise AuthenticationFailed(told)


class StaffSessionAuthentication(SessionAuthentication):
    """The admin's session, with CSRF on writes."""

    def authenticate(self, request: Request) -> tuple[Any, StaffSession] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        return signed_in[0], StaffSession(signed_in[0])

    def authenticate_header(self, request: Request) -> str:
        return SCHEME

    def enforce_csrf(self, request: Request) -> None:
        """Only the header counts: to look for a token in the body is to read it before rights are asked."""
        without_body = copy(request._request)
        without_body._post = QueryDict()  # type: ignore[attr-defined]
        try:
            super().enforce_csrf(without_body)  # type: ignore[arg-type]
        except PermissionDenied as error:
            # DRF forgets who it was.
            request._request.audit_actor = actor_of(request._request)  # type: ignore[attr-defined]
            told = "Send the CSRF token of your session in the X-CSRFToken header."
            raise PermissionDenied(told, code="csrf_failed") from error
