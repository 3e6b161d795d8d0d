"""Change requests by API."""

from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.change_answers import ChangeAnswer, WholeChange, change_answer, whole_answer
from portal.api.views import PortalViewSet
from portal.changes import decisions, services
from portal.changes.filters import ChangeFilter
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.policy.rules import ApprovalClass, ReversibilityClass, SensitivityClass
from portal.refusals import Invalid, Missing, Problem
from portal.registry.documents import StrictSerializer
from portal.registry.models import EntryState
from portal.roles import Permission


class EditBody(StrictSerializer):
    """What an author may set; what is left out stays as it is."""

    document = serializers.DictField(required=False, help_text="The proposed state; may be incomplete in a draft.")
    summary = serializers.CharField(required=False, max_length=300)
    approval_class = serializers.ChoiceField(ApprovalClass.choices, required=False)
    reversibility_class = serializers.ChoiceField(ReversibilityClass.choices, required=False)
    sensitivity_class = serializers.ChoiceField(SensitivityClass.choices, required=False)
    to_state = serializers.ChoiceField(
        [(state.value, state.label) for state in EntryState if state != EntryState.DRAFT], required=False
    )
    evidence = serializers.DictField(required=False)


class EditWithRevision(EditBody):
    """An edit names the revision it was made from, so that nobody's edit is overwritten."""

    revision = serializers.IntegerField(required=False, min_value=1)


class CreateBody(EditBody):
    """A new change: the kind, and the key unless the document carries it."""

    kind = serializers.CharField(max_length=40)
    key = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    base_version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)


class ApproveBody(StrictSerializer):
    """A decision names the digest that was looked at."""

    digest = serializers.RegexField(
        r"^[0-9a-f]{64}$",
        required=False,
        default="",
        error_messages={"invalid": "Send the 64 hex digits of the proposal's digest."},
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=5000, default="")


class WithdrawBody(StrictSerializer):
    """Why it is taken back, if the author cares to say."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class ChangeViewSet(PortalViewSet):
    """Propose, edit, submit, approve, reject, withdraw."""

    filterset_class = ChangeFilter
    bodies = {
        "create": CreateBody,
        "partial_update": EditWithRevision,
        "approve": ApproveBody,
        "reject": ApproveBody,
        "withdraw": WithdrawBody,
    }
    answers = (
        {"list": {200: ChangeAnswer}, "create": {201: WholeChange}}
        | {name: {200: WholeChange} for name in ("retrieve", "partial_update", "submit", "approve", "reject", "withdraw")}
    )  # fmt: skip
    tagged = ("retrieve", "create", "partial_update", "submit", "approve", "reject", "withdraw")
    matched = ("approve", "reject")
    orderings = {"submitted_at": "submitted_at", "created_at": "created_at", "id": "id"}
    write_permissions = {
        # Who proposes depends on the kind of the object: the services ask.
        "create": Permission.VIEW,
        "partial_update": Permission.VIEW,
        "submit": Permission.VIEW,
        "withdraw": Permission.VIEW,
        "approve": Permission.VIEW,
        "reject": Permission.VIEW,
    }

    def get_queryset(self) -> Any:
        return ChangeRequest.objects.visible()

    def _change(self) -> ChangeRequest:
        number = self.object_id("CHG")
        found: ChangeRequest | None = self.get_queryset().filter(pk=number).first()
        if found is None:
            raise Missing("no_such_change", f"There is no change CHG-{number}.")
        return found

    def _answer(self, change: ChangeRequest, status: int = 200) -> Response:
        return Response(whole_answer(change), status=status, headers={"ETag": f'"{change.digest}"'})

    def list(self, request: Request) -> Response:
        """Changes, newest first."""
        page = self.page_of(self.filtered(self.get_queryset().defer("document", "evidence")))
        return self.get_paginated_response([change_answer(change) for change in page])

    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        """One change, whole."""
        return self._answer(self._change())

    def create(self, request: Request) -> Response:
        """Open a draft."""
        body = self.body(CreateBody)
        kind_name, key, base = body.pop("kind"), body.pop("key"), body.pop("base_version")
        change = services.propose(
            actor=self.actor, kind_name=kind_name, key=key, base_version=base, draft=Draft(**body), now=self.now()
        )
        answer = self._answer(change, status=201)
        answer["Location"] = f"/api/v1/changes/{change.pk}/"
        return answer

    def partial_update(self, request: Request, pk: str) -> Response:
        """Edit a draft, or what is under review (which voids the signatures)."""
        body = self.body(EditWithRevision)
        revision = body.pop("revision", None)
        change = services.edit(
            actor=self.actor,
            change_id=self.object_id("CHG"),
            draft=Draft(**body),
            revision=revision,
            now=self.now(),
        )
        return self._answer(change)

    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Put it before the approvers."""
        self.body(StrictSerializer)
        change = services.submit(actor=self.actor, change_id=self.object_id("CHG"), now=self.now())
        return self._answer(change)

    def _decision(self) -> tuple[dict[str, Any], int]:
        body, number = self.body(ApproveBody), self.object_id("CHG")
        body["digest"] = body["digest"] or self.request.headers.get("If-Match", "").strip(' "')
        # Whether the actor may decide at all is said first: its refusal is more useful than a missing digest.
        refusal = decisions.refusal_to_decide(self._change(), self.actor)
        if not body["digest"] and not refusal:
            message = "Send the digest of the proposal you looked at; a decision is bound to it."
            raise Invalid("digest_needed", message, [Problem("digest", message, "required")])
        return body, number

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Sign it. Body: `digest` of the proposal that was looked at (or `If-Match`), optional `reason`."""
        body, number = self._decision()
        change = decisions.approve(
            actor=self.actor, change_id=number, digest=body["digest"], reason=body["reason"], now=self.now()
        )
        return self._answer(change)

    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Turn it down. Body: `digest` and `reason`."""
        body, number = self._decision()
        change = decisions.reject(
            actor=self.actor, change_id=number, digest=body["digest"], reason=body["reason"], now=self.now()
        )
        return self._answer(change)

    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take back one's own."""
        body = self.body(WithdrawBody)
        change = services.withdraw(
            actor=self.actor, change_id=self.object_id("CHG"), reason=body["reason"], now=self.now()
        )
        return self._answer(change)
