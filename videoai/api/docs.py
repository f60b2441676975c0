"""The OpenAPI document and the page that shows it."""

from typing import Any, ClassVar

from csp.constants import HEADER, SELF
from csp.utils import build_policy
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.response import Response

from models_registry.api.scopes import PUBLIC, READING


class SchemaView(SpectacularJSONAPIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}


class DocsView(SpectacularSwaggerSplitView):
    """Split: the script is a file of its own, as a strict content security policy wants it."""

    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Swagger's style sheet has its icons within itself."""
        response: Response = super().finalize_response(*args, **kwargs)
        response[HEADER] = build_policy(update={"img-src": [SELF, "data:"]})
        return response
