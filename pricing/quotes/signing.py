"""Signatures of quotes: HMAC-SHA-256 over canonical JSON, under a key that is derived from SECRET_KEY."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "pricing.quotes"


def signature(content: Mapping[str, Any], *, secret: str | bytes | None = None) -> str:
    """In hexadecimal digits. Equal JSON has equal signatures, whatever the order of its keys."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return salted_hmac(SALT, canonical, secret=secret, algorithm="sha256").hexdigest()


def is_signed(content: Mapping[str, Any], signed: str) -> bool:
    """Is the signature that of `content`, under the secret key or one that it was before?"""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(signature(content, secret=one), signed) for one in secrets)


def is_same_signature(signed: str, said: object) -> bool:
    """Compared in constant time; what is no text is no signature."""
    return isinstance(said, str) and constant_time_compare(signed, said)
