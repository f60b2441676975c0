"""Models in a sentence: the first few of them by id, and how many more there are."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from models_registry.models import AIModel
from videoai.model_manager.deeds.list_action import FORM

MOST_NAMED = 5


def linked(models: Sequence[AIModel]) -> SafeString:
    """Each leads to its form."""
    links = format_html_join(
        ", ",
        '<a href="{}">{}</a>',
        ((reverse(FORM, args=[model.pk]), model.model_id) for model in models[:MOST_NAMED]),
    )
    return format_html("{}{}", links, _more(models))


def listed(models: Sequence[AIModel]) -> str:
    return ", ".join(model.model_id for model in models[:MOST_NAMED]) + _more(models)


def counted(number: int) -> str:
    return f"{number:,} model" if number == 1 else f"{number:,} models"


def _more(models: Sequence[AIModel]) -> str:
    return f" … and {len(models) - MOST_NAMED:,} more" if len(models) > MOST_NAMED else ""
