"""Results of checkpoints by API: reporting one, several or as files; reading them; whether a workflow may be promoted."""

import json
from typing import Any

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.models import Checkpoint, CheckpointRun, Workflow
from metrics.quality.answers import (
    BatchBody,
    PromotionAnswer,
    ResultBody,
    RunAnswer,
    RunBatchAnswer,
    RunRefusedAnswer,
    RunTakenAnswer,
    WholeRunAnswer,
)
from metrics.quality.fields import Unreadable
from metrics.quality.reading import reports_of
from metrics.quality.reads import promotion
from metrics.quality.rules import TOOLS
from metrics.quality.taking import MOST_AT_ONCE, NEW, Report, Taken, take, take_many
from portal.api.parsers import MAX_DEPTH, BodyTooLargeError
from portal.api.views import PortalViewSet
from portal.json_bounds import deeper_than
from portal.refusals import Invalid, Missing, Problem, Refusal
from portal.roles import Permission

# All files of an upload together, and what a form adds around them.
MOST_FILE_BYTES, MOST_FILES, ENVELOPE = 2 * 1024 * 1024, 100, 64 * 1024


def _taken(one: Taken) -> RunTakenAnswer:
    return {
        "checkpoint": one.checkpoint,
        "run_key": one.run_key,
        "outcome": one.outcome,
        "verdict": one.verdict,
        "told": one.told,
    }


def _report(key: str, body: object) -> Report:
    if not isinstance(body, dict):
        raise ParseError("A result is an object.")
    tool = body.get("tool", "")
    if tool not in ("", *dict(TOOLS)) if isinstance(tool, str) else True:
        known = ", ".join(dict(TOOLS))
        raise Invalid("tool", _("Known tools: %s.") % known, [Problem("tool", _("Known tools: %s.") % known, "tool")])
    return Report(key, tool, body)


def _checkpoint(key: str) -> Checkpoint:
    found = Checkpoint.objects.defer("document").filter(key=key[:60]).first()
    if found is None:
        raise Missing("no_such_checkpoint", _("There is no checkpoint “%s”.") % key[:60])
    return found


class ResultViewSet(PortalViewSet):
    """Results of one checkpoint."""

    ordering = "-run_at"
    orderings = {"run_at": "run_at"}
    bodies: dict[str, Any] = {"create": ResultBody}
    answers = {
        "list": {200: RunAnswer},
        "retrieve": {200: WholeRunAnswer},
        "create": {201: RunTakenAnswer, 200: RunTakenAnswer},
    }
    write_permissions = {"create": Permission.REPORT_CHECKPOINT}
    # A run names itself; told again, it is kept once.
    unkept = ("create",)

    def list(self, request: Request, key: str) -> Response:
        """The newest run first."""
        rows = CheckpointRun.objects.filter(checkpoint=_checkpoint(key)).select_related("sent_by").defer("results")
        return self.get_paginated_response([_run(key, one) for one in self.page_of(rows)])

    def retrieve(self, request: Request, key: str, pk: int) -> Response:
        """One run with what was received of each definition."""
        rows = CheckpointRun.objects.select_related("sent_by").filter(checkpoint=_checkpoint(key))
        found = rows.filter(pk=pk).first() if pk < 2**63 else None
        if found is None:
            raise Missing("no_such_run", _("There is no such run of “%s”.") % key[:60])
        return Response(_run(key, found) | {"results": found.results})

    def create(self, request: Request, key: str) -> Response:
        """Keep one run: 201, or 200 where it is kept already. Sending again is safe; another result of the same run is 409."""
        found = take(actor=self.actor, report=_report(key, request.data), now=self.now())
        return Response(_taken(found), 201 if found.outcome == NEW else 200)


def _run(key: str, one: CheckpointRun) -> RunAnswer:
    return {
        "id": one.pk,
        "checkpoint": key,
        "run_key": one.run_key,
        "tool": one.tool,
        "run_at": one.run_at,
        "received_at": one.received_at,
        "sent_by": one.sent_by.username,
        "verdict": one.verdict,
        "told": one.told,
        "columns": one.columns,
        "unknowable": one.unknowable,
    }


class BatchViewSet(PortalViewSet):
    """Results of several checkpoints at once."""

    operation_ids = {"create": "checkpoints_results_batch"}
    bodies: dict[str, Any] = {"create": BatchBody}
    answers = {"create": {200: RunBatchAnswer}}
    write_permissions = {"create": Permission.REPORT_CHECKPOINT}
    unkept = ("create",)

    def create(self, request: Request) -> Response:
        """Keep those that are sound; the others are told by their place, and will not become better by sending again."""
        given = request.data.get("results") if isinstance(request.data, dict) else None
        if not isinstance(given, list) or len(given) > MOST_AT_ONCE:
            raise ParseError(f"Send at most {MOST_AT_ONCE} results, as “results”.")
        reports: list[tuple[int, Report]] = []
        wrong: list[RunRefusedAnswer] = []
        for index, one in enumerate(given):
            key = one.get("checkpoint") if isinstance(one, dict) else None
            if not isinstance(key, str):
                wrong.append({"index": index, "rule": "checkpoint", "reason": _("Name its checkpoint.")})
                continue
            try:
                reports.append((index, _report(key, one)))
            except Refusal as refusal:
                wrong.append({"index": index, "rule": refusal.rule, "reason": refusal.message})
        answers = take_many(actor=self.actor, reports=[one for _index, one in reports], now=self.now())
        taken = []
        for (index, _one), answer in zip(reports, answers, strict=True):
            if isinstance(answer, Refusal):
                wrong.append({"index": index, "rule": answer.rule, "reason": answer.message})
            else:
                taken.append(_taken(answer))
        return Response({"taken": taken, "refused": sorted(wrong, key=lambda one: one["index"])})


