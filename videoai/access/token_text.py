"""The text of a token, `vai_<prefix>_<secret>`: the prefix is public, of the secret only a digest is kept."""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass, field

PREFIX_LENGTH = 12
PREFIX_ALPHABET = string.ascii_lowercase + string.digits
SECRET_BYTES = 32
DIGEST_LENGTH = 64
# One word with a mark of its own in front, so that secret scanners can find it where it should not be.
SHAPE = re.compile(r"vai_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class TokenText:
    """What a caller presents. Printing it shows the prefix; `reveal` is the only way to the rest."""

    prefix: str
    secret: str = field(repr=False)

    @classmethod
    def random(cls) -> "TokenText":
        prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))
        return cls(prefix, secrets.token_urlsafe(SECRET_BYTES))

    @classmethod
    def read(cls, text: str) -> "TokenText | None":
        """None for whatever has not the exact shape."""
        found = SHAPE.fullmatch(text)
        return cls(*found.groups()) if found else None

    @property
    def digest(self) -> str:
        """SHA-256 is enough for 256 random bits: there is nothing to guess, so nothing to slow down."""
        return hashlib.sha256(self.secret.encode("ascii")).hexdigest()

    def reveal(self) -> str:
        return f"vai_{self.prefix}_{self.secret}"
