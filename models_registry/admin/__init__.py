"""The ModelManager and the audit trail; Django's autodiscovery imports this package."""

from models_registry.admin.ai_model import AIModelAdmin
from models_registry.admin.audit_entry import AuditEntryAdmin
from models_registry.admin.quality_tier import QualityTierAdmin

__all__ = ["AIModelAdmin", "AuditEntryAdmin", "QualityTierAdmin"]
