"""The form of one model."""

from models_registry.admin.ai_model import AIModelAdmin
from videoai.model_manager.forms import ModelForm


class FormPage(AIModelAdmin):
    """The catalogue's form in tabs, with rates, usage and history beside it."""

    form = ModelForm
