"""A person's own notices, and what that person wants to hear and how."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.outbox import services
from portal.outbox.filters import NoticeFilter
from portal.outbox.models import Notice
from portal.outbox.rules import DEFAULTS, Reason, Ways
from portal.web.settings_tabs import tabs
from portal.web.views.base import PageView
from portal.web.views.listing import Listing


class Notices(PageView):
    """What this person was told, newest first; unread ones unless all are asked for."""

    is_list = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of it."""
        tab = "all" if request.GET.get("tab") == "all" else ""
        rows = Notice.objects.filter(user=services.own(self.actor)).select_related("event").order_by("-id")
        listing = Listing(request, NoticeFilter, rows if tab else rows.filter(read_at__isnull=True))
        listing.form.fields.pop("unread", None)
        context = listing.context() | {
            "tab": tab,
            "tabs": [
                {"label": _("Unread"), "href": "?tab=", "current": not tab},
                {"label": _("All"), "href": "?tab=all", "current": bool(tab)},
            ],
            "columns": [{"label": label} for label in (_("What happened"), _("Why you hear of it"), _("When"))],
        }
        return render(request, "notices/list.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark those shown, and older ones, as read."""
        until = request.POST.get("until", "")
        count = services.read_all(
            actor=self.actor,
            until=int(until) if until.isascii() and until.isdigit() and len(until) < 18 else 0,
            now=self.now,
        )
        messages.success(
            request,
            ngettext("One notice is marked as read.", "%(n)s notices are marked as read.", count) % {"n": count},
        )
        return redirect("notices")


class OpenNotice(PageView):
    """From a notice to what it is about. Reading it is the one thing this notes."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Mark it as read and go there. The address is one the portal wrote, never one from outside."""
        notice = services.read(actor=self.actor, notice_id=number, now=self.now)
        address = str(notice.event.payload.get("url") or "")
        return redirect(address if address.startswith("/") and not address.startswith("//") else reverse("notices"))


class NoticeChoices(PageView):
    """The table of reasons and ways."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """How it is now."""
        user = services.own(self.actor)
        ways = services.ways_of(user)
        context: dict[str, Any] = {
            "rows": [(reason, ways[reason], DEFAULTS[reason]) for reason in Reason],
            "columns": [{"label": label} for label in (_("You hear of it when"), _("In the portal"), _("By e-mail"))],
            "email": user.email,
            "tabs": tabs(self.actor, "notice-choices"),
        }
        return render(request, "notices/choices.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take the boxes as they stand."""
        ways = {
            reason.value: Ways(f"{reason}:portal" in request.POST, f"{reason}:email" in request.POST)
            for reason in Reason
        }
        services.choose(actor=self.actor, ways=ways, now=self.now)
        messages.success(request, _("This is what you hear of from now on."))
        return redirect("notice-choices")
