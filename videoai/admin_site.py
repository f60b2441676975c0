from typing import Any

from django.contrib.admin import AdminSite
from django.urls import URLPattern, URLResolver, include, path

from models_registry.models import AIModel


class ModelManagerSite(AdminSite):
    """The admin, with the models at `models/` instead of `models_registry/aimodel/`; URL names stay Django's."""

    site_header = "VideoAI"
    site_title = "VideoAI"
    index_title = "ModelManager"
    site_url = "/api/v1/docs/"

    def get_urls(self) -> list[Any]:
        urls: list[URLPattern | URLResolver] = super().get_urls()
        if AIModel not in self._registry:
            return urls
        long_address = f"{AIModel._meta.app_label}/{AIModel._meta.model_name}/"
        others = [url for url in urls if str(url.pattern) != long_address]
        return [path("models/", include(self._registry[AIModel].urls)), *others]  # type: ignore[attr-defined]