_BINARY = {"type": "string", "format": "binary"}
_UPLOAD = {
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "array", "items": _BINARY}},
    },
}


class FileViewSet(PortalViewSet):
    """Result files as their tools write them."""

    parser_classes = [parsers.MultiPartParser]
    bodies: dict[str, Any] = {"create": _UPLOAD}
    answers = {"create": {200: RunBatchAnswer}}
    write_permissions = {"create": Permission.REPORT_CHECKPOINT}
    unkept = ("create",)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large by its announced length, before any of it is read; nobody learns of it before being known."""
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        self.perform_authentication(request)
        self.check_permissions(request)
        if length > MOST_FILE_BYTES + ENVELOPE:
            raise _too_large()
        super().initial(request, *args, **kwargs)

    def create(self, request: Request, key: str) -> Response:
        """Keep the runs of result files, in fields `file`; at most 2 MB together. Only names and counts are kept of them.

        Great Expectations: validation results, one or a list in a file; those of one run belong together. dbt: run_results.json.
        Soda: the scan result. Files are never kept themselves.
        """
        checkpoint = Checkpoint.objects.filter(key=key[:60]).first()
        if checkpoint is None:
            raise Missing("no_such_checkpoint", _("There is no checkpoint “%s”.") % key[:60])
        tool = checkpoint.document["tool"]
        contents = _contents(request.data)
        try:
            reports = [Report(key, "", body) for body in reports_of(tool, contents)]
        except Unreadable as error:
            raise Invalid("result", str(error), [Problem(error.pointer, str(error))]) from None
        answers = take_many(actor=self.actor, reports=reports, now=self.now())
        if len(answers) == 1 and isinstance(answers[0], Refusal):
            raise answers[0]
        refused: list[RunRefusedAnswer] = [
            {"index": index, "rule": one.rule, "reason": one.message}
            for index, one in enumerate(answers)
            if isinstance(one, Refusal)
        ]
        return Response({"taken": [_taken(one) for one in answers if isinstance(one, Taken)], "refused": refused})


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(f"The files are larger than {MOST_FILE_BYTES // 1024} kB together.")


def _contents(data: Any) -> list[object]:
    fields = dict(data.lists()) if hasattr(data, "lists") else {}
    files = fields.get("file", [])
    if (
        set(fields) != {"file"}
        or not 1 <= len(files) <= MOST_FILES
        or not all(isinstance(one, UploadedFile) for one in files)
    ):
        message = _("Send 1 to %d files, in fields “file”.") % MOST_FILES
        raise Invalid("file", message, [Problem("file", message, "required")])
    if sum(one.size or 0 for one in files) > MOST_FILE_BYTES:
        raise _too_large()
    return [_parsed(one.read(), index) for index, one in enumerate(files)]


def _parsed(content: bytes, index: int) -> object:
    message = _("File %d is not JSON of at most %d levels.") % (index + 1, MAX_DEPTH)
    refused = Invalid("file", message, [Problem(f"file.{index}", message, "not_json")])
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        # Python's own writer spells numbers that are none, which no reader of JSON takes.
        try:
            value = json.loads(content, parse_constant=lambda _word: None)
        except (ValueError, RecursionError):
            raise refused from None
    if deeper_than(value, MAX_DEPTH):
        raise refused
    return value


class PromotionViewSet(PortalViewSet):
    """Whether a workflow may be promoted."""

    pagination_class = None  # type: ignore[assignment] # one answer
    answers = {"retrieve": {200: PromotionAnswer}}

    def retrieve(self, request: Request, key: str) -> Response:
        """Held or free, and why: fail closed, for what is unknown, stale, empty or incomplete is no pass."""
        workflow = Workflow.objects.defer("document").filter(key=key[:60]).first()
        if workflow is None:
            raise Missing("no_such_workflow", _("There is no workflow “%s”.") % key[:60])
        found = promotion(workflow, self.now())
        answer: PromotionAnswer = {
            "workflow": workflow.key,
            "held": found.held,
            "reasons": [
                {
                    "checkpoint": one.checkpoint or None,
                    "dataset": one.dataset or None,
                    "verdict": one.verdict,
                    "since": one.since,
                    "told": one.told,
                    "what_to_do": one.what,
                }
                for one in found.reasons
            ],
            "evaluated_at": found.evaluated_at,
        }
        return Response(answer)
