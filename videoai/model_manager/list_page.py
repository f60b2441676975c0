"""The list of models."""

from models_registry.admin.ai_model import AIModelAdmin


class ListPage(AIModelAdmin):
    """The catalogue's list, with what became of each model's generations."""
