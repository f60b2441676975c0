"""The rows' fields are drawn as Django's own templates draw them."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.forms.renderers import DjangoTemplates

from models_registry.admin.row_renderer import RowRenderer
from models_registry.admin.rows import AIModelRowForm
from models_registry.models import AIModel
from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db


class Tokens(HTMLParser):
    """What a browser makes of markup: the order of attributes and the room between tags say nothing."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted((name, value or "") for name, value in attrs)))

    def handle_data(self, data: str) -> None:
        self.found += [data] if data.strip() else []


def drawn(model: AIModel, renderer: DjangoTemplates, sent: dict[str, str] | None) -> list[Any]:
    form = AIModelRowForm(sent, instance=model, renderer=renderer)
    html = "".join(f"{field.errors}{field}" for field in form) + str(form.non_field_errors())
    return Tokens(html).found


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {"cost_per_second": '"><script>', "category": "<b>", "is_active": "on", "version_number": "1"},
        {"cost_per_second": "0.4", "category": "budget", "version_number": "<i>"},
    ],
)
def test_fields_and_errors_look_as_djangos(sent: dict[str, str] | None) -> None:
    model = AIModelFactory(name="<b>", category="budget")
    ours, theirs = (drawn(model, renderer, sent) for renderer in (RowRenderer(), DjangoTemplates()))
    assert ours == theirs
    assert len(ours) > 8
