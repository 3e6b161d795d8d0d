"""Talking about a change and following it, by API: append-only, mentions found by the server, nobody told twice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from portal.audit.models import AuditLine
from portal.changes import discussion
from portal.changes.models import ChangeRequest, Comment, Watch
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from portal.outbox.rules import Reason
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Forbidden
from portal.roles import ActorType
from tests.api.problems import paths, problem
from tests.documents import runtime_tool_document
from tests.people import actor, machine, user
from tests.registering import proposed

pytestmark = pytest.mark.django_db
ApiOf = Callable[..., APIClient]


@pytest.fixture
def change() -> ChangeRequest:
    return proposed(runtime_tool_document())


def address(change: ChangeRequest, what: str = "comments") -> str:
    return f"/api/v1/changes/{change.human_id}/{what}/"


def test_a_comment_is_kept_with_whom_it_names_and_they_can_be_told(api_of: ApiOf, change: ChangeRequest) -> None:
    user("omar")
    user("huda")
    text = "@huda, would you look? @Omar knows.\r\nThe mail amal@omar is nobody, nor is @stranger, nor @amal."
    made = api_of("amal").post(address(change), {"text": f"  {text} "})
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["by"], told["mentions"]) == ("amal", ["huda", "omar"])
    assert told["text"] == text.replace("\r", "")
    (notice,) = OutboxEvent.objects.filter(topic="change.comment")
    url = f"{change.get_absolute_url()}?tab=discussion#comment-{told['id']}"
    told_so = {"change": change.human_id, "by": "amal", "mentions": ["huda", "omar"], "url": url}
    assert notice.payload == notice.payload | told_so
    assert {notice.people[str(user(name).pk)] for name in ("huda", "omar")} == {Reason.MENTION}
    assert text[:10] not in str(notice.payload)
    (line,) = AuditLine.objects.filter(action="change.comment")
    assert (line.change_id, line.object_key, line.actor_name) == (change.pk, "crm-lookup", "amal")
    assert text[:10] not in line.detail
    answer = api_of("vera").post(address(change), {"text": "Seen."}).json()
    listed = api_of("noor").get(address(change)).json()
    assert [one["id"] for one in listed["results"]] == [told["id"], answer["id"]]
    assert OutboxEvent.objects.filter(topic="change.comment").count() == 2
    assert api_of("noor").get(f"/api/v1/changes/{change.pk}/").json()["comments"] == 2


def test_a_name_may_end_a_sentence_and_only_active_humans_are_named() -> None:
    for name in ("omar", "o.mar", "gone", "Twin", "twin"):
        User.objects.create(username=name, roles=["lead"], is_active=name != "gone")
    machine("robot")
    assert discussion.mentioned("Ask @omar. Or @o.mar! (@omar) @gone @robot") == ["omar", "o.mar"]
    assert discussion.mentioned("@twin and @Twin and @TWIN") == ["twin", "Twin"]
    assert discussion.mentioned("@ @@omar x@omar @omar@omar") == []
    many = [f"p{number}" for number in range(40)]
    User.objects.bulk_create([User(username=name, roles=[]) for name in many])
    assert discussion.mentioned(" ".join(f"@{name}" for name in many)) == many[: discussion.MAX_MENTIONS]


def test_too_much_and_nothing_are_refused_with_the_field(api_of: ApiOf, change: ChangeRequest) -> None:
    amal = api_of("amal")
    for wrong in ("", "   ", "x" * 10_001):
        assert paths(problem(amal.post(address(change), {"text": wrong}), 422, "invalid")) == ["text"]
    assert paths(problem(amal.post(address(change), {}), 422, "invalid")) == ["text"]
    assert paths(problem(amal.post(address(change), {"text": "x", "mentions": ["omar"]}), 422, "invalid")) == [
        "mentions"
    ]
    problem(amal.post("/api/v1/changes/999/comments/", {"text": "x"}), 404, "no_such_change")
    problem(amal.get("/api/v1/changes/999/comments/"), 404, "no_such_change")
    assert not Comment.objects.exists()
    assert not OutboxEvent.objects.filter(topic="change.comment").exists()
    assert amal.post(address(change), {"text": "x" * 10_000}).status_code == 201


def test_a_repeat_under_its_key_says_it_once(api_of: ApiOf, change: ChangeRequest) -> None:
    amal, key = api_of("amal"), {"Idempotency-Key": "said"}
    first, second = (amal.post(address(change), {"text": "Once."}, headers=key) for _time in range(2))
    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert Comment.objects.count() == 1


@pytest.mark.parametrize(
    ("actor_type", "status"),
    [
        (ActorType.HUMAN, 201),
        (ActorType.OBSERVER_AGENT, 201),
        (ActorType.RECOMMENDER_AGENT, 201),
        (ActorType.EXECUTOR_SYSTEM, 403),
        (ActorType.AUTOMATED_WORKFLOW, 403),
    ],
)
def test_people_and_agents_speak_and_machines_do_not(
    api_of: ApiOf, change: ChangeRequest, actor_type: ActorType, status: int
) -> None:
    answer = api_of("vera", actor_type=actor_type.value).post(address(change), {"text": "Hello."})
    assert answer.status_code == status
    assert Comment.objects.count() == (status == 201)
    problem(APIClient().post(address(change), {"text": "x"}), 401, "not_authenticated")
    if status == 403:
        with pytest.raises(Forbidden):
            discussion.comment(actor=Actor.of(user("amal"), actor_type=actor_type.value), change_id=change.pk,
                               text="x", now=database_now())  # fmt: skip


def test_what_was_said_stays_said(change: ChangeRequest) -> None:
    said = discussion.comment(actor=actor("amal"), change_id=change.pk, text="No.", now=database_now())
    for statement in ("UPDATE changes_comment SET text = 'Yes.'", "DELETE FROM changes_comment"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    said.refresh_from_db()
    assert said.text == "No."


def test_the_discussion_is_read_in_pages(api_of: ApiOf, change: ChangeRequest) -> None:
    for number in range(5):
        discussion.comment(actor=actor("amal"), change_id=change.pk, text=f"{number}", now=database_now())
    other = proposed(runtime_tool_document("other"))
    discussion.comment(actor=actor("amal"), change_id=other.pk, text="elsewhere", now=database_now())
    seen: list[str] = []
    where = f"{address(change)}?limit=2"
    while where:
        page = api_of("vera").get(where).json()
        seen += [one["text"] for one in page["results"]]
        where = page["next"]
    assert seen == ["0", "1", "2", "3", "4"]


def test_a_change_is_followed_once_and_by_oneself_alone(api_of: ApiOf, change: ChangeRequest) -> None:
    vera, noor = api_of("vera"), api_of("noor")
    where = address(change, "watch")

    def state(api: APIClient, verb: str) -> Any:
        answer = getattr(api, verb)(where)
        assert answer.status_code == 200, answer.content
        return answer.json()["watching"]

    assert not state(vera, "get")
    assert [state(vera, "post"), state(vera, "post"), state(vera, "get"), state(noor, "get")] == [
        True,
        True,
        True,
        False,
    ]
    assert [watch.user.username for watch in Watch.objects.select_related("user")] == ["vera"]
    state(noor, "delete")
    assert state(vera, "get")
    assert [state(vera, "delete"), state(vera, "get")] == [False, False]
    lines = list(AuditLine.objects.filter(action__contains="watch").order_by("id").values_list("action", flat=True))
    assert lines == ["change.watch", "change.unwatch"]
    for verb in ("get", "post", "delete"):
        problem(getattr(vera, verb)("/api/v1/changes/999/watch/"), 404, "no_such_change")
    problem(vera.post(where, {"user": "noor"}), 422, "invalid")
    problem(APIClient().post(where), 401, "not_authenticated")
