"""The own account: who one is, the own password, the own tokens and those of the machines one answers for."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from portal.people import reads, services, tokens
from portal.people.guards import require_human
from portal.people.models import ApiToken, User
from portal.people.requests import note_sign_in
from portal.refusals import Refusal
from portal.web.people_forms import OwnPassword, TokenForm, shown
from portal.web.settings_tabs import tabs
from portal.web.views.base import PageView

MOST_TOKENS = 100


def token_columns() -> list[dict[str, Any]]:
    """The heads of templates/settings/token_rows.html."""
    labels = (_("Token"), _("Account"), _("Acts as"), _("State"), _("Ends"), _("Last used"))
    return [{"label": label} for label in labels] + [{"label": _("Action"), "hide_label": True}]


class Settings(PageView):
    """One's own account."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """How it stands."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change the password, make or end a token, by the button that was pressed."""
        action = request.POST.get("action", "")
        if action == "password":
            return self._change_password(request)
        if action == "token":
            return self._make_token(request)
        tokens.revoke_token(actor=self.actor, key=request.POST.get("revoke", "")[:25], now=self.now)
        messages.success(request, _("The token is revoked."))
        return redirect("settings")

    def _change_password(self, request: HttpRequest) -> HttpResponse:
        form = OwnPassword(request.POST)
        if not form.is_valid():
            return self._page(password_form=form, status=422)
        said = form.cleaned_data
        try:
            user = services.change_own_password(actor=self.actor, old=said["old"], new=said["new"], now=self.now)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(password_form=form, status=refusal.status)
        # This session goes on under a new key; every other one ends.
        update_session_auth_hash(request, user)
        note_sign_in(request, self.now)
        messages.success(request, _("Your password is changed."))
        return redirect("settings")

    def _make_token(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.POST, accounts=self._accounts())
        if not form.is_valid():
            return self._page(token_form=form, status=422)
        said = dict(form.cleaned_data)
        try:
            token = tokens.make_token(actor=self.actor, username=said.pop("account"), now=self.now, **said)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(token_form=form, status=refusal.status)
        # Shown in the answer itself: it is stored nowhere that a second look could find it.
        return self._page(made=token)

    def _accounts(self) -> list[User]:
        me = require_human(self.actor)
        return [me, *me.accounts.filter(is_active=True).order_by("username")]

    def _page(
        self,
        *,
        password_form: OwnPassword | None = None,
        token_form: TokenForm | None = None,
        made: str = "",
        status: int = 200,
    ) -> HttpResponse:
        accounts = self._accounts()
        rows = ApiToken.objects.filter(user__in=accounts, revoked_at__isnull=True).select_related("user")[:MOST_TOKENS]
        context: dict[str, Any] = {
            "tabs": tabs(self.actor, "settings"),
            "person": accounts[0],
            "teams": accounts[0].teams.all(),
            "password_form": password_form or OwnPassword(),
            "token_form": token_form or TokenForm(accounts=accounts),
            "rows": [(token, reads.token_state(token, self.now)) for token in rows],
            "columns": token_columns(),
            "made": made,
        }
        answer = render(self.request, "settings/own.html", context, status=status)
        answer["Cache-Control"] = "no-store"
        return answer
