"""`/api/v1/connectors/<key>/tools/` and what is done about them: looking, approving anew, quarantine."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import Connector, ConnectorKind, KnownTool
from connectors.tools import recording, trying, watching
from connectors.tools.answers import (
    HoldBody,
    LookAnswer,
    RepinBody,
    ToolDetail,
    TriedAnswer,
    TryBody,
    VerificationAnswer,
    look_answer,
    tool_line,
    tried_answer,
    verification_answer,
)
from connectors.tools.comparing import pins_of
from connectors.tools.proposing import repin
from portal.api.change_answers import ChangeAnswer, change_answer
from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.roles import Permission


def _connector(key: str) -> Connector:
    found = Connector.objects.filter(key=key[:60], kind=ConnectorKind.RUNTIME_TOOL).first()
    if found is None:
        raise Missing("no_such_connector", _("There is no runtime tool “%s”.") % key[:60])
    return found


class ToolViewSet(PortalViewSet):
    """The tools of one runtime tool, as approved and as its server shows them."""

    bodies: dict[str, Any] = {"repin": RepinBody, "quarantine": HoldBody, "lift": HoldBody}
    answers = {
        "retrieve": {200: VerificationAnswer},
        "tool": {200: ToolDetail},
        "probe": {200: LookAnswer},
        "repin": {201: ChangeAnswer},
        "quarantine": {200: VerificationAnswer},
        "lift": {200: VerificationAnswer},
    }
    operation_ids = {
        "retrieve": "connectors_tools",
        "tool": "connectors_tool",
        "probe": "connectors_look",
        "repin": "connectors_repin",
        "quarantine": "connectors_quarantine",
        "lift": "connectors_lift_quarantine",
    }
    write_permissions = {
        "probe": Permission.PROPOSE,
        "repin": Permission.PROPOSE,
        "quarantine": Permission.QUARANTINE,
        "lift": Permission.LIFT_QUARANTINE,
    }

    def retrieve(self, request: Request, key: str) -> Response:
        """How every tool stands that is pinned or shown, and how the last look went."""
        return Response(verification_answer(_connector(key)))

    def tool(self, request: Request, key: str, name: str) -> Response:
        """One tool with its definitions. What was too large to be kept is cut; it was compared whole."""
        connector = _connector(key)
        row = KnownTool.objects.select_related("seen", "approved").filter(connector=connector, name=name[:256]).first()
        if row is None:
            raise Missing("no_such_tool", _("“%s” is neither pinned nor shown by its server.") % name[:100])
        answer: ToolDetail = {
            "tool": tool_line(row, pins_of(connector.document)),
            "approved_definition": row.approved.definition if row.approved else None,
            "seen_definition": row.seen.definition if row.seen else None,
        }
        return Response(answer)

    def probe(self, request: Request, key: str) -> Response:
        """Look at the server now and judge its tools by what it shows; takes up to twenty seconds."""
        recorded = watching.look_now(actor=self.actor, key=key, now=self.now())
        return Response(look_answer(recorded, _connector(key)))

    def repin(self, request: Request, key: str) -> Response:
        """Open a draft change that approves tools as their server shows them."""
        body = self.body(RepinBody)
        change = repin(
            actor=self.actor, key=key, names=body["tools"], follow=body["follow_schemas"], now=self.now()
        )  # fmt: skip
        location = f"/api/v1/changes/{change.pk}/"
        return Response(change_answer(change), status=201, headers={"Location": location})

    def quarantine(self, request: Request, key: str) -> Response:
        """Have every call of the connector refused at once."""
        recording.quarantine(actor=self.actor, key=key, reason=self.body(HoldBody)["reason"], now=self.now())
        return Response(verification_answer(_connector(key)))

    def lift(self, request: Request, key: str) -> Response:
        """End that; tools that are not as approved stay refused."""
        recording.lift(actor=self.actor, key=key, reason=self.body(HoldBody)["reason"], now=self.now())
        return Response(verification_answer(_connector(key)))


class TryViewSet(PortalViewSet):
    """A look at an address that is not registered; keeps nothing."""

    bodies: dict[str, Any] = {"create": TryBody}
    answers = {"create": {200: TriedAnswer}}
    operation_ids = {"create": "connectors_try"}
    write_permissions = {"create": Permission.PROPOSE}

    def create(self, request: Request) -> Response:
        """What the server is, its tools, and the pins that would approve them. Takes up to twenty seconds."""
        body = self.body(TryBody)
        tried = trying.try_out(
            actor=self.actor, endpoint=body["endpoint"], credential_ref=body["credential_ref"], now=self.now()
        )
        return Response(tried_answer(tried))
