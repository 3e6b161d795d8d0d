"""The page of the SLA watch: every clock that somebody is held to, late ones first, and what is done with several."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind
from connectors.syncs.forms import PauseForm
from portal.operations.models import Heartbeat
from portal.refusals import Refusal
from portal.registry.models import STANDING
from portal.roles import Permission, may
from portal.web.views.base import PageView
from portal.web.views.listing import csv_response
from portal.web.words import part_run
from severity.overview import LATE
from severity.sla import acting
from severity.sla.forms import ClockFilter
from severity.sla.reading import MOST_COUNTED, Clock, Place, counts, every, page
from severity.sla.statements import ClockKind, ClockState
from severity.sweep import HEARTBEAT

CSV = (
    "kind", "id", "title", "connector", "state", "target_seconds", "since", "deadline", "paused_until", "owner",
    "customer_impacting", "incident",
)  # fmt: skip
_SLAS = {
    ClockKind.TASK: lambda: _("Completion"),
    ClockKind.SYNC: lambda: _("Freshness"),
    ClockKind.APPROVAL: lambda: _("Signatures"),
    ClockKind.NOTICE: lambda: _("Moving"),
    ClockKind.METRIC: lambda: _("Certification"),
}


class SlaWatch(PageView):
    """One table over every SLA."""

    is_list = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """A page of it, or all that is asked for as CSV with `?format=csv`."""
        form = ClockFilter(request.GET)
        asked = form.asked if form.is_valid() else None
        if request.GET.get("format") == "csv":
            return csv_response("sla", list(CSV), (_csv(one) for one in (every(asked) if asked else ())))
        place = Place.read(request.GET.get("after", ""))
        rows, more = page(asked, place) if asked else ([], False)
        may_pause, may_work = self._may()
        choosing = "choose" in request.GET and (may_pause or may_work)
        beat = Heartbeat.objects.filter(name=HEARTBEAT).first()
        context = {
            "rows": [
                {
                    "clock": one,
                    "sla": _SLAS[one.kind](),
                    "now": one.seconds_now(self.now),
                    "part": part_run(one.since, one.deadline, self.now),
                }
                for one in rows
            ],
            "counts": {name: _number(count) for name, count in counts().items()},
            "beat": beat.at if beat else None,
            "beat_late": beat is None or self.now - beat.at > LATE,
            "filter_form": form,
            "filter_active": form.active,
            "filter_keep": [("choose", "1")] if choosing else [],
            "choosing": choosing,
            "may_choose": may_pause or may_work,
            "may_pause": may_pause,
            "may_work": may_work,
            "pause_form": PauseForm() if choosing and may_pause else None,
            "may_propose": may(self.actor, Permission.PROPOSE),
            "without": 0 if rows or form.active else _without(),
            "next_url": self._link(rows[-1].place) if more else "",
            "previous_url": self._link(None) if place is not None else "",
            "columns": [
                *([{"label": _("Choose"), "hide_label": True}] if choosing else []),
                {"label": _("Object")},
                {"label": _("SLA")},
                {"label": _("Target"), "numeric": True},
                {"label": _("Now"), "numeric": True},
                {"label": _("Deadline")},
                {"label": _("State")},
                {"label": _("Owner")},
                {"label": _("Incident")},
                {"label": _("Runbook")},
            ],
        }
        return render(request, "severity/sla.html", context)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Pause those chosen until an instant, or acknowledge their incidents: each for itself."""
        action = request.POST.get("action")
        if action not in ("pause", "acknowledge"):
            raise Http404
        back = redirect(f"{reverse('sla')}?choose=1")
        try:
            chosen = acting.chosen_of(request.POST.getlist("chosen"))
            if action == "acknowledge":
                results = acting.acknowledge(actor=self.actor, chosen=chosen, now=self.now)
                done = _("You acknowledged %d of them.")
            else:
                form = PauseForm(request.POST)
                if not form.is_valid():
                    messages.error(request, str(next(iter(next(iter(form.errors.values()))))))
                    return back
                results = acting.pause(actor=self.actor, chosen=chosen, now=self.now, **form.cleaned_data)
                done = _("You paused %d of them.")
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return back
        for one in results:
            if one.told:
                messages.error(request, f"{one.name}: {one.told}")
        count = sum(not one.told for one in results)
        if count:
            messages.success(request, done % count)
        return back

    def _may(self) -> tuple[bool, bool]:
        pauses = may(self.actor, Permission.PAUSE_SYNC) or may(self.actor, Permission.MOVE_CLOCKS)
        return pauses, may(self.actor, Permission.WORK_INCIDENT)

    def _link(self, place: Place | None) -> str:
        query = self.request.GET.copy()
        query.pop("after", None)
        if place is not None:
            query["after"] = place.written
        return "?" + query.urlencode()


def _number(count: int) -> str:
    return f"{MOST_COUNTED}+" if count >= MOST_COUNTED else str(count)


def _without() -> int:
    """How many data syncs nobody holds to anything."""
    syncs = Connector.objects.filter(kind=ConnectorKind.DATA_MOVEMENT, state__in=STANDING)
    return syncs.filter(sync__fresh_until__isnull=True).count()


def _csv(clock: Clock) -> list[Any]:
    incident = f"INC-{clock.incident}" if clock.incident else ""
    paused = clock.paused_until if clock.state is ClockState.PAUSED else None
    return [
        clock.kind.value, clock.human_id, clock.title, clock.connector, clock.state.value, clock.target_seconds,
        clock.since, clock.deadline, paused, clock.owner_key, clock.critical, incident,
    ]  # fmt: skip
