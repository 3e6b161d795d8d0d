"""Backfills at work and drills by API: what a scheduler's workers ask for and tell, and what people do with a job."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.backfills import drilling, steering, working
from connectors.backfills.answers import (
    BackfillClaimAnswer,
    BackfillJobAnswer,
    BackfillLineAnswer,
    BackfillPartAnswer,
    DrillAnswer,
    claim_answer,
    drill_answer,
    job_answer,
    line_answer,
    part_answer,
)
from connectors.backfills.bodies import (
    BackfillClaimBody,
    BackfillReasonBody,
    BackfillReportBody,
    BackfillRetryBody,
    BackfillVerifyBody,
    DrillBody,
)
from connectors.backfills.drilling import Rehearsal, StepDone
from connectors.backfills.reads import job_of
from connectors.backfills.working import Told
from connectors.models import BackfillJob, BackfillLine, Drill, Partition
from portal.api.views import PortalViewSet
from portal.roles import Permission


class BackfillJobViewSet(PortalViewSet):
    """The job of a backfill."""

    pages = ("log",)
    bodies: dict[str, Any] = {
        "claim": BackfillClaimBody,
        "pause": BackfillReasonBody,
        "resume": OpenApiTypes.NONE,
        "cancel": BackfillReasonBody,
        "retry": BackfillRetryBody,
        "verify": BackfillVerifyBody,
    }
    answers = {
        "job": {200: BackfillJobAnswer},
        "log": {200: BackfillLineAnswer},
        "claim": {200: BackfillClaimAnswer},
        **{act: {200: BackfillJobAnswer} for act in ("pause", "resume", "cancel", "retry", "verify")},
    }
    write_permissions = dict.fromkeys(bodies, Permission.WORK_BACKFILL)

    def job(self, request: Request, key: str) -> Response:
        """How far it is: parts, rows, pace and what is left at that pace."""
        return Response(job_answer(job_of(key), self.now()))

    def log(self, request: Request, key: str) -> Response:
        """What happened, the newest first."""
        page = self.page_of(BackfillLine.objects.filter(job=job_of(key)))
        return self.get_paginated_response([line_answer(one) for one in page])

    def claim(self, request: Request, key: str) -> Response:
        """Take the next part under a lease: one that waits, or one whose worker gave no sign of life for so long.

        `partition` is null while the job is paused or all parts are out (ask again after `again_seconds`), and once there is
        nothing more to do (`again_seconds` is null).
        """
        body = self.body(BackfillClaimBody)
        return Response(claim_answer(working.claim(actor=self.actor, key=key, now=self.now(), **body)))

    def pause(self, request: Request, key: str) -> Response:
        """Hand out nothing more for now; who holds a part may finish it."""
        return self._answer(steering.pause(actor=self.actor, key=key, now=self.now(), **self.body(BackfillReasonBody)))

    def resume(self, request: Request, key: str) -> Response:
        """Go on."""
        return self._answer(steering.resume(actor=self.actor, key=key, now=self.now()))

    def cancel(self, request: Request, key: str) -> Response:
        """End it for ever; what was loaded stays loaded."""
        return self._answer(steering.cancel(actor=self.actor, key=key, now=self.now(), **self.body(BackfillReasonBody)))

    def retry(self, request: Request, key: str) -> Response:
        """Have the failed parts tried anew, or those named. By a human alone."""
        body = self.body(BackfillRetryBody)
        told = {"reason": body["reason"], "parts": body["partitions"]}
        return self._answer(steering.retry(actor=self.actor, key=key, now=self.now(), **told))

    def verify(self, request: Request, key: str) -> Response:
        """Say how it was verified: then it is done. By a human alone, whose name it carries."""
        return self._answer(steering.verify(actor=self.actor, key=key, now=self.now(), **self.body(BackfillVerifyBody)))

    def _answer(self, job: BackfillJob) -> Response:
        return Response(job_answer(job, self.now()))


class PartViewSet(PortalViewSet):
    """The parts of a backfill."""

    ordering = "number"
    operation_ids = {"list": "backfills_partitions_list", "create": "backfills_partitions_report"}
    bodies: dict[str, Any] = {"create": BackfillReportBody}
    answers = {"list": {200: BackfillPartAnswer}, "create": {200: BackfillPartAnswer}}
    write_permissions = {"create": Permission.WORK_BACKFILL}

    def list(self, request: Request, key: str) -> Response:
        """The parts of the window, in the order of time."""
        page = self.page_of(Partition.objects.filter(job=job_of(key)))
        return self.get_paginated_response([part_answer(one) for one in page])

    def create(self, request: Request, key: str, number: int) -> Response:
        """Say that a part is at work still, done, or failed. Said again it changes nothing; 409 to who no longer holds it."""
        told = Told(**self.body(BackfillReportBody))
        made = working.report(actor=self.actor, key=key, number=min(number, 2**31 - 1), told=told, now=self.now())
        return Response(part_answer(made))


class DrillViewSet(PortalViewSet):
    """Drills of the backfill runbook of a data movement."""

    ordering = "-drilled_at"
    orderings = {"drilled_at": "drilled_at"}
    operation_ids = {"list": "syncs_drills_list", "create": "syncs_drills_create"}
    bodies: dict[str, Any] = {"create": DrillBody}
    answers = {"list": {200: DrillAnswer}, "create": {201: DrillAnswer}}
    write_permissions = {"create": Permission.WORK_BACKFILL}

    def list(self, request: Request, key: str) -> Response:
        """The newest first."""
        rows = Drill.objects.filter(connector=drilling.movement_named(key)).select_related("connector")
        return self.get_paginated_response([drill_answer(one) for one in self.page_of(rows)])

    def create(self, request: Request, key: str) -> Response:
        """Record a drill of today's runbook; the data movement goes by its key or its id."""
        body, now = self.body(DrillBody), self.now()
        steps = [StepDone(**step) for step in body.pop("steps")]
        told = Rehearsal(**body | {"steps": steps, "drilled_at": body["drilled_at"] or now})
        return Response(drill_answer(drilling.drill(actor=self.actor, sync=key, told=told, now=now)), status=201)
