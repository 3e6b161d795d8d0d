"""The pages of routes, of silences, and of the question who would hear; all in the settings."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.language.lists import joined
from portal.people.actors import Actor
from portal.people.models import Team
from portal.refusals import Refusal
from portal.roles import Permission, may
from portal.web.people_forms import shown
from portal.web.settings_tabs import tabs
from portal.web.views.base import PageView
from severity.models import Route
from severity.routing import reads, services
from severity.routing.forms import AskedForm, RouteForm, SilenceForm, values_of
from severity.routing.preview import Asked, who_hears
from severity.routing.told import hour_of


def _columns(*labels: Any) -> list[dict[str, Any]]:
    return [{"label": label} for label in labels]


class Routes(PageView):
    """Every route; there are some hundreds at most."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        rows = [
            {"route": one, "hours": f"{hour_of(one.begins)}–{hour_of(one.ends)}" if one.days else "",
             "days": joined(_day(day) for day in sorted(one.days, key=lambda day: day % 7))}
            for one in reads.routes()
        ]  # fmt: skip
        context = {
            "rows": rows,
            "columns": _columns(
                _("Route"), _("Incidents of"), _("From"), _("Hours"), _("Tells"), _("Again"), _("Escalates"), _("State")
            ),
            "tabs": tabs(self.actor, "routes"),
            "may_manage": may(self.actor, Permission.MANAGE_ROUTES),
        }
        return render(request, "severity/routes.html", context)


def _day(number: int) -> str:
    return (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))[number - 1]


class RoutePage(PageView):
    """One route: make it, look at it, change it, switch it off."""

    def get(self, request: HttpRequest, name: str = "") -> HttpResponse:
        """The form, filled in as the route stands."""
        route = _route(name)
        mine = Team.objects.filter(members=self.actor.user).values_list("key", flat=True).first() if not route else None
        return self._page(RouteForm(initial=values_of(route) if route else {"team": mine}, route=route), route)

    def post(self, request: HttpRequest, name: str = "") -> HttpResponse:
        """Save it."""
        route = _route(name)
        form = RouteForm(request.POST, route=route)
        if not form.is_valid():
            return self._page(form, route, status=422)
        try:
            name = name or form.cleaned_data["name"]
            save = services.change_route if route else services.add_route
            save(actor=self.actor, name=name, told=form.told(), now=self.now)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(form, route, status=refusal.status)
        messages.success(request, _("“%s” is saved.") % name)
        return redirect("route", name=name)

    def _page(self, form: RouteForm, route: Route | None, status: int = 200) -> HttpResponse:
        why_not = _why_not(self.actor, route)
        if why_not:
            # It can be read by all, and typed into by those who may save it.
            for field in form.fields.values():
                field.disabled = True
        context = {
            "form": form,
            "route": route,
            "boxes": {"only_escalated", "tells_end", "active"},
            "why_not": why_not,
            "crumbs": [{"label": _("Routes"), "href": reverse("routes")},
                       {"label": route.name if route else _("New route")}],
        }  # fmt: skip
        return render(self.request, "severity/route.html", context, status=status)


def _route(name: str) -> Route | None:
    return get_object_or_404(reads.routes(), name=name) if name else None


def _why_not(actor: Actor, route: Route | None) -> str:
    """Why this person cannot save it; empty where they can."""
    if not may(actor, Permission.MANAGE_ROUTES):
        return _("Members of the team with another role than viewer, and administrators, change its routes.")
    if route is not None and not services.may_manage(actor, route.team):
        return _("Only members of its team and administrators change it.")
    return ""


class Silences(PageView):
    """What nobody hears of now, and a form for one more."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Those that hold; with `?all=1` those that are over too."""
        return self._page(SilenceForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Begin one, or end one before its time."""
        number = request.POST.get("end", "")
        if number:
            return self._end(int(number) if number.isascii() and number.isdigit() and len(number) < 18 else 0)
        form = SilenceForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            services.silence(actor=self.actor, now=self.now, **form.cleaned_data)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(form, status=refusal.status)
        messages.success(request, _("It is silent now; what is still open at its end is told then."))
        return redirect("silences")

    def _end(self, number: int) -> HttpResponse:
        try:
            services.end_silence(actor=self.actor, silence_id=number, now=self.now)
        except Refusal as refusal:
            messages.error(self.request, refusal.message)
        else:
            messages.success(self.request, _("The silence is over; what it held back is told now."))
        return redirect("silences")

    def _page(self, form: SilenceForm, status: int = 200) -> HttpResponse:
        past = self.request.GET.get("all") == "1"
        context = {
            "rows": list(reads.silences(now=None if past else self.now)[:200]),
            "past": past,
            "now": self.now,
            "columns": _columns(_("Of"), _("Why"), _("By"), _("Begun"), _("Ends"), _("Action")),
            "form": form,
            "may_silence": may(self.actor, Permission.SILENCE),
            "tabs": tabs(self.actor, "silences"),
        }
        return render(self.request, "severity/silences.html", context, status=status)


class WhoHears(PageView):
    """A plain GET form, so that a question has an address; nobody is told."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Who would hear, and why the others would not."""
        asked = bool(request.GET)
        form = AskedForm(request.GET if asked else None)
        preview = None
        status = 200
        if asked and form.is_valid():
            try:
                preview = who_hears(Asked(**form.cleaned_data), now=self.now)
            except Refusal as refusal:
                shown(form, refusal)
        if asked and preview is None:
            status = 422
        context = {
            "form": form,
            "preview": preview,
            "columns": _columns(_("Route"), _("Tells"), _("Hears"), _("Why"), _("Then")),
            "tabs": tabs(self.actor, "who-hears"),
            "now": self.now,
        }
        return render(request, "severity/who_hears.html", context, status=status)
