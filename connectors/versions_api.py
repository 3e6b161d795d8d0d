"""`/api/v1/connectors/<key>/compare/?from=2&to=5` and `…/consumers/`."""

from datetime import datetime
from typing import Any, TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from connectors.comparing import (
    BumpAnswer,
    OperationAnswer,
    ReasonAnswer,
    bump_answer,
    operation_changes,
    reason_answers,
)
from connectors.consumers import consumers_of
from connectors.going import sunset_of
from connectors.models import Connector
from connectors.versions import reasons
from portal.api.views import PortalViewSet
from portal.refusals import Invalid, Missing, Problem
from portal.registry import kinds
from portal.web.diffs import field_changes


class FieldAnswer(TypedDict):
    """One field that differs, as text; null where a side does not have it."""

    path: str
    old: str | None
    new: str | None


class ComparedAnswer(TypedDict):
    """Two versions of a connector."""

    key: str
    kind: str
    older: int
    newer: int
    bump: BumpAnswer
    reasons: list[ReasonAnswer]
    operations: list[OperationAnswer]
    fields: list[FieldAnswer]


class ConsumerAnswer(TypedDict):
    """Somebody who stands on a connector; `seen_at` is null where no use of it was seen."""

    kind: str
    key: str
    name: str
    url: str
    through: str
    operations: list[str]
    environments: list[str]
    seen_at: datetime | None


class ConsumersAnswer(TypedDict):
    """Who stands on a connector, and when it goes."""

    key: str
    kind: str
    state: str
    sunset_on: str | None
    replaced_by: str
    results: list[ConsumerAnswer]


class ConnectorMoreViewSet(PortalViewSet):
    """What else there is to know of a connector."""

    answers = {"compare": {200: ComparedAnswer}, "consumers": {200: ConsumersAnswer}}
    asked = {
        "compare": {
            "from": "The number of the older version; that before the newer one if it is left out.",
            "to": "The number of the newer version; the one that stands if it is left out.",
        }
    }

    def _connector(self, key: str) -> Connector:
        found = Connector.objects.filter(key=key[:60]).first()
        if found is None:
            raise Missing("no_such_entry", f"There is no connector “{key[:60]}”.")
        return found

    def compare(self, request: Request, key: str) -> Response:
        """Which fields and operations differ, how far the contract's version had to move and why, how far it did."""
        connector = self._connector(key)
        newer = self._version(connector, "to", connector.version)
        older = self._version(connector, "from", newer.version - 1)
        found = reasons(older.document, newer.document)
        fields = field_changes(kinds.get(connector.kind), older.document, newer.document)
        answer: ComparedAnswer = {
            "key": connector.key,
            "kind": connector.kind,
            "older": older.version,
            "newer": newer.version,
            "bump": bump_answer(older.document, newer.document, found),
            "reasons": reason_answers(found),
            "operations": operation_changes(older.document, newer.document, found),
            "fields": [{"path": one["path"], "old": one["old"], "new": one["new"]} for one in fields],
        }
        return Response(answer)

    def _version(self, connector: Connector, name: str, otherwise: int) -> Any:
        text = self.request.query_params.get(name, "") or str(otherwise)
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            message = f"“{text[:20]}” is no version: write a number."
            raise Invalid("version", message, [Problem(name, message, "version")])
        history: Any = Connector.history.model
        found = history._default_manager.filter(id=connector.pk, version=int(text)).first()
        if found is None:
            raise Missing("no_such_version", f"“{connector.key}” has no version {int(text)}.")
        return found

    def consumers(self, request: Request, key: str) -> Response:
        """Agents with their last allowed call, datasets and workflows, and when the connector goes."""
        connector = self._connector(key)
        sunset = sunset_of(connector.document)
        told = connector.document.get("deprecation") or {}
        answer: ConsumersAnswer = {
            "key": connector.key,
            "kind": connector.kind,
            "state": connector.state,
            "sunset_on": sunset.isoformat() if sunset else None,
            "replaced_by": str(told.get("replaced_by") or ""),
            "results": [
                {
                    "kind": one.kind,
                    "key": one.key,
                    "name": one.name,
                    "url": one.address,
                    "through": one.through,
                    "operations": list(one.operations),
                    "environments": list(one.environments),
                    "seen_at": one.seen_at,
                }
                for one in consumers_of(connector)
            ],
        }
        return Response(answer)
