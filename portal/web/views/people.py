"""People and all tokens, for administrators."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.api.people_answers import person_answer, token_answer
from portal.people import reads, services, tokens
from portal.people.filters import PersonFilter, TokenFilter
from portal.people.models import ApiToken, User
from portal.people.services import digest_of
from portal.refusals import Refusal
from portal.roles import Permission
from portal.web.people_forms import (
    DeactivateForm,
    NewPassword,
    NewPersonForm,
    PersonForm,
    TokenForm,
    shown,
)
from portal.web.settings_tabs import tabs
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response
from portal.web.views.settings import MOST_TOKENS, token_columns

PEOPLE_CSV = ["username", "first_name", "last_name", "email", "actor_type", "roles", "teams", "accountable", "active",
              "last_login", "date_joined"]  # fmt: skip
TOKEN_CSV = ["key", "name", "account", "actor_type", "state", "created", "expires", "last_used_at", "revoked_at"]


def _flat(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


class People(PageView):
    """Every account."""

    permission = Permission.MANAGE_PEOPLE
    is_list = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The page, or CSV with `?format=csv`."""
        listing = Listing(request, PersonFilter, reads.people().order_by("username"))
        if request.GET.get("format") == "csv":
            answers: Any = (dict(person_answer(user)) for user in listing.queryset.iterator(500))
            return csv_response("people", PEOPLE_CSV, ([_flat(one[name]) for name in PEOPLE_CSV] for one in answers))
        heads = ((_("Account"), "username"), (_("Type"), "actor_type"), (_("Roles"), ""), (_("Teams"), ""),
                 (_("State"), ""), (_("Last sign-in"), ""))  # fmt: skip
        context = listing.context() | {
            "tabs": tabs(self.actor, "people"),
            "columns": [{"label": label, "sort": sort} for label, sort in heads],
        }
        return render(request, "settings/people.html", context)


