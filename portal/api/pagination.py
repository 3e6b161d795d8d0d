"""Keyset pagination: `?cursor=` and `?limit=` (1 to 200, 50 unless told)."""

from functools import reduce
from typing import Any

from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from portal.ordering import orderings_of


class KeysetPagination(CursorPagination):
    """Answers `{"next", "previous", "results"}`; the order is the view's `ordering` or what `?ordering=` may name."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"
    offset_cutoff = 1000

    def get_page_size(self, request: Request) -> int | None:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is not None and not (asked.isdigit() and 1 <= int(asked[:6]) <= self.max_page_size):
            raise exceptions.ValidationError({"limit": [f"Must be a number from 1 to {self.max_page_size}."]})
        return super().get_page_size(request)

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        allowed: dict[str, str] = getattr(view, "orderings", {}) or orderings_of(getattr(view, "filterset_class", None))
        asked = request.query_params.get("ordering", "")
        if not asked:
            return (getattr(view, "ordering", self.ordering), *self._tie(view))
        name = asked.removeprefix("-")
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise exceptions.ValidationError({"ordering": [f"Unknown order “{asked}”. Known: {known}."]})
        # Equal rows go the same way by their number, as on the pages (`portal.ordering`).
        sign = "-" if asked.startswith("-") else ""
        tie = sign + self._last(view).removeprefix("-")
        return (sign + allowed[name], *((tie,) if allowed[name] != "id" else ()))

    def _get_position_from_instance(self, instance: Any, ordering: Any) -> str:
        """Where a row stands in the order, also by a column of what it refers to."""
        name = ordering[0].removeprefix("-")
        if isinstance(instance, dict):
            return str(instance[name])
        return str(reduce(getattr, name.split("__"), instance))

    @staticmethod
    def _last(view: Any) -> str:
        """Which of two equal rows comes first."""
        return str(getattr(view, "last_order", "-id"))

    def _tie(self, view: Any) -> tuple[str, ...]:
        return (self._last(view),) if getattr(view, "ordering", self.ordering) not in ("-id", "id") else ()

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})
