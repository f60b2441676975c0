from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, reverse

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.usage.models import UsageCounter
from models_registry.whole_pages import whole_page
from pricing.quotes.models import HeldQuote
from videoai.access import two_factor_views
from videoai.access.two_factor import awaits_second_factor, is_trusted

# The rooms that are opened most often come first; any others follow by name.
FIRST_APPS = (
    "models_registry",
    "pricing",
    "pricing_schedule",
    "pricing_upstream",
    "pricing_quotes",
    "usage",
)
# Where they stand instead of at the long address that Django would give them.
HOMES = {AIModel: "models/", UsageCounter: "usage/"}
CALLED = {AIModel: "ModelManager", AuditEntry: "Audit trail", HeldQuote: "Quotes"}

# What the header leads to, in its order; everything else is a door of the overview.
MARGINS = "Margins"  # no table of its own, but a page of the models
HEADER = (
    *("models_registry.aimodel", MARGINS, "pricing.rate", "pricing.pricingpolicy"),
    *("pricing_schedule.scheduledchange", "usage.usagecounter", "audit.auditentry"),
)

# Nobody sees these in the admin: they hold the keys of other people's second factors.
SECRET_APPS = {"otp_static", "otp_totp"}


class Way(NamedTuple):
    """A link of the header."""

    name: str
    address: str
    is_here: bool = False


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
    """The admin, with the models at `models/`, usage at `usage/`; the URL names stay Django's."""

    site_header = "VideoAI"
    site_title = "VideoAI"
    index_title = "Overview"
    index_template = "admin/overview.html"
    site_url = None  # the header leads to the API under its own name
    enable_nav_sidebar = False  # the header and the overview lead to every list
    login_form = SignInForm

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: Any = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else model_or_iterable
        shown = [model for model in models if model._meta.app_label not in SECRET_APPS]
        super().register(shown, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and is_trusted(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The name and the password; who gave them goes on to the second factor, if it is asked for."""
        if request.method == "GET" and awaits_second_factor(request.user):
            return redirect(f"{reverse('admin:two_factor')}?{request.META['QUERY_STRING']}")
        return super().login(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return whole_page(request, super().password_change, extra_context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Beside the list of the tables stands what they tell of themselves."""
        response = super().index(request, extra_context)
        context = response.context_data = {**(response.context_data or {})}
        for table in self._registry.values():
            if hasattr(table, "overview"):
                context |= table.overview(request, app_list=context["app_list"])
        return response

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        ways = list(header(context["available_apps"], path=request.path)) if context["has_permission"] else []
        return {**context, "ways": ways, "two_factor": settings.TWO_FACTOR}

    def get_urls(self) -> list[Any]:
        urls: list[URLPattern | URLResolver] = [
            path("two-factor/", two_factor_views.door, name="two_factor"),
            path("two-factor/renew/", two_factor_views.renew, name="two_factor_renew"),
            # Django's own lets only those out who are wholly in.
            path("logout/", self.logout, name="logout"),
            *super().get_urls(),
        ]
        homes = {model: home for model, home in HOMES.items() if model in self._registry}
        long = {f"{model._meta.app_label}/{model._meta.model_name}/" for model in homes}
        return [
            path(HOMES[AIModel], include(self._pages_of_models())),
            *(path(home, include(self._registry[model].urls)) for model, home in homes.items()),
            *(url for url in urls if str(url.pattern) not in long),
        ]

    def _pages_of_models(self) -> list[URLPattern]:
        """Pages of one model that other tables add to its own."""
        return [page for table in self._registry.values() for page in getattr(table, "pages_of_models", ())]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        for app in apps:
            for entry in app["models"]:
                entry["name"] = CALLED.get(entry["model"], entry["name"])
        places = {label: place for place, label in enumerate(FIRST_APPS)}
        return sorted(apps, key=lambda app: places.get(app["app_label"], len(places)))


def header(app_list: Collection[dict[str, Any]], *, path: str) -> Iterator[Way]:
    """Links to what is opened most, as far as it may be opened; the one that leads to `path` knows it."""
    tables = {entry["model"]._meta.label_lower: entry for app in app_list for entry in app["models"]}
    addresses = {label: (entry["name"], entry["admin_url"]) for label, entry in tables.items()}
    if addresses.get(AIModel._meta.label_lower, ("", None))[1]:
        addresses[MARGINS] = (MARGINS, reverse("admin:models_registry_aimodel_margins"))
    found = [addresses[label] for label in HEADER if label in addresses and addresses[label][1]]
    # The margins' address begins with the models'.
    here = max((address for _, address in found if path.startswith(address)), key=len, default="")
    yield from (Way(name, address, address == here) for name, address in found)
