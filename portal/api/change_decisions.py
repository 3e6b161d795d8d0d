"""Deciding by API: approve, edit as an approver, reject, apply in an emergency, review that."""

from collections.abc import Callable
from typing import Any, TypedDict

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.change_answers import WholeChange
from portal.api.change_bodies import AmendBody, BulkBody, DecisionBody, draft_of
from portal.api.change_views import ChangeView
from portal.changes import decisions
from portal.changes.inbox import Decided, decide
from portal.changes.models import ChangeRequest
from portal.refusals import Conflict, Invalid, Problem


class DecidedAnswer(TypedDict):
    """What became of one of several: its state now, or the rule that left it out and why."""

    change: str
    decided: bool
    state: str | None
    rule: str | None
    message: str | None


class BulkAnswer(TypedDict):
    """What became of each."""

    decided: int
    left_out: int
    changes: list[DecidedAnswer]


def _decided_answer(one: Decided) -> DecidedAnswer:
    return {
        "change": f"CHG-{one.number}",
        "decided": one.refusal is None,
        "state": one.change.state if one.change else None,
        "rule": one.refusal.rule if one.refusal else None,
        "message": one.refusal.message if one.refusal else None,
    }


_VERBS = ("approve", "edit", "reject", "emergency", "review")


class Deciding(ChangeView):
    """Each decision is bound to the digest that was looked at: `digest` in the body, or `If-Match`."""

    bodies: dict[str, Any] = dict.fromkeys(_VERBS, DecisionBody) | {"edit": AmendBody, "decide": BulkBody}
    answers: dict[str, Any] = {name: {200: WholeChange} for name in _VERBS} | {"decide": {200: BulkAnswer}}
    tagged: tuple[str, ...] = _VERBS
    matched: tuple[str, ...] = _VERBS

    def _decide(self, decide: Callable[..., ChangeRequest], body: dict[str, Any], **more: Any) -> Response:
        digest = body["digest"] or self.looked_at
        try:
            change = decide(
                actor=self.actor,
                change_id=self.number,
                digest=digest,
                reason=body["reason"],
                now=self.now(),
                **more,
            )
        except Conflict as refusal:
            # Whether the actor may decide at all is said first: it is more useful than a missing digest.
            if digest or refusal.rule != "digest":
                raise
            message = "Send the digest of the proposal you looked at; a decision is bound to it."
            raise Invalid("digest_needed", message, [Problem("digest", message, "required")]) from None
        return self.answer(change)

    @action(detail=False, methods=["post"])
    def decide(self, request: Request) -> Response:
        """Approve or reject several under one policy row. Each stands for itself: what is left out says why."""
        body = self.body(BulkBody)
        digests = {int(one["change"].removeprefix("CHG-")): one["digest"] for one in body["changes"]}
        found = decide(actor=self.actor, verb=body["verb"], digests=digests, reason=body["reason"], now=self.now())
        done = sum(one.refusal is None for one in found)
        answer: BulkAnswer = {
            "decided": done,
            "left_out": len(found) - done,
            "changes": [_decided_answer(one) for one in found],
        }
        return Response(answer)

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Sign it. The last needed signature applies it, if its time has come."""
        return self._decide(decisions.approve, self.body(DecisionBody))

    @action(detail=True, methods=["post"])
    def edit(self, request: Request, pk: str) -> Response:
        """Amend what is in review: signatures are void, and whoever edited does not sign it. The original is kept."""
        body = self.body(AmendBody)
        told = {name: body.pop(name) for name in ("digest", "reason")}
        return self._decide(decisions.edit, told, draft=draft_of(body))

    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Turn it down; `reason` is needed."""
        return self._decide(decisions.reject, self.body(DecisionBody))

    @action(detail=True, methods=["post"])
    def emergency(self, request: Request, pk: str) -> Response:
        """Apply it at once on the word of one executive; `reason` is needed. It is an incident until two reviewed it."""
        return self._decide(decisions.apply_in_emergency, self.body(DecisionBody))

    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Confirm that one has looked at what was applied in an emergency."""
        return self._decide(decisions.review, self.body(DecisionBody))
