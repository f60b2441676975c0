"""Draws the fields of a list's rows without templates.

A page of the list has a thousand of them: templates would take most of the time that the page takes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

NOTHING = mark_safe("")
Context = Mapping[str, Any]


class RowRenderer(DjangoTemplates):
    """What Django's own templates make of these widgets and lists of errors; all else is left to them."""

    def render(self, template_name: str, context: Any, request: Any = None) -> str:
        draw = DRAWN.get(template_name)
        return draw(context) if draw else super().render(template_name, context, request)


def _input(context: Context) -> SafeString:
    widget = context["widget"]
    facts = {name: widget[name] for name in ("type", "name", "value")}
    return format_html("<input{}>", flatatt({**facts, **widget["attrs"]}))


def _select(context: Context) -> SafeString:
    widget = context["widget"]
    options = (option for _, group, _ in widget["optgroups"] for option in group)
    drawn = format_html_join(
        "",
        "<option{}>{}</option>",
        ((flatatt({"value": one["value"], **one["attrs"]}), one["label"]) for one in options),
    )
    return format_html("<select{}>{}</select>", flatatt({"name": widget["name"], **widget["attrs"]}), drawn)


def _errors(context: Context) -> SafeString:
    errors = context["errors"]
    if not errors:
        return NOTHING
    facts = {"class": context["error_class"], "id": errors.field_id and f"{errors.field_id}_error"}
    told = format_html_join("", "<li>{}</li>", ((error,) for error in errors))
    return format_html("<ul{}>{}</ul>", flatatt(facts), told)


WIDGETS = "django/forms/widgets"
DRAWN: dict[str, Callable[[Context], SafeString]] = {
    **{f"{WIDGETS}/{kind}.html": _input for kind in ("text", "hidden", "checkbox")},
    f"{WIDGETS}/select.html": _select,
    "django/forms/errors/list/default.html": _errors,
}
