"""What people do on the pages of a runtime tool: look now, approve as shown, hold back and let go."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.models import Connector, ConnectorKind, ProbeOutcome, Verification
from connectors.tools import recording, watching
from connectors.tools.answers import MOST_TOOLS
from connectors.tools.proposing import repin
from portal.refusals import Refusal
from portal.registry import kinds
from portal.roles import Permission, may
from portal.web.views.base import PageView
from portal.web.views.chosen import done, keys_of


def _tools_of(key: str) -> str:
    return f"{reverse('entry', args=['tools', key])}?tab=tools"


class ProbeTool(PageView):
    """Looks at the server now."""

    permission = Permission.PROPOSE

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Wait for the look, then show the tools."""
        try:
            recorded = watching.look_now(actor=self.actor, key=key, now=self.now)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect(_tools_of(key))
        seen, drifted = recorded.seen, recorded.moved.drifted
        if seen.outcome != ProbeOutcome.SEEN:
            messages.error(request, f"{seen.outcome.label}: {seen.detail}")
        elif recorded.dropped:
            messages.info(request, _("A newer look, or a change, came before the answer; this one was dropped."))
        elif drifted:
            told = ngettext(
                "%(n)s tool came to differ: %(names)s.", "%(n)s tools came to differ: %(names)s.", len(drifted)
            )
            messages.error(request, told % {"n": len(drifted), "names": ", ".join(drifted[:10])})
        else:
            told = ngettext("Seen: %(n)s tool.", "Seen: %(n)s tools.", len(seen.tools))
            messages.success(request, told % {"n": len(seen.tools)})
        return redirect(_tools_of(key))


class ProbeChosen(PageView):
    """Has workers look at the servers of several tools."""

    permission = Permission.PROPOSE

    def get(self, request: HttpRequest) -> HttpResponse:
        """Without a choice there is nothing to look at."""
        return redirect("tools")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask for the looks, and tell of each whether it will come."""
        kind, title = kinds.get(ConnectorKind.RUNTIME_TOOL), _("Probe those chosen")
        try:
            asked = recording.ask_looks(actor=self.actor, keys=keys_of(request), now=self.now)
        except Refusal as refusal:
            return done(request, kind, title, [], error=refusal.message, status=refusal.status)
        rows = [{"key": one.key} | ({"told": one.told} if one.told else {"state": "asked"}) for one in asked]
        return done(request, kind, title, rows)


class RepinTools(PageView):
    """Opens a draft change that approves tools as their server shows them."""

    permission = Permission.PROPOSE

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """The draft, in its form: evidence is still to be brought."""
        try:
            change = repin(
                actor=self.actor,
                key=key,
                names=request.POST.getlist("chosen")[:MOST_TOOLS],
                follow=request.POST.get("follow") == "1",
                now=self.now,
            )
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect(_tools_of(key))
        messages.success(request, _("Draft %s approves what is shown; look at it and submit it.") % change.human_id)
        return redirect("change-edit", pk=change.human_id)


class HoldTool(PageView):
    """The confirm page of a quarantine of the whole connector, and of its end."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """What will happen."""
        return self._page(request, self._entry(key))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Do it, once the key was typed and a reason given."""
        entry = self._entry(key)
        lifts = request.POST.get("what") == "lift"
        if not lifts and request.POST.get("what") != "quarantine":
            raise Http404
        if request.POST.get("typed", "").strip() != entry.key:
            return self._page(request, entry, errors={"typed": _("That is not its key.")}, status=422)
        act = recording.lift if lifts else recording.quarantine
        try:
            act(actor=self.actor, key=key, reason=request.POST.get("reason", ""), now=self.now)
        except Refusal as refusal:
            where = "reason" if refusal.problems else "typed"
            return self._page(request, entry, errors={where: refusal.message}, status=refusal.status)
        done = _("The quarantine is ended.") if lifts else _("It is quarantined: every call is refused from now on.")
        messages.success(request, done)
        return redirect(_tools_of(key))

    def _entry(self, key: str) -> Connector:
        return get_object_or_404(Connector, key=key, kind=ConnectorKind.RUNTIME_TOOL)

    def _page(
        self, request: HttpRequest, entry: Connector, errors: dict[str, str] | None = None, status: int = 200
    ) -> HttpResponse:
        held = Verification.objects.filter(connector=entry, quarantined_at__isnull=False).first()
        permission = Permission.LIFT_QUARANTINE if held else Permission.QUARANTINE
        context: dict[str, Any] = {
            "entry": entry,
            "held": held,
            "allowed": may(self.actor, permission),
            "hidden": [("what", "lift" if held else "quarantine")],
            "consequences": _lifting() if held else _holding(),
            "typed": entry.key,
            "reason": request.POST.get("reason", ""),
            "action_label": _("End the quarantine") if held else _("Quarantine"),
            "cancel_url": _tools_of(entry.key),
            "errors": errors or {},
            "crumbs": [
                {"label": _("Runtime tools"), "href": reverse("tools")},
                {"label": entry.local_name, "href": entry.get_absolute_url()},
                {"label": _("End the quarantine") if held else _("Quarantine")},
            ],
        }
        return render(request, "connectors/tools_hold.html", context, status=status)


def _holding() -> list[str]:
    return [
        _("Every call of every agent is refused at once, in all environments."),
        _("The portal starts no task of it; tasks that run are still watched."),
        _("It stays so until somebody ends it by hand."),
    ]


def _lifting() -> list[str]:
    return [
        _("Agents may call again what their allowlist names."),
        _("Tools that are not as approved stay refused."),
    ]
