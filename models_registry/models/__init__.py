from models_registry.models.ai_model import AIModel
from models_registry.models.catalogue_row import CatalogueRow
from models_registry.models.quality_tier import QualityTier
from models_registry.models.revision import CatalogueRevision, CatalogueStamp

__all__ = ["AIModel", "CatalogueRevision", "CatalogueRow", "CatalogueStamp", "QualityTier"]
