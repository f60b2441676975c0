"""What the catalogue needs, by the rules of `attention`; whether the audit trail ends where it should."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone

from models_registry.audit.verifying import Verification
from videoai.attention.concern import Concern, Remedy, Urgency
from videoai.attention.rules import concerns
from videoai.attention.situation import read_situation
from videoai.doctor.finding import Finding, doubtful, fine, wrong

# Whether the system can do its work; how well models sell is the overview's matter.
LOOKED_AT = ("no-policy", "no-default", "unpriced", "changes-failed", "default-past-sunset", "over-limit")
MOST_NAMED = 5


def needs_attention() -> Iterator[Finding]:
    situation = read_situation(now=timezone.now())
    found = [concern for concern in concerns(situation) if concern.name in LOOKED_AT]
    for concern in found:
        make = wrong if concern.urgency is Urgency.NOW else doubtful
        yield make(_told(concern), f"{concern.remedy.label}: {_address(concern.remedy)}")
    if not found:
        default = next((model.model_id for model in situation.models if model.is_default), "none")
        yield fine(f"{len(situation.sold):,} models on sale, each with a price; the default is {default}")


def audit_heads() -> Iterator[Finding]:
    verification = Verification()
    found = list(verification.ends())
    for finding in found:
        remedy = "Run `manage.py verify_audit`, with the anchors that you keep elsewhere."
        yield wrong(finding.text, remedy)
    if not found:
        ends = ", ".join(f"{anchor.book} at {anchor.number:,}" for anchor in verification.newest)
        yield fine(f"its heads hold: {ends or 'nothing was written yet'}")


def _told(concern: Concern) -> str:
    names = [case.model.model_id for case in concern.cases[:MOST_NAMED]]
    more = len(concern.cases) - len(names)
    listed = f" ({', '.join(names)}{f' and {more} more' if more > 0 else ''})" if names else ""
    return f"{concern.sentence.rstrip('.')}{listed}"


def _address(remedy: Remedy) -> str:
    options = remedy.table._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_{remedy.page}")
    return f"{address}?{remedy.query}".removesuffix("?")
