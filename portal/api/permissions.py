"""The API asks the one table; a verb that names no permission is refused."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from portal.people.guards import not_allowed
from portal.people.requests import actor_of
from portal.roles import Permission, may


class TablePermission(BasePermission):
    """Reads need what `view.read_permission` names, writes what `view.write_permissions` names for the action."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        if request.method in (*SAFE_METHODS, None):
            needed = getattr(view, "read_permission", Permission.VIEW)
        else:
            table: dict[str, Permission] = getattr(view, "write_permissions", {})
            action = getattr(view, "action", None)
            if action is None:  # the method itself is not offered: let DRF answer 405
                return True
            if action not in table:
                return False
            needed = table[action]
        if may(actor_of(request), needed):
            return True
        raise PermissionDenied(not_allowed(needed))
