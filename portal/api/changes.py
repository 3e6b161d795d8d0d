"""Change requests by API: propose, edit, submit, withdraw, try out. Deciding and rebasing stand in files beside this one."""

from typing import Any

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.change_answers import ChangeAnswer, Trial, WholeChange, change_answer, trial_answer
from portal.api.change_bodies import CreateBody, EditWithRevision, WithdrawBody, draft_of
from portal.api.change_decisions import Deciding
from portal.api.change_rebasing import Rebasing
from portal.api.merge_patch import patched
from portal.changes import services
from portal.changes.filters import ChangeFilter
from portal.changes.inbox import TABS, rows
from portal.changes.services import Draft
from portal.changes.signing import current_entry
from portal.changes.weighing import weigh
from portal.refusals import Missing
from portal.registry import kinds
from portal.registry.documents import StrictSerializer
from portal.roles import Permission


class ChangeViewSet(Deciding, Rebasing):
    """Change requests. Reading is for everybody; who may write depends on the change: the services ask."""

    filterset_class = ChangeFilter
    own_parameters = {"inbox": f"One tab of the caller's inbox: {', '.join(TABS)}."}
    bodies = (
        {"create": CreateBody, "partial_update": EditWithRevision, "withdraw": WithdrawBody, "validate": CreateBody}
        | Deciding.bodies
        | Rebasing.bodies
    )
    answers = (
        {
            "list": {200: ChangeAnswer},
            "create": {201: WholeChange},
            "retrieve": {200: WholeChange, 304: None},
            "validate": {200: Trial},
        }
        | {name: {200: WholeChange} for name in ("partial_update", "submit", "withdraw")}
        | Deciding.answers
        | Rebasing.answers
    )
    tagged = ("retrieve", "create", "partial_update", "submit", "withdraw", *Deciding.tagged, *Rebasing.tagged)
    matched = Deciding.matched
    orderings = {"submitted_at": "submitted_at", "created_at": "created_at", "id": "id"}
    write_permissions = dict.fromkeys(
        ("create", "partial_update", "submit", "withdraw", "validate", *Deciding.bodies, *Rebasing.bodies),
        Permission.VIEW,
    )

    def list(self, request: Request) -> Response:
        """Changes, newest first; `?inbox=` narrows them to one tab of the caller's inbox."""
        found = self.filtered(self.get_queryset().defer("document", "evidence"))
        tab = request.query_params.get("inbox", "")
        if tab and tab not in TABS:
            raise ValidationError({"inbox": [f"Unknown tab “{tab[:40]}”. Known: {', '.join(TABS)}."]})
        if tab:
            found = found.filter(pk__in=rows(tab, self.actor).order_by().values("pk"))
        page = self.page_of(found)
        return self.get_paginated_response([change_answer(change) for change in page])

    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        """One change, whole. Its `ETag` stands for all of the answer: to watch it, ask again with `If-None-Match`."""
        return self.watched(self.change())

    def _wanted(self) -> tuple[dict[str, Any], Draft]:
        """What a new change is made of: the body, and its draft with the patch merged in."""
        body = self.body(CreateBody)
        patch = body.pop("patch", None)
        told = {"kind_name": body.pop("kind"), "key": body.pop("key"), "base_version": body.pop("base_version")}
        if patch is not None:
            entry = current_entry(kinds.get(told["kind_name"]), told["key"])
            if entry is None:
                raise Missing("no_such_entry", f"There is no {told['kind_name']} “{told['key']}” to patch.")
            body["document"] = patched(entry.document, patch, "patch")
            if told["base_version"] is None:
                told["base_version"] = entry.version
        return told, draft_of(body)

    def create(self, request: Request) -> Response:
        """Open a draft, from a whole document or from a merge patch against the version that stands."""
        told, draft = self._wanted()
        return self.opened(services.propose(actor=self.actor, draft=draft, now=self.now(), **told))

    @action(detail=False, methods=["post"])
    def validate(self, request: Request) -> Response:
        """Try out what `POST /changes/` would take, and say what a submission would find. Nothing is written."""
        told, draft = self._wanted()
        now = self.now()
        change, entry = services.drafted(actor=self.actor, draft=draft, now=now, **told)
        return Response(trial_answer(change, weigh(change, entry, now)))

    def partial_update(self, request: Request, pk: str) -> Response:
        """Edit a draft, or what is under review (which voids the signatures)."""
        body = self.body(EditWithRevision)
        revision = body.pop("revision", None)
        change = services.edit(
            actor=self.actor, change_id=self.number, draft=draft_of(body), revision=revision, now=self.now()
        )
        return self.answer(change)

    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Put it before the approvers."""
        self.body(StrictSerializer)
        return self.answer(services.submit(actor=self.actor, change_id=self.number, now=self.now()))

    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take back one's own."""
        reason = self.body(WithdrawBody)["reason"]
        return self.answer(services.withdraw(actor=self.actor, change_id=self.number, reason=reason, now=self.now()))
