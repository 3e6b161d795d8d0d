"""Pages of data syncs beside the generic ones: pausing one or several, announcing a breaking change, one notice."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.models import BreakingNotice, Connector, ConnectorKind
from connectors.syncs import notices, pausing, reads
from connectors.syncs.forms import AnnounceForm, CloseForm, PauseForm
from connectors.syncs.rules import LEAST_NOTICE
from portal.people.guards import not_allowed
from portal.refusals import Refusal
from portal.registry import kinds
from portal.roles import Permission, may
from portal.web.people_forms import shown
from portal.web.views.base import PageView
from portal.web.views.chosen import done, keys_of


class SyncPage(PageView):
    """A page about one sync."""

    def sync(self, key: str) -> Connector:
        """The data movement of this key, or 404: a runtime tool has no such page."""
        rows = Connector.objects.filter(kind=ConnectorKind.DATA_MOVEMENT).select_related("owner").defer("document")
        found: Connector = get_object_or_404(rows, key=key)
        return found

    def crumbs(self, sync: Connector) -> list[dict[str, Any]]:
        """The way here."""
        return [
            {"label": _("Data syncs"), "href": reverse("syncs")},
            {"label": sync.name, "href": sync.get_absolute_url()},
        ]

    def why_not(self, permission: Permission) -> str:
        """Why whoever looks may not do it; empty where they may."""
        return "" if may(self.actor, permission) else not_allowed(permission)


class Pause(SyncPage):
    """Pause or resume one."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The form, or the pause that runs."""
        initial = {"until": timezone.localtime(self.now + timedelta(hours=4)).replace(second=0, microsecond=0)}
        return self._page(self.sync(key), PauseForm(initial=initial))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """By the button that was pressed."""
        sync = self.sync(key)
        if request.POST.get("action") == "resume":
            try:
                pausing.resume(actor=self.actor, sync=key, now=self.now)
            except Refusal as refusal:
                messages.error(request, refusal.message)
            else:
                messages.success(request, _("“%s” is watched again.") % sync.name)
            return redirect(sync)
        form = PauseForm(request.POST)
        if not form.is_valid():
            return self._page(sync, form, status=422)
        try:
            pausing.pause(actor=self.actor, sync=key, now=self.now, **form.cleaned_data)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(sync, form, status=refusal.status)
        messages.success(request, _("“%s” is paused.") % sync.name)
        return redirect(sync)

    def _page(self, sync: Connector, form: PauseForm, status: int = 200) -> HttpResponse:
        known = reads.state_of(sync)
        context = {
            "entry": sync,
            "form": form,
            "known": known,
            "paused": known.paused_until is not None and known.paused_until > self.now,
            "why": self.why_not(Permission.PAUSE_SYNC),
            "crumbs": [*self.crumbs(sync), {"label": _("Pause")}],
        }
        return render(self.request, "connectors/sync_pause.html", context, status=status)


class PauseMany(PageView):
    """What became of pausing several, each for itself."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Without a choice there is nothing to pause."""
        return redirect("syncs")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Pause those chosen."""
        chosen = keys_of(request)
        form = PauseForm(request.POST)
        results: list[pausing.Paused] = []
        error, status = "", 200
        if form.is_valid():
            try:
                results = pausing.pause_many(actor=self.actor, syncs=chosen, now=self.now, **form.cleaned_data)
            except Refusal as refusal:
                error, status = refusal.message, refusal.status
        else:
            error, status = str(next(iter(next(iter(form.errors.values()))))), 422
        rows = [{"key": one.sync} | ({"state": "paused"} if one.done else {"told": one.told}) for one in results]
        kind = kinds.get(ConnectorKind.DATA_MOVEMENT)
        return done(request, kind, _("Pause those chosen"), rows, error=error, status=status)


class Announce(SyncPage):
    """Announce a breaking change."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The form, with those who are known to read what the sync writes."""
        sync = self.sync(key)
        ahead = timezone.localtime(self.now + LEAST_NOTICE * 2).replace(second=0, microsecond=0)
        initial = {"consumers": "\n".join(notices.known_consumers(sync)), "deadline": ahead}
        return self._page(sync, AnnounceForm(initial=initial))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Announce it."""
        sync = self.sync(key)
        form = AnnounceForm(request.POST)
        if not form.is_valid():
            return self._page(sync, form, status=422)
        try:
            notice = notices.announce(
                actor=self.actor, sync=key, draft=notices.Draft(**form.cleaned_data), now=self.now
            )
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(sync, form, status=refusal.status)
        messages.success(request, _("%s is announced.") % notice.human_id)
        return redirect("sync-notice", key=key, pk=notice.pk)

    def _page(self, sync: Connector, form: AnnounceForm, status: int = 200) -> HttpResponse:
        context = {
            "entry": sync,
            "form": form,
            "why": self.why_not(Permission.ANNOUNCE_BREAK),
            "crumbs": [*self.crumbs(sync), {"label": _("Announce a breaking change")}],
        }
        return render(self.request, "connectors/sync_announce.html", context, status=status)


class NoticePage(SyncPage):
    """One breaking change: who is behind, who has moved."""

    def get(self, request: HttpRequest, key: str, pk: str) -> HttpResponse:
        """How it stands."""
        return self._page(self.sync(key), int(pk), CloseForm())

    def post(self, request: HttpRequest, key: str, pk: str) -> HttpResponse:
        """Mark somebody as moved, or close it, by the button that was pressed."""
        sync = self.sync(key)
        told: dict[str, Any] = {"actor": self.actor, "sync": key, "notice_id": int(pk), "now": self.now}
        form = CloseForm(request.POST) if request.POST.get("action") == "close" else CloseForm()
        try:
            if "moved" in request.POST:
                notices.moved(consumers=[request.POST["moved"]], **told)
            elif request.POST.get("action") != "close":
                raise Http404
            elif form.is_valid():
                notices.close(reason=form.cleaned_data["reason"], **told)
            else:
                return self._page(sync, int(pk), form, status=422)
        except Refusal as refusal:
            if not form.is_bound:
                messages.error(request, refusal.message)
            else:
                shown(form, refusal)
            return self._page(sync, int(pk), form, status=refusal.status)
        return redirect("sync-notice", key=key, pk=pk)

    def _page(self, sync: Connector, pk: int, form: CloseForm, status: int = 200) -> HttpResponse:
        rows = BreakingNotice.objects.filter(connector=sync).prefetch_related("consumers")
        notice: BreakingNotice = get_object_or_404(rows, pk=pk)
        consumers = list(notice.consumers.all())
        context = {
            "entry": sync,
            "notice": notice,
            "consumers": consumers,
            "behind": sum(one.moved_at is None for one in consumers),
            "form": form,
            "why": self.why_not(Permission.ANNOUNCE_BREAK),
            "crumbs": [*self.crumbs(sync), {"label": notice.human_id}],
        }
        return render(self.request, "connectors/sync_notice.html", context, status=status)
