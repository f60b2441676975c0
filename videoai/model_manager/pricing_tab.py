"""The part of a model's form that is about money."""

from models_registry.admin.ai_model import AIModelAdmin


class PricingTab(AIModelAdmin):
    """Rates in place, and what customers will pay, shown before anything is saved."""
