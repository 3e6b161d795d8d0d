"""The overview: is anything burning, what waits for me?"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeState
from portal.changes.reads import to_review_by, to_sign_by
from portal.people.models import Team
from portal.registry import kinds
from portal.roles import Permission, may
from portal.web.views.base import PageView


class Overview(PageView):
    """What needs a human, what is about to, the rest."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; its blocks renew themselves."""
        user = self.actor.user
        assert user is not None
        changes = ChangeRequest.objects.visible().defer("document", "evidence")
        signs = may(self.actor, Permission.SIGN)
        judged: Callable[..., dict[str, Any]] = import_string(settings.OVERVIEW_BLOCKS)
        mine = list(changes.filter(author=user, state__in=[ChangeState.DRAFT, ChangeState.IN_REVIEW])[:6])
        to_sign = list(to_sign_by(user).select_related("author").defer("document", "evidence")[:5]) if signs else []
        context: dict[str, Any] = {
            "signs": signs,
            "to_sign": to_sign,
            "to_review": list(to_review_by(user).select_related("author").defer("document", "evidence")[:5])
            if signs
            else [],
            "mine": mine,
            "recent": list(changes.filter(state=ChangeState.APPLIED).order_by("-applied_at")[:10]),
            "kinds": kinds.all_kinds(),
            "empty": not kinds.any_entry(),
            "may_propose": may(self.actor, Permission.PROPOSE),
            "may_work": may(self.actor, Permission.WORK_INCIDENT),
        }
        if context["empty"]:
            context["steps"] = self._first_steps()
        return render(request, "overview.html", context | judged(user=user, now=self.now))

    def _first_steps(self) -> list[dict[str, Any]]:
        """What an empty portal needs, each with who can do it."""
        waiting = ChangeRequest.objects.filter(state__in=OPEN_STATES, base_version=0)
        written, submitted = waiting.exists(), waiting.filter(state=ChangeState.IN_REVIEW).first()
        manages, proposes = may(self.actor, Permission.MANAGE_PEOPLE), may(self.actor, Permission.PROPOSE)
        signs = submitted is not None and may(self.actor, Permission.SIGN)
        return [
            {
                "title": _("Name the teams that own things, and who is in them"),
                "text": _("Every connector has an owner team, which hears when something slips."),
                "done": Team.objects.exists(),
                "href": reverse("teams") if manages else "",
                "label": _("Teams"),
                "why": _("An administrator does this."),
            },
            {
                "title": _("Register the first connector with its nine facets"),
                "text": _(
                    "A facet is one promise of how it is called: contract, retries, timeouts, who signs, how to undo."
                ),
                "done": written,
                "href": reverse("register") if proposes else "",
                "label": _("Register connector"),
                "why": _("An engineer does this."),
            },
            {
                "title": _("Have it signed"),
                "text": _(
                    "The approval policy says by whom; nobody signs their own. With the last signature it is active."
                ),
                "done": False,
                "href": submitted.get_absolute_url() if submitted is not None and signs else "",
                "label": _("Review it"),
                "why": _("A lead does this, once it is submitted."),
            },
        ]
