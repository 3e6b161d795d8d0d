"""The dry run of a severity table by API."""

from typing import Any, TypedDict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.refusals import Invalid, Problem
from portal.registry import kinds
from portal.registry.documents import StrictSerializer
from portal.roles import Permission
from severity.table.documents import table_of
from severity.table.dry_run import DAYS, SHOWN, dry_run


class DryRunBody(StrictSerializer):
    """A proposed table and how far back to look."""

    document = serializers.JSONField(help_text="The whole document of the table, as a change would propose it.")
    days = serializers.IntegerField(min_value=1, max_value=365, default=DAYS)


class MovedAnswer(TypedDict):
    """How many would have been opened at another level."""

    opened_as: str
    would_be: str
    count: int


class DifferingAnswer(TypedDict):
    """One incident that would differ."""

    human_id: str
    title: str
    rule: str
    circumstance: str
    opened_as: str
    would_be: str
    url: str


class DryRunAnswer(TypedDict):
    """What the table would have changed; the newest incidents of those that differ."""

    looked_at: int
    differ: int
    moved: list[MovedAnswer]
    newest: list[DifferingAnswer]


class DryRunViewSet(PortalViewSet):
    """Asks what a table would have changed; nothing is written."""

    bodies: dict[str, Any] = {"create": DryRunBody}
    answers = {"create": {200: DryRunAnswer}}
    write_permissions = {"create": Permission.VIEW}

    def create(self, request: Request) -> Response:
        """Judge the incidents of the last days by a table that is only proposed."""
        body = self.body(DryRunBody)
        document, problems = kinds.get("severity_table").check(body["document"])
        if problems:
            inside = [Problem(f"document.{one.path}", one.message, one.code) for one in problems]
            raise Invalid("document", "The table is not sound.", inside)
        found = dry_run(table_of(document, version=0), now=self.now(), days=body["days"], shown=SHOWN)
        answer: DryRunAnswer = {
            "looked_at": found.looked_at,
            "differ": found.differ,
            "moved": [
                {"opened_as": one.before.name, "would_be": one.after.name, "count": one.count} for one in found.moved
            ],
            "newest": [
                {
                    "human_id": one.incident.human_id,
                    "title": one.incident.title,
                    "rule": one.incident.rule,
                    "circumstance": one.incident.circumstance,
                    "opened_as": one.before.name,
                    "would_be": one.after.name,
                    "url": one.incident.get_absolute_url(),
                }
                for one in found.newest
            ],
        }
        return Response(answer)
