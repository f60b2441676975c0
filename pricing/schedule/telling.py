"""What the audit trail tells of scheduled changes, as people say it."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from models_registry.audit.models import AuditEntry
from models_registry.audit.models import State as AuditState
from models_registry.values import moment_text
from pricing.schedule.deeds import words
from pricing.schedule.models import Kind, ScheduledChange, State

SETTLED: dict[Any, str] = {
    State.APPLIED: "carried out",
    State.CANCELLED: "cancelled",
    State.FAILED: "failed",
}
WITH_OUTCOME = {State.APPLIED, State.FAILED}  # of a cancelled one it only names who did it
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ValidationError)


def told(entry: AuditEntry) -> str:
    """As in `scheduled for 2027-03-01 00:00:00 UTC: the policy, profit margin 1.5`.

    Empty for any other step than one of `State`, and for what somebody made unreadable.
    """
    before, after = entry.state_before, entry.state_after
    try:
        return _told(entry.subject, before, after) if after else ""
    except UNREADABLE:
        return ""


def _told(subject: str, before: AuditState | None, after: AuditState) -> str:
    moment = moment_text(datetime.fromisoformat(after["effective_from"]))
    what = _what(subject, after)
    if before is None:
        return f"scheduled for {moment}: {what}"
    state = after["state"]
    if state == before["state"] or state not in SETTLED:
        return ""
    outcome = f". {after['outcome']}" if state in WITH_OUTCOME and after["outcome"] else ""
    return f"{SETTLED[state]}: {what}, from {moment}{outcome}"


def _what(subject: str, state: AuditState) -> str:
    names = ("kind", "quality", "with_audio", "values")
    change = ScheduledChange(**{name: state[name] for name in names})
    return f"{'the policy' if change.kind == Kind.POLICY else subject}, {words(change)}"
