"""Pages of big tables: no more is counted, and no more is read, than has to be."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

# Rows before a page above which it is looked up in an index first, and its rows after that.
FAR_DOWN = 1_000


class PageByPage(Paginator):
    """A page that is not full says by itself how many rows there are: nothing is counted then."""

    def page(self, number: int | str) -> "Page[Any]":
        """Raises InvalidPage for a page past the end."""
        before = (int(number) - 1) * self.per_page
        rows = list(self._rows(before))
        if len(rows) < self.per_page and (rows or not before):
            self.count = before + len(rows)  # in place of the property that counts
        return Page(rows, self.validate_number(number), self)

    def _rows(self, before: int) -> Any:
        found: Any = self.object_list
        wanted = slice(before, before + self.per_page)
        if before < FAR_DOWN or not isinstance(found, QuerySet):
            return found[wanted]
        # Sorted with all their columns, the rows before the page would not fit into the memory.
        return found.filter(pk__in=found.values("pk")[wanted])
