"""Signing in, and what a person sets for the own browser."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import i18n
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from portal.language.lists import joined
from portal.operations.services import database_now
from portal.people import services
from portal.people.models import User
from portal.people.requests import actor_of, note_sign_in
from portal.roles import Role
from portal.web.context import THEMES

DEMO_PASSWORD = "portal-demo"  # noqa: S105 - shown on the sign-in page of a demo portal only
YEAR = 365 * 86400
_COOKIE: dict[str, Any] = {"secure": settings.SECURE_COOKIES, "samesite": "Lax"}


class PasswordForm(forms.Form):
    """The password of the person who is signed in."""

    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Through the authentication backends, like any sign-in."""
        given: str = self.cleaned_data["password"]
        if authenticate(username=self.user.get_username(), password=given) != self.user:
            raise forms.ValidationError(_("This is not your password."), code="password")
        return given


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Name and password; a demo portal shows its sign-ins."""

    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, and note when: what an executive signs asks for a fresh sign-in."""
        response = super().form_valid(form)
        note_sign_in(self.request, database_now())
        user = form.get_user()
        if isinstance(user, User) and user.language and settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES:
            # As this person reads elsewhere; what was chosen in this browser stands.
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=YEAR, **_COOKIE)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.DEMO:
            people = User.objects.exclude(roles=[]).order_by("pk")[:12]
            context["demo_password"] = DEMO_PASSWORD
            context["demo_users"] = [
                {"username": user.username, "role": joined(Role(role).label for role in user.roles)} for user in people
            ]
        return context


class SignInAgain(FormView):  # type: ignore[type-arg] # not generic at run time
    """The password once more, for what asks for a fresh sign-in."""

    form_class = PasswordForm
    template_name = "registration/again.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"next": self.request.GET.get("next", "")}

    def form_valid(self, form: PasswordForm) -> HttpResponse:
        """Note the sign-in in a session with a new key, and go back."""
        self.request.session.cycle_key()
        note_sign_in(self.request, database_now())
        return redirect(_back(self.request))


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else "/"


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the system; kept in a cookie."""
    theme = request.POST.get("theme", "")
    response = redirect(_back(request))
    response.set_cookie(
        "theme",
        theme if theme in THEMES else "auto",
        max_age=YEAR,
        httponly=True,
        secure=settings.SECURE_COOKIES,
        samesite="Lax",
    )
    return response


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """The language of the pages: in a cookie, and of a person who is signed in that of the e-mails too."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and request.user.is_human and language in dict(settings.LANGUAGES):
        services.set_language(actor=actor_of(request), language=language, now=database_now())
    return i18n.set_language(request)


@require_POST
def set_keys(request: HttpRequest) -> HttpResponse:
    """Keyboard shortcuts on or off (WCAG 2.1.4)."""
    response = redirect(_back(request))
    value = "off" if request.POST.get("keys") == "off" else "on"
    response.set_cookie("keys", value, max_age=YEAR, httponly=True, secure=settings.SECURE_COOKIES, samesite="Lax")
    return response
