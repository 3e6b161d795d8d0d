"""The overview: is anything burning, what waits for me?"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string

from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.reads import to_sign_by
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
            "mine": mine,
            "recent": list(changes.filter(state=ChangeState.APPLIED).order_by("-applied_at")[:10]),
            "kinds": kinds.all_kinds(),
            "empty": not kinds.any_entry(),
            "may_propose": may(self.actor, Permission.PROPOSE),
        }
        return render(request, "overview.html", context | judged(user=user, now=self.now))
