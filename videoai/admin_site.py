from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path

from models_registry.models import AIModel

# The rooms that are opened most often come first; any others follow by name.
FIRST_APPS = ("models_registry", "pricing")


class SignInForm(AdminAuthenticationForm):
    """Counts the right password of an account that may not enter like a wrong one, and tells nobody it is."""

    def confirm_login_allowed(self, user: User) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            name = {"username": user.get_username()}
            user_login_failed.send(sender=__name__, credentials=name, request=self.request)
            raise


class ModelManagerSite(AdminSite):
    """The admin, with the models at `models/`; the URL names stay Django's."""

    site_header = "VideoAI"
    site_title = "VideoAI"
    index_title = "Overview"
    site_url = "/api/v1/docs/"
    enable_nav_sidebar = False  # the header leads to every list
    login_form = SignInForm

    def get_urls(self) -> list[Any]:
        urls: list[URLPattern | URLResolver] = super().get_urls()
        if AIModel not in self._registry:
            return urls
        long_address = f"{AIModel._meta.app_label}/{AIModel._meta.model_name}/"
        others = [url for url in urls if str(url.pattern) != long_address]
        return [path("models/", include(self._registry[AIModel].urls)), *others]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        for app in apps:
            for entry in app["models"]:
                if entry["model"] is AIModel:
                    entry["name"] = "ModelManager"
        return sorted(apps, key=lambda app: app["app_label"] not in FIRST_APPS)
