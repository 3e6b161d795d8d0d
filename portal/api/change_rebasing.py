"""Conflicts, rebasing, proposing again and sets by API."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.change_answers import ChangeAnswer, WholeChange, change_answer
from portal.api.change_bodies import RebaseBody, TieBody
from portal.api.change_views import ChangeView
from portal.changes import rebasing, sets
from portal.changes.merging import ABSENT, Part
from portal.changes.models import ChangeRequest, ChangeSet
from portal.changes.signing import current_entry_of
from portal.registry.documents import StrictSerializer


class PartAnswer(TypedDict):
    """One key that some side changed. A version that lacks the key is left out; `side` is what a rebase takes unasked."""

    path: str
    base: NotRequired[Any]
    current: NotRequired[Any]
    proposed: NotRequired[Any]
    conflict: bool
    side: str | None


class ConflictAnswer(TypedDict):
    """How a change and its object have come apart, key by key."""

    id: int
    human_id: str
    revision: int
    base_version: int
    current_version: int
    conflict: bool
    parts: list[PartAnswer]


class SetAnswer(TypedDict):
    """Changes that apply together or not at all."""

    id: int
    human_id: str
    summary: str
    author: str
    created_at: datetime
    changes: list[ChangeAnswer]


def part_answer(part: Part) -> PartAnswer:
    """One key of a conflict; what is absent in a version is absent here."""
    answer: PartAnswer = {"path": part.path, "conflict": part.conflict, "side": None if part.conflict else part.side}
    if part.base is not ABSENT:
        answer["base"] = part.base
    if part.current is not ABSENT:
        answer["current"] = part.current
    if part.proposed is not ABSENT:
        answer["proposed"] = part.proposed
    return answer


def set_answer(made: ChangeSet, changes: Iterable[ChangeRequest]) -> SetAnswer:
    """A set with its changes."""
    return {
        "id": made.pk,
        "human_id": made.human_id,
        "summary": made.summary,
        "author": made.author.username,
        "created_at": made.created_at,
        "changes": [change_answer(one) for one in changes],
    }


class Rebasing(ChangeView):
    """What is done with a change whose object moved on, and with several changes at once."""

    bodies: dict[str, Any] = {
        "rebase": RebaseBody, "resubmit": StrictSerializer, "untie": StrictSerializer, "tie": TieBody,
    }  # fmt: skip
    answers: dict[str, Any] = {
        "conflict": {200: ConflictAnswer},
        "rebase": {200: WholeChange},
        "resubmit": {201: WholeChange},
        "untie": {200: WholeChange},
        "tie": {201: SetAnswer},
    }
    tagged: tuple[str, ...] = ("rebase", "resubmit", "untie")

    @action(detail=True, methods=["get"])
    def conflict(self, request: Request, pk: str) -> Response:
        """Key by key: what it was made from, what stands, what is proposed. No parts while the object has not moved."""
        change = self.change()
        entry = current_entry_of(change)
        parts = rebasing.conflict_of(change, entry) if change.open else []
        answer: ConflictAnswer = {
            "id": change.pk,
            "human_id": change.human_id,
            "revision": change.revision,
            "base_version": change.base_version,
            "current_version": entry.version if entry else 0,
            "conflict": any(part.conflict for part in parts),
            "parts": [part_answer(part) for part in parts],
        }
        return Response(answer)

    @action(detail=True, methods=["post"])
    def rebase(self, request: Request, pk: str) -> Response:
        """Make it from the version that stands; `choices` takes a side for every path in conflict."""
        choices = self.body(RebaseBody)["choices"]
        return self.answer(rebasing.rebase(actor=self.actor, change_id=self.number, choices=choices, now=self.now()))

    @action(detail=True, methods=["post"])
    def resubmit(self, request: Request, pk: str) -> Response:
        """Open a draft with the content of one's own that was rejected or withdrawn."""
        self.body(StrictSerializer)
        return self.opened(rebasing.resubmit(actor=self.actor, change_id=self.number, now=self.now()))

    @action(detail=True, methods=["post"])
    def untie(self, request: Request, pk: str) -> Response:
        """Take it out of its set; its signatures are void."""
        self.body(StrictSerializer)
        return self.answer(sets.untie(actor=self.actor, change_id=self.number, now=self.now()))

    @action(detail=False, methods=["post"])
    def tie(self, request: Request) -> Response:
        """Tie drafts of one's own into a set that applies together or not at all."""
        body = self.body(TieBody)
        numbers = [int(one.removeprefix("CHG-")) for one in body["changes"]]
        made = sets.tie(actor=self.actor, change_ids=numbers, summary=body["summary"], now=self.now())
        changes = self.get_queryset().filter(change_set=made).order_by("pk")
        location = f"/api/v1/changes/?change_set={made.human_id}"
        return Response(set_answer(made, changes), status=201, headers={"Location": location})
