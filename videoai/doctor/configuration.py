"""The settings: what is unsafe in public, what does not fit together, and what Django says of them."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import ERROR, run_checks

from videoai.doctor.finding import Finding, doubtful, fine, wrong

# What Django says, one by one, while HTTPS is not set.
OF_HTTPS = {f"security.W{number:03}" for number in (4, 5, 8, 12, 16, 21)}
OF_DEBUG = {"security.W018"}
LONG_KEY = 50  # characters, as Django asks for


def safety() -> Iterator[Finding]:
    if settings.DEBUG:
        yield doubtful("DEBUG is on: errors show what is inside", "Leave it out, but on your own machine.")
    if len(settings.SECRET_KEY) < LONG_KEY:
        told = f"SECRET_KEY has {len(settings.SECRET_KEY)} characters"
        remedy = "Set a longer one: python -c 'import secrets; print(secrets.token_urlsafe(48))'."
        yield doubtful(told, remedy)
    if not settings.HTTPS:
        remedy = "Behind a proxy that ends TLS, set HTTPS=true. On loopback there is nothing to do."
        yield doubtful("HTTPS is off: passwords and tokens can be read on the way", remedy)


def proxies() -> Iterator[Finding]:
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        told = "HTTPS is on, and TRUSTED_PROXIES names no proxy: all its clients count as one address"
        yield doubtful(told, "Name the address or network that your proxy comes from in TRUSTED_PROXIES.")
    wide = [str(network) for network in settings.TRUSTED_PROXIES if network.prefixlen == 0]
    if wide:
        told = f"TRUSTED_PROXIES={', '.join(wide)} believes anybody about who they are"
        yield wrong(told, "Name the addresses of your proxies alone.")


def other_messages() -> Iterator[Finding]:
    """Of Django and ours, without those of the database and those that were told above."""
    told_above = (set() if settings.HTTPS else OF_HTTPS) | OF_DEBUG | {"security.W009"}
    messages = run_checks(include_deployment_checks=True)
    found = [message for message in messages if message.id not in told_above and not message.is_silenced()]
    for message in found:
        remedy = message.hint or f"See Django's documentation of {message.id}."
        yield wrong(message.msg, remedy) if message.level >= ERROR else doubtful(message.msg, remedy)
    if not found:
        yield fine("Django has nothing else to say of them")
