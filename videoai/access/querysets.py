"""Every named filter of the tokens."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from models_registry.audit.audited import AuditedQuerySet

if TYPE_CHECKING:
    from videoai.access.models import ServiceToken  # noqa: F401 - in bases


class TokenState(models.TextChoices):
    LIVE = "live", "Live"
    REPLACED = "replaced", "Replaced"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"


class ServiceTokenQuerySet(AuditedQuerySet["ServiceToken"]):
    def live(self, at: datetime) -> "ServiceTokenQuerySet":
        """Those that open doors at this moment."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)

    def expired(self, at: datetime) -> "ServiceTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__lte=at)

    def revoked(self) -> "ServiceTokenQuerySet":
        return self.exclude(revoked_at=None)

    def current(self) -> "ServiceTokenQuerySet":
        """At most one a name, live or expired: neither revoked nor replaced by another."""
        return self.filter(revoked_at=None, replaced_at=None)

    def replaced(self) -> "ServiceTokenQuerySet":
        return self.exclude(replaced_at=None)

    def in_state(self, state: str, at: datetime) -> "ServiceTokenQuerySet":
        return {
            TokenState.LIVE: self.live(at).current(),
            TokenState.REPLACED: self.live(at).replaced(),
            TokenState.EXPIRED: self.expired(at),
            TokenState.REVOKED: self.revoked(),
        }[TokenState(state)]

    def called(self, name_or_prefix: str) -> "ServiceTokenQuerySet":
        return self.filter(Q(name=name_or_prefix) | Q(prefix=name_or_prefix))

    def unused_since(self, moment: datetime) -> "ServiceTokenQuerySet":
        return self.filter(Q(last_used_at=None) | Q(last_used_at__lte=moment))
