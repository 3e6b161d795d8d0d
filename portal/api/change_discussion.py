"""The discussion of a change by API, and who follows it."""

from datetime import datetime
from typing import Any, TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.change_bodies import CommentBody
from portal.api.change_views import ChangeView
from portal.changes import discussion
from portal.changes.models import Comment
from portal.registry.documents import StrictSerializer
from portal.roles import Permission


class CommentAnswer(TypedDict):
    """A line of the discussion, and the people it names."""

    id: int
    by: str
    text: str
    mentions: list[str]
    at: datetime


class WatchAnswer(TypedDict):
    """Whether the caller follows the change."""

    watching: bool


def comment_answer(comment: Comment) -> CommentAnswer:
    """One comment."""
    return {
        "id": comment.pk,
        "by": comment.author_name,
        "text": comment.text,
        "mentions": comment.mentions,
        "at": comment.at,
    }


class CommentViewSet(ChangeView):
    """What is said about a change; append-only."""

    bodies: dict[str, Any] = {"create": CommentBody}
    answers = {"list": {200: CommentAnswer}, "create": {201: CommentAnswer}}
    write_permissions = {"create": Permission.COMMENT}
    ordering = "id"
    orderings = {"id": "id"}

    def list(self, request: Request, pk: str) -> Response:
        """The discussion, oldest first."""
        page = self.page_of(self.change().comments.all())
        return self.get_paginated_response([comment_answer(one) for one in page])

    def create(self, request: Request, pk: str) -> Response:
        """Say something. `@name` names an active person, who is told of it, as is everybody who follows the change."""
        text = self.body(CommentBody)["text"]
        made = discussion.comment(actor=self.actor, change_id=self.number, text=text, now=self.now())
        location = f"/api/v1/changes/{made.change_id}/comments/"
        return Response(comment_answer(made), status=201, headers={"Location": location})


class WatchViewSet(ChangeView):
    """Following a change: only ever one's own."""

    bodies: dict[str, Any] = {"create": StrictSerializer}
    answers = {
        "retrieve": {200: WatchAnswer},
        "create": {200: WatchAnswer},
        "destroy": {200: WatchAnswer},
    }
    write_permissions = dict.fromkeys(("create", "destroy"), Permission.VIEW)

    @staticmethod
    def _answer(watching: bool) -> Response:
        found: WatchAnswer = {"watching": watching}
        return Response(found)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Whether the caller follows it."""
        change = self.change()
        user = self.actor.user
        return self._answer(user is not None and discussion.watches(user, change))

    def create(self, request: Request, pk: str) -> Response:
        """Follow it. Twice is once."""
        self.body(StrictSerializer)
        discussion.watch(actor=self.actor, change_id=self.number, now=self.now())
        return self._answer(True)

    def destroy(self, request: Request, pk: str) -> Response:
        """Follow it no longer."""
        discussion.unwatch(actor=self.actor, change_id=self.number, now=self.now())
        return self._answer(False)
