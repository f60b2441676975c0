"""The pages at /admin/two-factor/: the code, the enrollment and the state of one's own second factor."""

import base64
import time
from collections.abc import Callable
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import RedirectURLMixin, redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.generic import FormView
from django_otp import login
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from models_registry.transactions import whole
from models_registry.whole_pages import as_it_came
from videoai.access import sign_in, two_factor
from videoai.access.sign_in_attempts import begin, forgive
from videoai.access.sign_in_events import record_of
from videoai.access.two_factor import SecondFactorRefused

SECONDS_TO_RENEW = 10 * 60
# In the session.
PROVED_AT = "second_factor_proved_at"
NEW_KEY = "second_factor_new_key"


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "off",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


class CodePage(RedirectURLMixin, FormView):
    """A page that asks for a code and, when it is right, goes where the visitor was going."""

    form_class = CodeForm
    request: Any  # its user is signed in
    title: str

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        page = {"title": self.title, "next": self.get_redirect_url()}
        return super().get_context_data(**admin.site.each_context(self.request), **page, **context)

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def form_valid(self, form: CodeForm) -> HttpResponse:
        try:
            return self.code_typed(form.cleaned_data["code"])
        except SecondFactorRefused as refused:
            form.add_error("code", str(refused))
            return self.form_invalid(form)

    def code_typed(self, code: str) -> HttpResponse:
        """Act on `code`. Raises SecondFactorRefused."""
        raise NotImplementedError


class SignInPage(CodePage):
    """The second half of signing in."""

    template_name = "admin/two_factor/code.html"
    title = "Second factor"

    def code_typed(self, code: str) -> HttpResponse:
        device = verified(self.request, code, then=self.let_in)
        if isinstance(device, StaticDevice):
            left = two_factor.recovery_codes_left(self.request.user)
            messages.warning(self.request, f"A recovery code is used up; {left} are left.")
        return redirect(self.get_success_url())

    def let_in(self, device: TOTPDevice | StaticDevice) -> None:
        login(self.request, device)
        self.request.session.cycle_key()
        by = "recovery code" if isinstance(device, StaticDevice) else "app"
        record_of(self.request.user, "signed_in", second_factor=by)


class ProofPage(CodePage):
    """Who renews the second factor shows once more that it is theirs."""

    template_name = "admin/two_factor/code.html"
    title = "Move to another phone"

    def code_typed(self, code: str) -> HttpResponse:
        verified(self.request, code)
        self.request.session[PROVED_AT] = time.time()
        return redirect("admin:two_factor_renew")


class EnrollmentPage(CodePage):
    """Shows the key to an app, and takes the first code that the app makes of it."""

    template_name = "admin/two_factor/enroll.html"
    title = "Set up the second factor"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        device = TOTPDevice(user=self.request.user, key=self.key())
        key = base64.b32encode(device.bin_key).decode()
        image = segno.make(device.config_url, micro=False).svg_inline(scale=5, border=4)
        return super().get_context_data(image=image, key=two_factor.in_groups(key), **context)

    def key(self) -> str:
        """The session's, not the user's: who saw the page before us, with a stolen password, saw another."""
        key: str = self.request.session.setdefault(NEW_KEY, random_hex(20))
        return key

    def code_typed(self, code: str) -> HttpResponse:
        restore = as_it_came(self.request)

        @whole
        def enrolled() -> list[str]:
            restore()
            return self.enroll(code)

        return self.show(enrolled())

    def enroll(self, code: str) -> list[str]:
        """Enroll and let in. Returns the recovery codes."""
        was_trusted = two_factor.is_trusted(self.request.user)
        device, codes = two_factor.enroll(self.request.user, key=self.key(), typed=code)
        login(self.request, device)
        self.request.session.cycle_key()
        for name in (NEW_KEY, PROVED_AT):
            self.request.session.pop(name, None)
        if not was_trusted:
            record_of(self.request.user, "signed_in", second_factor="app")
        return codes

    def show(self, codes: list[str]) -> HttpResponse:
        context = {
            **admin.site.each_context(self.request),
            "title": "Recovery codes",
            "codes": [two_factor.in_groups(code) for code in codes],
            "next": self.get_success_url(),
        }
        return render(self.request, "admin/two_factor/recovery_codes.html", context)


def verified(
    request: Any, code: str, *, then: Callable[[Any], object] = lambda device: None
) -> TOTPDevice | StaticDevice:
    """The device whose code it is; a wrong one counts like a wrong password. Raises SecondFactorRefused.

    `then` is done along with what a right one does.
    """
    attempt = begin(request, request.user.get_username())
    if attempt.free_at is not None:
        sign_in.lock(request, attempt.free_at)
        raise SecondFactorRefused("Too many wrong codes.")
    restore = as_it_came(request)

    def accept(device: Any) -> None:
        restore()
        forgive(attempt)
        then(device)

    try:
        return two_factor.verify(request.user, code, then=accept)
    except SecondFactorRefused:
        sign_in.refuse(request, attempt, "second_factor_refused")
        raise


@never_cache
def door(request: HttpRequest) -> HttpResponseBase:
    """Whatever comes next for the visitor: password, enrollment, code or, inside, the state of things."""
    if not settings.TWO_FACTOR:
        raise Http404
    if not (request.user.is_active and request.user.is_staff):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if two_factor.is_trusted(request.user):
        return state(request)
    page = SignInPage if two_factor.is_enrolled(request.user) else EnrollmentPage
    return page.as_view()(request)


def state(request: HttpRequest) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Second factor",
        "left": two_factor.recovery_codes_left(request.user),
    }
    return render(request, "admin/two_factor/state.html", context)


@never_cache
def renew(request: HttpRequest) -> HttpResponseBase:
    """Only for who is inside, and only after showing the second factor again."""
    if not settings.TWO_FACTOR:
        raise Http404
    if not admin.site.has_permission(request):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    proved = time.time() - request.session.get(PROVED_AT, 0) < SECONDS_TO_RENEW
    return (EnrollmentPage if proved else ProofPage).as_view()(request)
