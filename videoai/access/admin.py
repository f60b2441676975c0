"""The tokens' pages: nothing of a token can be edited; it is made, rotated and revoked."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone

from models_registry.admin.filters import ListedFilter
from models_registry.admin.guards import GuardedAdmin
from models_registry.whole_pages import whole_page
from videoai.access import services
from videoai.access.errors import TokenError
from videoai.access.forms import DeedForm, NewTokenForm, RotationForm
from videoai.access.models import ServiceToken
from videoai.access.querysets import TokenState
from videoai.access.scopes import TOKEN_SCOPES, StaffSession
from videoai.access.times import utc_text

URLS = "access_servicetoken"
FOLDER = "admin/access/servicetoken"


class StateFilter(ListedFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(TokenState.choices)

    def keep(self, models: Any, value: str) -> Any:
        return models.in_state(value, timezone.now())


@admin.register(ServiceToken)
class ServiceTokenAdmin(GuardedAdmin):
    list_display = ("name", "prefix", "may", "state", "expires", "last_used", "created_by")
    list_filter = (StateFilter,)
    filter_lookups = (StateFilter.parameter_name,)
    search_fields = ("name", "prefix")
    show_facets = admin.ShowFacets.NEVER
    list_per_page = list_max_show_all = 100
    actions = None
    fields = readonly_fields = (
        *("name", "prefix", "may", "state", "expires", "last_used"),
        *("created", "created_by", "replaced", "revoked"),
    )

    # --- Who may what ------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and bool(grantable(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits a token. Django's permission to change one is the one to rotate and to revoke it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: tokens are revoked, and the trail goes on knowing whose they were."""
        return False

    def may_revoke(self, request: HttpRequest) -> bool:
        return request.user.has_perm("access.change_servicetoken")

    def may_rotate(self, request: HttpRequest, token: ServiceToken) -> bool:
        """Whoever rotates a token gets one that works, so they have to hold all that it may do."""
        return self.may_revoke(request) and set(token.scopes) <= set(grantable(request))

    # --- Pages -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        views = {"rotate": self.rotate_view, "revoke": self.revoke_view}
        own = [
            path(f"<path:object_id>/{deed}/", self.admin_site.admin_view(view), name=f"{URLS}_{deed}")
            for deed, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        token = self.get_object(request, unquote(object_id))
        offers = self._offers(request, token) if token else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **offers})

    def _offers(self, request: HttpRequest, token: ServiceToken) -> dict[str, bool]:
        """Which deeds the page of `token` leads to."""
        is_live = token.state(timezone.now()) in {TokenState.LIVE, TokenState.REPLACED}
        return {
            "offers_revoking": is_live and self.may_revoke(request),
            "offers_rotating": is_live and not token.replaced_at and self.may_rotate(request, token),
        }

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewTokenForm(sent(request), grantable=grantable(request))

        def create() -> HttpResponse:
            values = form.cleaned_data
            issued = services.create(values["name"], scopes=values["scopes"], expires_in=values["expires_in"])
            self.log_addition(request, issued.token, "Created.")
            return self._show_secret(request, issued)

        return self._deed(request, form, create, title="Add token", button="Create the token")

    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self._token(request, object_id)
        if not self.may_rotate(request, token):
            raise PermissionDenied
        form = RotationForm(sent(request))

        def rotate() -> HttpResponse:
            issued = services.rotate(token, overlap=form.cleaned_data["overlap"])
            self.log_change(request, token, "Rotated.")
            return self._show_secret(request, issued)

        return self._deed(request, form, rotate, title="Rotate token", button="Rotate it", original=token)

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self._token(request, object_id)
        if not self.may_revoke(request):
            raise PermissionDenied
        form = DeedForm(sent(request))

        def revoke() -> HttpResponse:
            services.revoke(token.prefix)
            self.log_change(request, token, "Revoked.")
            self.message_user(request, f"Revoked: {token}.", messages.SUCCESS)
            return redirect(f"admin:{URLS}_changelist")

        return self._deed(request, form, revoke, title="Revoke token", button="Revoke it", original=token)

    def _token(self, request: HttpRequest, object_id: str) -> ServiceToken:
        token: ServiceToken | None = self.get_object(request, unquote(object_id))
        if token is None:
            raise Http404
        return token

    def _deed(
        self, request: HttpRequest, form: forms.Form, do: Callable[[], HttpResponse], **words: Any
    ) -> HttpResponse:
        """Do what a good form asks for; show it otherwise, and again with what the service refused."""
        if form.is_valid():
            try:
                return whole_page(request, lambda _: do())
            except TokenError as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        shown = AdminForm(form, [(None, {"fields": list(form.fields)})], {})  # type: ignore[arg-type]
        return self._page(request, "deed", form=form, adminform=shown, **words)

    def _show_secret(self, request: HttpRequest, issued: services.Issued) -> HttpResponse:
        """Right here, in the answer to what was sent: a redirect would have to keep the secret somewhere."""
        return self._page(
            request,
            "secret",
            title=f"Token {issued.token}",
            issued=issued,
            may_look=self.has_view_permission(request),
        )

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        everywhere = self.admin_site.each_context(request)
        return render(request, f"{FOLDER}/{name}.html", {**everywhere, "opts": self.opts, **context})

    # --- Columns -----------------------------------------------------------------------------------------

    @admin.display
    def may(self, token: ServiceToken) -> str:
        return ", ".join(token.scopes)

    @admin.display
    def state(self, token: ServiceToken) -> str:
        return token.state(timezone.now()).label

    @admin.display(ordering="expires_at")
    def expires(self, token: ServiceToken) -> str:
        return utc_text(token.expires_at)

    @admin.display(description="last used", ordering="last_used_at")
    def last_used(self, token: ServiceToken) -> str:
        return utc_text(token.last_used_at)

    @admin.display
    def created(self, token: ServiceToken) -> str:
        return utc_text(token.created_at)

    @admin.display
    def replaced(self, token: ServiceToken) -> str:
        return utc_text(token.replaced_at)

    @admin.display
    def revoked(self, token: ServiceToken) -> str:
        return utc_text(token.revoked_at)


def grantable(request: HttpRequest) -> list[str]:
    """The scopes that the signed-in person may give to a token."""
    person = StaffSession(request.user)
    return [scope for scope in TOKEN_SCOPES if person.may_hand_out(scope)]


def sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None
