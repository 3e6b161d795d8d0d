"""What every page view has: permission from the one table, the actor, one moment."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import cached_property
from django.views.generic import View

from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.guards import not_allowed
from portal.people.requests import actor_of
from portal.roles import Permission, may


class PageView(View):
    """Base of pages. `permission` is asked before anything else; the login middleware has asked for a person already."""

    permission: Permission = Permission.VIEW

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse with who may."""
        if not may(self.actor, self.permission):
            raise PermissionDenied(not_allowed(self.permission))
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def actor(self) -> Actor:
        """Who makes the request."""
        return actor_of(self.request)

    @cached_property
    def now(self) -> datetime:
        """The database's clock at the begin of the request."""
        return database_now()
