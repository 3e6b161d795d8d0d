"""What every page view has: permission from the one table, the actor, one moment."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.views.generic import View

from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.guards import not_allowed
from portal.people.requests import actor_of
from portal.roles import Permission, may
from portal.saved.reads import opening


class PageView(View):
    """Base of pages. `permission` is asked before anything else; the login middleware has asked for a person already."""

    permission: Permission = Permission.VIEW
    # Whether it is a list whose views are kept.
    is_list: bool = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse with who may."""
        if not may(self.actor, self.permission):
            raise PermissionDenied(not_allowed(self.permission))
        return self._opened() or super().dispatch(request, *args, **kwargs)

    def _opened(self) -> HttpResponseBase | None:
        """To the view that this list opens with; an address that asks for anything, `?view=all` too, is what it says."""
        user = self.actor.user
        if not self.is_list or self.request.method != "GET" or self.request.GET or user is None:
            return None
        view = opening(self.request.path, user)
        return redirect(view.address) if view is not None else None

    @cached_property
    def actor(self) -> Actor:
        """Who makes the request."""
        return actor_of(self.request)

    @cached_property
    def now(self) -> datetime:
        """The database's clock at the begin of the request."""
        return database_now()
