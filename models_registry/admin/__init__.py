"""What the catalogue shows of itself, and the audit trail; Django's autodiscovery imports this package."""

from models_registry.admin.audit_entry import AuditEntryAdmin
from models_registry.admin.quality_tier import QualityTierAdmin

__all__ = ["AuditEntryAdmin", "QualityTierAdmin"]
