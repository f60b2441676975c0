"""The second factor: an authenticator app on the phone, and ten recovery codes for the day it is lost.

django-otp keeps the devices, slows down who guesses and takes no code twice. Recovery codes are stored as
digests; the key of an app has to be stored as it is. Neither gets into the log or the audit trail.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from models_registry.transactions import whole
from videoai.access.sign_in_events import record_of

RECOVERY_CODES = 10
APP_CODE = re.compile("[0-9]{6}")


class SecondFactorRefused(Exception):
    """The code is wrong, was used before, or comes too soon after a wrong one; the text says which."""


def is_trusted(user: Any) -> bool:
    """Whether `user`, of a request, has shown all that signing in takes."""
    return not settings.TWO_FACTOR or user.is_verified()


def awaits_second_factor(user: Any) -> bool:
    """Whether `user` gave a password that opens the admin, and nothing more yet."""
    return user.is_active and user.is_staff and not is_trusted(user)


def is_enrolled(user: Any) -> bool:
    return bool(TOTPDevice.objects.devices_for_user(user, confirmed=True).exists())


def recovery_codes_left(user: Any) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


def verify(
    user: Any, typed: str, *, then: Callable[[Any], object] = lambda device: None
) -> TOTPDevice | StaticDevice:
    """The device of `user` whose code was typed, blanks and dashes aside; a recovery code is used up.

    What is to follow is done along with that, or neither is. Raises SecondFactorRefused.
    """
    code = re.sub(r"[\s-]", "", typed).lower()
    from_app = APP_CODE.fullmatch(code) is not None
    devices, token = (TOTPDevice, code) if from_app else (StaticDevice, digest(code))
    device, why_not = _tried(devices, user, token, then)
    if why_not:
        raise SecondFactorRefused(why_not)
    return device


@whole
def _tried(devices: Any, user: Any, token: str, then: Callable[[Any], object]) -> tuple[Any, str]:
    """The device, and why `token` does not open it; a wrong one is counted, so this commits all the same."""
    device = devices.objects.select_for_update().filter(user=user, confirmed=True).first()
    why_not = refusal(device, token)
    if not why_not:
        then(device)
    return device, why_not


def refusal(device: Any, token: str) -> str:
    """Why `token` does not open `device`; empty if it does. Belongs in a transaction that commits."""
    if device is None:
        return "This code is not valid."
    allowed, details = device.verify_is_allowed()
    if not allowed:
        wait = (details["locked_until"] - timezone.now()).total_seconds()
        return f"That is too soon after a wrong code. Wait {max(1, round(wait))} s, then try again."
    if not device.verify_token(token):
        return "This code is not valid, or was used before. Wait for the next one in your app."
    return ""


@whole
def enroll(user: Any, *, key: str, typed: str) -> tuple[TOTPDevice, list[str]]:
    """Make the app that holds `key` the one that counts, if `typed` is its code; all that was before ends.

    Returns the device and the new recovery codes, which are told nobody again. Raises SecondFactorRefused,
    and then nothing is stored.
    """
    _lock(user)
    if is_enrolled(user) and not is_trusted(user):  # from elsewhere, a moment ago
        raise SecondFactorRefused("Another app was set up in the meantime. Reload the page.")
    device = TOTPDevice.objects.create(user=user, name="app", key=key, confirmed=False)
    why_not = refusal(device, re.sub(r"\s", "", typed))
    if why_not:
        raise SecondFactorRefused(why_not)
    return device, _put_in_force(device)


@whole
def reset(user: Any) -> bool:
    """Forget the app and the recovery codes of `user`, who enrolls anew; False if there was nothing."""
    _lock(user)
    forgotten = _forget_devices(user)
    if forgotten:
        record_of(user, "two_factor_reset")
    return forgotten


def _lock(user: Any) -> None:
    get_user_model().objects.select_for_update().get(pk=user.pk)


def _put_in_force(device: TOTPDevice) -> list[str]:
    _forget_devices(device.user, but=device)
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
    static = StaticDevice.objects.create(user=device.user, name="recovery codes")
    StaticToken.objects.bulk_create(StaticToken(device=static, token=digest(code)) for code in codes)
    record_of(device.user, "two_factor_enrolled")
    return codes


def _forget_devices(user: Any, *, but: TOTPDevice | None = None) -> bool:
    apps, _ = TOTPDevice.objects.filter(user=user).exclude(pk=but.pk if but else None).delete()
    codes, _ = StaticDevice.objects.filter(user=user).delete()
    return bool(apps or codes)


def new_recovery_code() -> str:
    """80 random bits: too many to guess, even by who reads the digests."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def digest(code: str) -> str:
    """What is stored of a recovery code; as long as the column."""
    return base64.b32encode(hashlib.sha256(code.encode()).digest()).decode()[:16].lower()


def in_groups(text: str) -> str:
    """In fours, for reading aloud and copying by hand."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
