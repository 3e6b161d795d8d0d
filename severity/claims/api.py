"""Claims by API: reported with references, listed, corrected."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.roles import Permission
from severity.claims import reads, services
from severity.claims.answers import ClaimAnswer, ClaimWithEvents, claim_answer, claim_with_events
from severity.claims.filters import ClaimFilter
from severity.claims.serializers import ClaimBody, CorrectBody
from severity.claims.services import Judged, Reported


class ClaimViewSet(PortalViewSet):
    """List, one with its verdicts, report, correct."""

    filterset_class = ClaimFilter
    bodies = {"create": ClaimBody, "correct": CorrectBody}
    answers = {
        "list": {200: ClaimAnswer},
        "retrieve": {200: ClaimWithEvents},
        "create": {200: ClaimWithEvents, 201: ClaimWithEvents},
        "correct": {200: ClaimWithEvents},
    }
    write_permissions = {"create": Permission.REPORT_CLAIM, "correct": Permission.REPORT_CLAIM}

    def get_queryset(self) -> Any:
        return reads.visible()

    def list(self, request: Request) -> Response:
        """Claims, newest first; with `backlog=true` those that are not verified."""
        page = self.page_of(self.filtered(self.get_queryset()))
        return self.get_paginated_response([claim_answer(claim) for claim in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One claim with its evidence and the verdicts on it."""
        return self._answer(self.object_id("CLM"))

    def create(self, request: Request) -> Response:
        """Report a claim held against evidence. Told again under the same reference it is kept once.

        Too little evidence counts as contradicted until corrected; on a path of R2 or R3 that is a V3.
        """
        claim, new = services.report(actor=self.actor, given=Reported(**self.body(ClaimBody)), now=self.now())
        return self._answer(claim.pk, 201 if new else 200, Location=f"/api/v1/claims/{claim.pk}/")

    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """Give it another verdict, with all the evidence that it rests on. The one before stays in its events."""
        number = self.object_id("CLM")
        given = Judged(**self.body(CorrectBody))
        services.correct(actor=self.actor, claim_id=number, given=given, now=self.now())
        return self._answer(number)

    def _answer(self, number: int, status: int = 200, **headers: str) -> Response:
        found = reads.one(number)
        if found is None:
            raise Missing("no_such_claim", f"There is no claim CLM-{number}.")
        return Response(claim_with_events(found, reads.events_of(found)), status=status, headers=headers)
