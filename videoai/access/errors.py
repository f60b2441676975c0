"""What can go wrong with tokens, in words for whoever asked."""


class TokenError(Exception):
    """A rule about tokens was broken; nothing was changed. `field`: what was given wrongly."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NameUnfit(TokenError):
    """Too long, empty, or not to be told from another name by the eye."""


class NameTaken(TokenError):
    """A live token has the name."""


class ScopeUnknown(TokenError):
    """No scope at all, or one that there isn't."""


class SpanUnfit(TokenError):
    """No length of time, or too long a one."""


class TokenUnknown(TokenError):
    """No live token of this name or prefix."""


class TokenEnded(TokenError):
    """Expired, revoked, or replaced by a rotation: it can't be rotated any more."""
