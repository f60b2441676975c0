"""A trail to read and to tamper with."""

from decimal import Decimal

from models_registry import services
from models_registry.audit import ledger
from models_registry.audit.models import AuditEntry, Book
from models_registry.audit.verifying import Anchor, Verification
from models_registry.models import AIModel
from pricing import services as pricing
from tests.factories import AIModelFactory, rate, standard_policy


def lay() -> None:
    """About sixty entries of both books, of every kind of change."""
    standard_policy()
    models = [AIModelFactory(model_id=f"acme/m{n}", model_parameters={"seed": n}) for n in range(6)]
    for model in models:
        services.revise(model, {"cost_per_second": Decimal("0.5"), "tags": ["fast", "new"]})
        rate(model, "high", "0.4")
        ledger.record_event("sign_in", subject="ada", method="password")
    pricing.remove_rate(rate(models[0], "ultra", "0.9"))
    rate(models[1], "high", "0.7")
    services.make_default(models[2])
    services.retire(models[3])
    services.restore(services.retire(models[4]))
    for number in range(18):
        ledger.record_event("sign_in_refused", subject=f"mallory{number}")


def findings() -> list[str]:
    return [finding.text for finding in Verification().findings()]


def holds() -> bool:
    """Stops at the first finding."""
    return next(iter(Verification().findings()), None) is None


def entries(book: str = Book.CATALOGUE) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(book=book).order_by("number"))


def last_entry() -> AuditEntry:
    return entries()[-1]


def anchor_of(entry: AuditEntry) -> Anchor:
    return Anchor(entry.book, entry.number, entry.digest)


def model(number: int = 0) -> AIModel:
    return AIModel.objects.get(model_id=f"acme/m{number}")
