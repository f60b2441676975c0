import hashlib
from datetime import datetime

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import Exact

from models_registry.audit.audited import Audited
from models_registry.audit.models import Book, State
from videoai.access.querysets import ServiceTokenQuerySet, TokenState
from videoai.access.token_text import DIGEST_LENGTH, PREFIX_LENGTH

NAME_LENGTH = 100
LINE = 0x766169  # any number will do, as long as no other advisory lock has it


class ServiceToken(Audited):
    """What a program shows instead of a password. Its secret is not here: only the digest of it.

    A rotation puts a new row beside the old one; `replaced_at` is when. The old one works until it expires.
    """

    audit_book = Book.ACCESS
    audit_kind = "token"
    unaudited = Audited.unaudited | {"last_used_at"}

    name = models.CharField(max_length=NAME_LENGTH)
    prefix = models.CharField(
        max_length=PREFIX_LENGTH, unique=True, help_text="The public beginning of the token, behind vai_."
    )
    digest = models.CharField(max_length=DIGEST_LENGTH, editable=False)
    scopes = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=300)
    expires_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ServiceTokenQuerySet.as_manager()

    class Meta:
        db_table = "service_tokens"
        ordering = ["name", "-created_at", "-pk"]
        verbose_name = "token"
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(revoked_at=None, replaced_at=None),
                name="service_tokens_one_current_a_name",
                violation_error_message="A token of this name is there already; rotate or revoke it.",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(scopes=[]), name="service_tokens_name_and_scopes"
            ),
            models.CheckConstraint(
                condition=Q(Exact(Length("prefix"), PREFIX_LENGTH), Exact(Length("digest"), DIGEST_LENGTH)),
                name="service_tokens_shapes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def audit_state(self) -> State:
        """With a fingerprint in place of the digest: if one is exchanged, that is noticed; none is shown."""
        state = dict(super().audit_state())
        digest = state.pop("digest")
        return {**state, "fingerprint": hashlib.sha256(digest.encode()).hexdigest()[:16]}

    @classmethod
    def audit_action(cls, before: State | None, after: State | None) -> str:
        if before is not None and after is not None:
            for step, column in (("revoke", "revoked_at"), ("rotate", "replaced_at")):
                if before[column] is None and after[column] is not None:
                    return step
        return super().audit_action(before, after)

    @classmethod
    def stand_in_line(cls) -> None:
        """Until no other writer of tokens is under way; on SQLite the transaction's beginning does that."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LINE])

    def state(self, at: datetime) -> TokenState:
        """What became of it by then; says the same as the queryset's filters."""
        if self.revoked_at is not None:
            return TokenState.REVOKED
        if self.expires_at is not None and self.expires_at <= at:
            return TokenState.EXPIRED
        return TokenState.LIVE if self.replaced_at is None else TokenState.REPLACED
