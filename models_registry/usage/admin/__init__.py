"""Usage in pictures; Django's autodiscovery imports this package."""

from models_registry.usage.admin.page import UsageAdmin

__all__ = ["UsageAdmin"]
