"""The pages of scheduled changes; Django's autodiscovery imports this."""

from pricing.schedule.admin.pages import ScheduledChangeAdmin

__all__ = ["ScheduledChangeAdmin"]
