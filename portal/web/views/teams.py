"""Teams: everybody sees who belongs to one, administrators change that."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.api.people_answers import team_answer
from portal.people import hours, reads, teams
from portal.people.filters import TeamFilter
from portal.people.models import Team
from portal.refusals import Refusal
from portal.roles import Permission, may
from portal.web.people_forms import NewMember, TeamForm, TeamHours, TeamName, shown
from portal.web.settings_tabs import tabs
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response

CSV = ["key", "name", "members", "active_members"]


class Teams(PageView):
    """Every team, and a form for a new one."""

    is_list = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The page, or CSV with `?format=csv`."""
        if request.GET.get("format") == "csv":
            listing = Listing(request, TeamFilter, reads.teams())
            answers: Any = (dict(team_answer(team)) for team in listing.queryset.iterator(500))
            rows = ([" ".join(one[name]) if name == "members" else one[name] for name in CSV] for one in answers)
            return csv_response("teams", list(CSV), rows)
        return self._page(TeamForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a team."""
        form = TeamForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            made = teams.create_team(actor=self.actor, now=self.now, **form.cleaned_data)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(form, status=refusal.status)
        messages.success(request, _("“%s” is made.") % made.key)
        return redirect(made)

    def _page(self, form: TeamForm, status: int = 200) -> HttpResponse:
        listing = Listing(self.request, TeamFilter, reads.teams())
        heads = ((_("Team"), "name"), (_("Key"), "key"), (_("Members"), ""))
        context = listing.context() | {
            "tabs": tabs(self.actor, "teams"),
            "columns": [{"label": label, "sort": sort} for label, sort in heads],
            "form": form,
            "may_manage": may(self.actor, Permission.MANAGE_PEOPLE),
        }
        return render(self.request, "settings/teams.html", context, status=status)


class TeamPage(PageView):
    """One team and who belongs to it."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """How it stands."""
        return self._page(self._team(key))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Rename it, tell its hours, add or remove somebody, by the button that was pressed."""
        team = self._team(key)
        told: dict[str, Any] = {"actor": self.actor, "key": key, "now": self.now}
        if "remove" in request.POST:
            return self._done(teams.remove_members(usernames=[request.POST["remove"][:150]], **told))
        form: Any
        if request.POST.get("action") == "rename":
            form = TeamName(request.POST)
            name = "name_form"
        elif request.POST.get("action") == "hours":
            form = TeamHours(request.POST)
            name = "hours_form"
        elif request.POST.get("action") == "add":
            form = NewMember(request.POST, team=team)
            name = "member_form"
        else:
            raise Http404
        if not form.is_valid():
            return self._page(team, status=422, **{name: form})
        try:
            if name == "name_form":
                return self._done(teams.rename_team(name=form.cleaned_data["name"], **told))
            if name == "hours_form":
                return self._done(teams.set_hours(hours=hours.read(**form.cleaned_data), **told))
            return self._done(teams.add_members(usernames=[form.cleaned_data["member"]], **told))
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(team, status=refusal.status, **{name: form})

    def _done(self, team: Team) -> HttpResponse:
        messages.success(self.request, _("Saved."))
        return redirect(team)

    @staticmethod
    def _team(key: str) -> Any:
        return get_object_or_404(reads.teams(), key=key)

    def _page(self, team: Any, status: int = 200, **told: Any) -> HttpResponse:
        manages = may(self.actor, Permission.MANAGE_PEOPLE)
        columns = [{"label": _("Account")}, {"label": _("Roles")}, {"label": _("State")}]
        context: dict[str, Any] = {
            "team": team,
            "may_manage": manages,
            "name_form": TeamName(initial={"name": team.name}),
            "hours": hours.sentence(team.hours),
            "free_days": (team.hours or {}).get("holidays", []),
            "hours_form": TeamHours.of(team) if manages else None,
            "member_form": NewMember(team=team) if manages else None,
            "columns": [*columns, {"label": _("Action"), "hide_label": True}] if manages else columns,
            "crumbs": [{"label": _("Teams"), "href": reverse("teams")}, {"label": team.key}],
        }
        return render(self.request, "settings/team.html", context | told, status=status)
