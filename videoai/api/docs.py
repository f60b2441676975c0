"""The OpenAPI document and the page that shows it."""

from typing import ClassVar

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from models_registry.api.scopes import PUBLIC, READING


class SchemaView(SpectacularJSONAPIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}


class DocsView(SpectacularSwaggerSplitView):
    """Split: the script is a file of its own, as a strict content security policy wants it."""

    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}
