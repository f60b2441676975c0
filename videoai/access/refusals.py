"""What is written down about tokens that were refused."""

import logging

from django.db import Error, transaction

from models_registry.audit import occasion
from models_registry.audit.ledger import record_event
from videoai.access.occasions import ANONYMOUS
from videoai.access.patience import PATIENCE, waiting_at_most
from videoai.limits import failures

logger = logging.getLogger(__name__)


def token_refused(why: str, prefix: str = "") -> None:
    """Record a refused token: its prefix, if it had one, and why; never what was sent.

    Whatever becomes of that, the caller's answer stays 401: what can't be recorded is logged. Raises
    Throttled, and records nothing, above the limit of failures from one address.
    """
    failures.count(occasion.current().address)
    # Nobody is signed in by a bad token, whatever cookies or reasons came along with it.
    try:
        with occasion.acting(actor=ANONYMOUS, reason=""), waiting_at_most(PATIENCE), transaction.atomic():
            record_event("token_refused", kind="token", subject=prefix, why=why)
    except Error as error:
        logger.warning(
            "A refused token (%s, prefix %s) was not recorded: %s",
            why,
            prefix or "none",
            type(error).__name__,
        )
