"""The views that a person keeps of lists."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from portal.refusals import Refusal
from portal.roles import Permission, Role, may
from portal.saved import reads, services
from portal.web.views.base import PageView


class SavedViews(PageView):
    """All of them; and what is done with one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """How they stand."""
        assert self.actor.user is not None
        columns = [_("View"), _("List"), _("Seen by"), _("Opens the list"), _("Saved")]
        context = {
            "roles": Role.choices if may(self.actor, Permission.SET_VIEWS) else (),
            "views": list(reads.views_of(self.actor.user)),
            "columns": [{"label": label} for label in columns] + [{"label": _("Action"), "hide_label": True}],
        }
        return render(request, "saved.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """By the button that was pressed; back to where it was."""
        said, act = request.POST, request.POST.get("act", "save")
        try:
            if act == "save":
                view = services.save_view(
                    actor=self.actor, path=said.get("path", ""), name=said.get("name", ""), query=said.get("query", ""),
                    shared="shared" in said, pinned="pinned" in said, opens="opens" in said, now=self.now,
                )  # fmt: skip
                messages.success(request, _("The view “%s” is kept.") % view.name)
                return redirect(view.address)
            told = said.get("view", "")
            self._act(act, int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        return redirect("views")

    def _act(self, act: str, number: int) -> None:
        if act == "remove":
            services.remove_view(actor=self.actor, number=number, now=self.now)
        elif act in ("pin", "unpin"):
            services.change_view(actor=self.actor, number=number, pinned=act == "pin", now=self.now)
        elif act in ("open", "close"):
            services.change_view(actor=self.actor, number=number, opens=act == "open", now=self.now)
        elif act == "role":
            role = self.request.POST.get("role", "")
            services.open_for_role(actor=self.actor, number=number, role=role, now=self.now)
        elif act in ("share", "unshare"):
            services.change_view(actor=self.actor, number=number, shared=act == "share", now=self.now)
