"""The form of one model."""

from videoai.model_manager.rates import RatesForm


class ModelForm(RatesForm):
    """All that can be said of a model; asks before one that is used goes off sale."""
