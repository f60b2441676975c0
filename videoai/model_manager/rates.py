"""The rates of a model, edited in its form."""

from models_registry.admin.forms import AIModelForm


class RatesForm(AIModelForm):
    """A model's form with a price for each quality."""