class NewPerson(PageView):
    """A new account."""

    permission = Permission.MANAGE_PEOPLE

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        return self._page(NewPersonForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it."""
        form = NewPersonForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        said = form.cleaned_data
        told = {name: said[name] for name in ("username", "actor_type", "password")}
        try:
            made = services.create_person(actor=self.actor, person=form.person(), now=self.now, **told)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(form, status=refusal.status)
        messages.success(request, _("“%s” is made.") % made.username)
        return redirect(made)

    def _page(self, form: NewPersonForm, status: int = 200) -> HttpResponse:
        crumbs = [{"label": _("People"), "href": reverse("people")}, {"label": _("New account")}]
        return render(self.request, "settings/new_person.html", {"form": form, "crumbs": crumbs}, status=status)


class PersonPage(PageView):
    """One account: what it may do, and every act on it."""

    permission = Permission.MANAGE_PEOPLE

    def get(self, request: HttpRequest, username: str) -> HttpResponse:
        """How it stands."""
        return self._page(self._user(username))

    def post(self, request: HttpRequest, username: str) -> HttpResponse:
        """Change it, by the button that was pressed."""
        user = self._user(username)
        acts = {
            "save": self._save,
            "deactivate": self._deactivate,
            "reactivate": self._reactivate,
            "password": self._password,
            "token": self._token,
            "revoke": self._revoke,
        }
        act = acts.get(request.POST.get("action") or ("revoke" if "revoke" in request.POST else ""))
        if act is None:
            raise Http404
        return act(user)

    @staticmethod
    def _user(username: str) -> User:
        found: User = get_object_or_404(reads.people(), username=username)
        return found

    def _done(self, user: User, text: str) -> HttpResponse:
        messages.success(self.request, text)
        return redirect(user)

    def _save(self, user: User) -> HttpResponse:
        form = PersonForm(self.request.POST, human=user.is_human)
        if not form.is_valid():
            return self._page(user, form=form, status=422)
        seen = self.request.POST.get("looked_at", "")
        try:
            services.change_person(
                actor=self.actor, username=user.username, person=form.person(), looked_at=seen, now=self.now
            )
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(user, form=form, status=refusal.status)
        return self._done(user, _("Saved."))

    def _deactivate(self, user: User) -> HttpResponse:
        form = DeactivateForm(self.request.POST, leaving=user)
        if not form.is_valid():
            return self._page(user, leaving=form, status=422)
        successor = form.cleaned_data["successor"]
        try:
            services.deactivate(actor=self.actor, username=user.username, successor=successor, now=self.now)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(user, leaving=form, status=refusal.status)
        return self._done(user, _("“%s” is deactivated: its sessions and tokens no longer work.") % user.username)

    def _reactivate(self, user: User) -> HttpResponse:
        try:
            services.reactivate(actor=self.actor, username=user.username, now=self.now)
        except Refusal as refusal:
            messages.error(self.request, refusal.message)
            return redirect(user)
        return self._done(user, _("“%s” is active again.") % user.username)

    def _password(self, user: User) -> HttpResponse:
        form = NewPassword(self.request.POST)
        if not form.is_valid():
            return self._page(user, password_form=form, status=422)
        password = form.cleaned_data["password"]
        try:
            services.set_password(actor=self.actor, username=user.username, password=password, now=self.now)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(user, password_form=form, status=refusal.status)
        return self._done(user, _("The password is set."))

    def _token(self, user: User) -> HttpResponse:
        form = TokenForm(self.request.POST, accounts=[user])
        if not form.is_valid():
            return self._page(user, token_form=form, status=422)
        said = dict(form.cleaned_data)
        try:
            token = tokens.make_token(actor=self.actor, username=said.pop("account"), now=self.now, **said)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(user, token_form=form, status=refusal.status)
        return self._page(user, made=token)

    def _revoke(self, user: User) -> HttpResponse:
        tokens.revoke_token(actor=self.actor, key=self.request.POST["revoke"][:25], now=self.now)
        return self._done(user, _("The token is revoked."))

    def _page(self, user: User, status: int = 200, **told: Any) -> HttpResponse:
        names = ("first_name", "last_name", "email", "roles")
        before: dict[str, Any] = {name: getattr(user, name) for name in names}
        before["accountable"] = user.accountable.username if user.accountable else ""
        rows = ApiToken.objects.filter(user=user).select_related("user")[:MOST_TOKENS]
        mine = user.pk == self.actor.user_id
        context: dict[str, Any] = {
            "person": user,
            "mine": mine,
            "accounts": user.accounts.order_by("username"),
            "looked_at": digest_of(user),
            "form": PersonForm(initial=before, human=user.is_human),
            "leaving": DeactivateForm(leaving=user),
            "password_form": NewPassword() if user.is_human and not mine else None,
            "token_form": None if user.is_human else TokenForm(accounts=[user]),
            "rows": [(token, reads.token_state(token, self.now)) for token in rows],
            "columns": token_columns(),
            "crumbs": [{"label": _("People"), "href": reverse("people")}, {"label": user.username}],
        }
        answer = render(self.request, "settings/person.html", context | told, status=status)
        answer["Cache-Control"] = "no-store"
        return answer


class Tokens(PageView):
    """Every token of every account."""

    permission = Permission.MANAGE_PEOPLE
    is_list = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The page, or CSV with `?format=csv`."""
        listing = Listing(request, TokenFilter, reads.tokens(self.actor))
        if request.GET.get("format") == "csv":
            answers: Any = (dict(token_answer(token, self.now)) for token in listing.queryset.iterator(500))
            return csv_response("tokens", TOKEN_CSV, ([one[name] for name in TOKEN_CSV] for one in answers))
        context = listing.context()
        columns = token_columns()
        columns[0]["sort"], columns[1]["sort"] = "name", "account"
        context |= {
            "tabs": tabs(self.actor, "tokens"),
            "rows": [(token, reads.token_state(token, self.now)) for token in context["rows"]],
            "columns": columns,
        }
        return render(request, "settings/tokens.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """End one."""
        tokens.revoke_token(actor=self.actor, key=request.POST.get("revoke", "")[:25], now=self.now)
        messages.success(request, _("The token is revoked."))
        return redirect("tokens")
