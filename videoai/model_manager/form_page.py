"""The form of one model."""

from models_registry.admin.ai_model import AIModelAdmin


class FormPage(AIModelAdmin):
    """The catalogue's form in tabs, with rates, usage and history beside it."""
