from models_registry.audit.audited import Audited
from models_registry.models.revision import CatalogueRevision


class CatalogueRow(Audited):
    """Base of the tables that the catalogue and its prices are made of."""

    class Meta:
        abstract = True

    @classmethod
    def stand_in_line(cls) -> None:
        """In the one line of the services, or the two would wait for each other."""
        CatalogueRevision.objects.lock()
