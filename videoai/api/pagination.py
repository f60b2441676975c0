import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page
from django.utils.encoding import escape_uri_path
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from models_registry.values import shown
from videoai.api.page_by_page import PageByPage

POSITIVE = re.compile(r"[1-9][0-9]{0,8}")


class Pages(PageNumberPagination):
    """`{count, next, previous, results}`; links are paths without host, and malformed numbers are refused."""

    django_paginator_class = PageByPage
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int | None:
        self._refuse_malformed(request)
        return super().get_page_size(request)

    page: Page[Any]
    request: Request

    def get_next_link(self) -> str | None:
        return self._link(self.page.next_page_number()) if self.page.has_next() else None

    def get_previous_link(self) -> str | None:
        return self._link(self.page.previous_page_number()) if self.page.has_previous() else None

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"] |= {"minimum": 1, "maximum": 999_999_999}
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page: dict[str, Any] = super().get_paginated_response_schema(schema)
        link = {"type": ["string", "null"], "format": "uri-reference", "examples": ["/api/v1/models/?page=2"]}
        page["properties"] |= {"next": link, "previous": link}
        return page

    def _link(self, number: int) -> str:
        query = {name: list(values) for name, values in self.request.query_params.lists()}
        return link(self.request.path, query, number)

    def _refuse_malformed(self, request: Request) -> None:
        for name in (self.page_query_param, "page_size"):
            value = request.query_params.get(name)
            if value is not None and not POSITIVE.fullmatch(value):
                message = f"{shown(value)} is not a page number or size: whole numbers from 1."
                raise ValidationError({name: [ErrorDetail(message, "invalid")]})


def link(path: str, query: Mapping[str, list[str]], number: int) -> str:
    """The address of another page; the same for equal queries, however they were spelt."""
    others = {name: values for name, values in query.items() if name != Pages.page_query_param}
    if number > 1:
        others[Pages.page_query_param] = [str(number)]
    path = escape_uri_path(path)
    return f"{path}?{urlencode(sorted(others.items()), doseq=True)}" if others else path
