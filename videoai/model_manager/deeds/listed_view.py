"""What the list shows for a querystring: all of it, not one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

OF_ONE_PAGE = ("p", "all")


@dataclass(frozen=True)
class ListedView:
    """The keys of all models that the list would show, and in words what it is filtered by."""

    keys: Sequence[int]
    filters: Sequence[tuple[str, str]]

    @property
    def words(self) -> str:
        return "; ".join(f"{title}: {value}" for title, value in self.filters) or "all models"


def listed_view(manager: Any, request: HttpRequest, *, most: int) -> ListedView:
    """At most `most` + 1 models. Raises IncorrectLookupParameters for what the list can't filter by."""
    asked = request.GET.copy()
    for name in OF_ONE_PAGE:
        asked.pop(name, None)
    request.GET = asked  # type: ignore[assignment]  # only the list's own code reads it from here on
    changelist = manager.get_changelist_instance(request)
    keys = changelist.queryset.order_by("pk").values_list("pk", flat=True)[: most + 1]
    return ListedView(list(keys), list(_filters(changelist)))


def _filters(changelist: Any) -> Sequence[tuple[str, str]]:
    found = [
        (str(spec.title), str(dict(spec.lookup_choices)[spec.value()]))
        for spec in changelist.filter_specs
        if spec.value() is not None
    ]
    return [*found, ("search", f"“{changelist.query}”")] if changelist.query else found
