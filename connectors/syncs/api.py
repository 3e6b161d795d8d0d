"""Data syncs by API: how they stand, their runs, pausing, and breaking changes. A runtime tool is no sync: 404."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import BreakingNotice, SyncRun
from connectors.syncs import notices, pausing, reads
from connectors.syncs.answers import (
    BreakingAnswer,
    PauseAnswer,
    PausedAnswer,
    SyncAnswer,
    SyncRunAnswer,
    SyncRunBatchAnswer,
    SyncRunRefusedAnswer,
    SyncRunTakenAnswer,
    notice_answer,
    pause_answer,
    run_answer,
    sync_answer,
    taken_answer,
)
from connectors.syncs.bodies import (
    BreakingBody,
    CloseBody,
    MovedBody,
    NamedRunsBody,
    PauseBody,
    PauseManyBody,
    RunBody,
    RunsBody,
)
from connectors.syncs.filters import RunFilter, SyncFilter
from connectors.syncs.keeping import Report, find, take, take_many
from connectors.syncs.rules import MOST_AT_ONCE
from portal.api.views import PortalViewSet
from portal.refusals import Missing, Refusal
from portal.roles import Permission


class SyncViewSet(PortalViewSet):
    """Data syncs as they stand now."""

    filterset_class = SyncFilter
    ordering = "key"
    bodies: dict[str, Any] = {"pause": PauseBody, "pause_many": PauseManyBody}
    answers = {
        "list": {200: SyncAnswer},
        "retrieve": {200: SyncAnswer},
        "pause": {200: PauseAnswer},
        "resume": {200: PauseAnswer},
        "pause_many": {200: PausedAnswer},
    }
    operation_ids = {"pause_many": "syncs_pause_many"}
    write_permissions = dict.fromkeys(("pause", "resume", "pause_many"), Permission.PAUSE_SYNC)

    def list(self, request: Request) -> Response:
        """Filters as on the page; `ordering=deadline` puts the latest first."""
        return self.get_paginated_response([sync_answer(row) for row in self.page_of(self.filtered(reads.listed()))])

    def retrieve(self, request: Request, key: str) -> Response:
        """One of them, by its key or id (DM-014)."""
        return Response(sync_answer(reads.listed().get(pk=find(key).pk)))

    @action(detail=True, methods=["post"])
    def pause(self, request: Request, key: str) -> Response:
        """Pause its freshness SLA until an instant, 90 days ahead at most. What is open stays open."""
        body = self.body(PauseBody)
        return Response(pause_answer(pausing.pause(actor=self.actor, sync=key, now=self.now(), **body)))

    @action(detail=True, methods=["post"])
    def resume(self, request: Request, key: str) -> Response:
        """End the pause now; 409 if none runs."""
        return Response(pause_answer(pausing.resume(actor=self.actor, sync=key, now=self.now())))

    def pause_many(self, request: Request) -> Response:
        """Pause several; each is told for itself."""
        body = self.body(PauseManyBody)
        found = pausing.pause_many(actor=self.actor, now=self.now(), **body)
        return Response({"results": [{"sync": one.sync, "done": one.done, "told": one.told} for one in found]})


class SyncRunViewSet(PortalViewSet):
    """Runs of one sync."""

    filterset_class = RunFilter
    ordering = "-started_at"
    orderings = {"started_at": "started_at", "id": "id"}
    bodies: dict[str, Any] = {"create": RunBody, "batch": RunsBody}
    answers = {
        "list": {200: SyncRunAnswer},
        "retrieve": {200: SyncRunAnswer},
        "create": {201: SyncRunTakenAnswer, 200: SyncRunTakenAnswer},
        "batch": {200: SyncRunBatchAnswer},
    }
    operation_ids = {"batch": "syncs_runs_batch_of_one"}
    write_permissions = dict.fromkeys(("create", "batch"), Permission.REPORT_RUN)
    # A run names itself; told again, it is kept once.
    unkept = ("create", "batch")

    def list(self, request: Request, key: str) -> Response:
        """The newest run first."""
        rows = SyncRun.objects.filter(connector=find(key))
        return self.get_paginated_response([run_answer(one) for one in self.page_of(self.filtered(rows))])

    def retrieve(self, request: Request, key: str, pk: int) -> Response:
        """One run, by the number that the portal gave it."""
        rows = SyncRun.objects.filter(connector=find(key))
        found = rows.filter(pk=pk).first() if pk < 2**63 else None
        if found is None:
            raise Missing("no_such_run", _("There is no such run of “%s”.") % key[:60])
        return Response(run_answer(found))

    def create(self, request: Request, key: str) -> Response:
        """Keep a run: 201, or 200 where it is known. Sending again is safe, in any order.

        A run that is running may end; another end or another start of the same run is 409, and what is kept stands.
        """
        found = take(actor=self.actor, report=Report(key, request.data), now=self.now())
        return Response(taken_answer(found), 201 if found.created else 200)

    def batch(self, request: Request, key: str) -> Response:
        """Keep up to 500 runs of this sync; those that are not taken are told by their place."""
        reports = [Report(key, one) for one in _given(request.data)]
        find(key)
        return Response(_batch(take_many(actor=self.actor, reports=reports, now=self.now())))


class SyncRunBatchViewSet(PortalViewSet):
    """Runs of several syncs at once."""

    bodies: dict[str, Any] = {"create": NamedRunsBody}
    answers = {"create": {200: SyncRunBatchAnswer}}
    operation_ids = {"create": "syncs_runs_batch"}
    write_permissions = {"create": Permission.REPORT_RUN}
    unkept = ("create",)

    def create(self, request: Request) -> Response:
        """Keep up to 500 runs, each with the key or id of its sync as `sync`."""
        reports = []
        for one in _given(request.data):
            sync = one.get("sync") if isinstance(one, dict) else None
            body = {name: value for name, value in one.items() if name != "sync"} if isinstance(one, dict) else one
            reports.append(Report(sync if isinstance(sync, str) else "", body))
        return Response(_batch(take_many(actor=self.actor, reports=reports, now=self.now())))


def _given(data: Any) -> list[Any]:
    runs = data.get("runs") if isinstance(data, dict) else None
    if not isinstance(runs, list) or len(runs) > MOST_AT_ONCE or data.keys() != {"runs"}:
        raise ParseError(f"Send at most {MOST_AT_ONCE} runs, as “runs”.")
    return runs


def _batch(found: Any) -> SyncRunBatchAnswer:
    taken: list[SyncRunTakenAnswer] = []
    refused: list[SyncRunRefusedAnswer] = []
    for index, one in enumerate(found):
        if isinstance(one, Refusal):
            places = sorted({problem.path for problem in one.problems})
            refused.append({"index": index, "rule": one.rule, "reason": one.message, "places": places})
        else:
            taken.append(taken_answer(one))
    return {"taken": taken, "refused": refused}


class BreakingNoticeViewSet(PortalViewSet):
    """Breaking changes of one sync."""

    ordering = "-deadline"
    orderings = {"deadline": "deadline", "id": "id"}
    bodies: dict[str, Any] = {"create": BreakingBody, "moved": MovedBody, "close": CloseBody}
    answers = {
        "list": {200: BreakingAnswer},
        "retrieve": {200: BreakingAnswer},
        "create": {201: BreakingAnswer},
        "moved": {200: BreakingAnswer},
        "close": {200: BreakingAnswer},
    }
    write_permissions = dict.fromkeys(("create", "moved", "close"), Permission.ANNOUNCE_BREAK)

    def list(self, request: Request, key: str) -> Response:
        """All of them, also those that are closed."""
        connector = find(key)
        rows = BreakingNotice.objects.filter(connector=connector).prefetch_related("consumers")
        return self.get_paginated_response(
            [notice_answer(one, connector.key) for one in self.page_of(self.filtered(rows))]
        )

    def retrieve(self, request: Request, key: str, pk: int) -> Response:
        """One of them, with who is behind."""
        return self._one(key, pk)

    def create(self, request: Request, key: str) -> Response:
        """Announce one, at least seven days ahead. Without consumers those that the registry knows are taken."""
        body = self.body(BreakingBody)
        connector = find(key)
        draft = notices.Draft(
            body["title"], body["detail"], body["deadline"], body["consumers"] or notices.known_consumers(connector)
        )
        notice = notices.announce(actor=self.actor, sync=key, draft=draft, now=self.now())
        return self._one(key, notice.pk, status=201)

    def moved(self, request: Request, key: str, pk: int) -> Response:
        """Mark consumers as moved; when the last one has, the notice is closed."""
        consumers = self.body(MovedBody)["consumers"]
        notices.moved(actor=self.actor, sync=key, notice_id=pk, consumers=consumers, now=self.now())
        return self._one(key, pk)

    def close(self, request: Request, key: str, pk: int) -> Response:
        """End it before everybody has moved, with the reason."""
        reason = self.body(CloseBody)["reason"]
        notices.close(actor=self.actor, sync=key, notice_id=pk, reason=reason, now=self.now())
        return self._one(key, pk)

    def _one(self, key: str, pk: int, status: int = 200) -> Response:
        connector = find(key)
        return Response(notice_answer(notices.one_of(connector, pk), connector.key), status)
