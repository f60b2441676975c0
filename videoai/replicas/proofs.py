"""Does a replica stand where the primary does? The primary is asked first: the answer holds from then on."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from models_registry.audit.models import AuditHead
from models_registry.models import CatalogueRevision
from models_registry.replicable import Replicable
from models_registry.turning import is_due_expression


def stands_as_the_primary(what: Replicable, alias: str) -> bool:
    """Two tiny queries, but for what need not. What is committed later may be missing, or not."""
    if what is Replicable.FIGURES:
        return True
    place = {Replicable.TRAIL: _ends, Replicable.CATALOGUE: _revision}[what]
    return bool(place(DEFAULT_DB_ALIAS) == place(alias))


def _ends(alias: str) -> list[Any]:
    """The last entry of each book. Every entry behind it stands in its digest."""
    return list(AuditHead.objects.using(alias).order_by("pk").values_list("pk", "number", "digest"))


def _revision(alias: str) -> Any:
    """Triggers move it with every change. What is due has to be carried out on the primary first."""
    revisions = CatalogueRevision.objects.using(alias).annotate(is_due=is_due_expression())
    found = revisions.values_list("epoch", "revision", "is_due").first()
    return None if found is None else (*found[:2], alias if found[2] else "")
