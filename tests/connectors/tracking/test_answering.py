"""Answering a task that waits for input: against the real demo server, and against servers that misbehave."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.models import TaskState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import answering, service
from connectors.tracking.asking import digest_of
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.roles import ActorType, Role
from tests.connectors.tracking import world
from tests.servers import scripted as bad
from tests.servers.demo import DemoServer
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.django_db
Until = Callable[[TrackedTask, Callable[[TrackedTask], bool]], TrackedTask]

YES = {"decision": {"action": "accept", "content": {"accept": True}}}
NO = {"decision": {"action": "decline"}}
SCHEMA = {"type": "object", "properties": {"accept": {"type": "boolean"}}, "required": ["accept"]}
REQUESTS = {"decision": {"method": "elicitation/create", "params": {"message": "Go on?", "requestedSchema": SCHEMA}}}


def answer(task: TrackedTask, responses: Any = YES, who: Actor | None = None, **told: Any) -> TrackedTask:
    return answering.answer(
        actor=who or world.person(), task_id=task.pk, responses=responses, now=database_now(), **told
    )


def lines(task: TrackedTask) -> list[str]:
    return [line.what for line in task.observations.all() if line.what.startswith("answer")]


def updates(server: ScriptedServer) -> list[Any]:
    return [one.json["params"]["inputResponses"] for one in server.requests if one.json["method"] == "tasks/update"]


def asks(requests: Any = REQUESTS) -> bad.Behaviour:
    return bad.task(status="input_required", inputRequests=requests)


def taken(exchange: bad.Exchange) -> None:
    """Like a server that takes answers and asks on."""
    method = exchange.seen.json["method"]
    (bad.result({"resultType": "complete"}) if method == "tasks/update" else asks())(exchange)


@pytest.fixture
def waiting(scripted: ScriptedServer) -> TrackedTask:
    """A task of the scripted server that waits for input."""
    scripted.behave(asks())
    task = world.adopt(world.connector(scripted.url), "r-1")
    Poller().tick()
    task = world.again(task)
    assert task.state == TaskState.INPUT_REQUIRED
    scripted.behave(taken)
    return task


def test_an_answer_makes_the_real_task_go_on_and_complete(demo_server: DemoServer, until: Until) -> None:
    task = world.start(world.connector(demo_server.url), "review_contract", arguments={"seconds": 0.5})
    until(task, lambda found: found.state == TaskState.INPUT_REQUIRED)
    answer(task)
    assert lines(task) == ["answer_sent", "answer_taken"]
    audit = AuditLine.objects.get(action="task.answer", object_key=task.human_id)
    assert (audit.after_digest, audit.detail, audit.actor_name) == (
        digest_of(YES),
        "decision: accept",
        "amal",
    )
    ended = until(task, lambda found: not found.open)
    assert (ended.state, ended.input_requests) == (TaskState.COMPLETED, None)
    # Again, after it went on: the same is fine, another answer comes too late.
    assert answer(task).state == TaskState.COMPLETED
    with pytest.raises(Conflict, match="does not wait for input now: Done"):
        answer(task, NO)


def test_the_same_answer_is_sent_once_and_another_one_after_it(waiting: TrackedTask, scripted: ScriptedServer) -> None:
    for responses in (YES, YES, NO, NO):
        answer(waiting, responses)
    assert updates(scripted) == [YES, NO]
    assert AuditLine.objects.filter(action="task.answer").count() == 2
    # Asked anew, the same words are an answer to another question.
    waiting.observations.create(at=database_now(), what="input_required", state=waiting.state)
    answer(waiting, NO)
    assert updates(scripted) == [YES, NO, NO]


def test_an_answer_drops_looks_that_are_out_and_makes_the_next_one_due(waiting: TrackedTask) -> None:
    found = answer(waiting)
    assert found.poll_lease > waiting.poll_lease
    assert found.next_poll_at is not None
    assert found.next_poll_at <= database_now()


def test_who_may_start_tasks_or_is_of_the_owning_team_may_answer(waiting: TrackedTask) -> None:
    vera = world.person("vera", Role.VIEWER)
    with pytest.raises(Forbidden, match="members of the team that owns it"):
        answer(waiting, who=vera)
    assert vera.user is not None
    vera.user.teams.add(world.team("other"))
    with pytest.raises(Forbidden):
        answer(waiting, who=vera)
    vera.user.teams.add(waiting.owner)
    watcher = Actor.of(vera.user, actor_type=ActorType.OBSERVER_AGENT.value)
    with pytest.raises(Forbidden):
        answer(waiting, who=watcher)
    assert answer(waiting, who=vera).pk == waiting.pk
    with pytest.raises(Forbidden):
        answer(waiting, who=Actor.system("polling"))


def test_what_cannot_be_an_answer_is_refused_and_nothing_is_sent(
    waiting: TrackedTask, scripted: ScriptedServer
) -> None:
    bad_ones: list[Any] = [
        {}, {"other": {"action": "accept"}}, {"decision": {"action": "accept", "content": {"accept": "yes"}}},
        {"decision": {"action": "accept", "content": {"accept": "\0"}}}, {"decision": "x" * 600_000},
    ]  # fmt: skip
    for responses in bad_ones:
        with pytest.raises(Invalid) as refused:
            answer(waiting, responses)
        assert refused.value.problems
    with pytest.raises(Conflict, match="changed meanwhile"):
        answer(waiting, asked_digest="0" * 64)
    with pytest.raises(Missing):
        answering.answer(actor=world.person(), task_id=10**9, responses=YES, now=database_now())
    assert (updates(scripted), lines(waiting)) == ([], [])


def test_a_task_that_does_not_wait_is_not_answered(scripted: ScriptedServer) -> None:
    task = world.adopt(world.connector(scripted.url), "r-1")
    with pytest.raises(Conflict, match="does not wait for input now: Starting"):
        answer(task)
    Poller().tick()
    with pytest.raises(Conflict, match="does not wait for input now: Running"):
        answer(task)
    assert updates(scripted) == []


def test_after_cancelling_nothing_is_answered(waiting: TrackedTask) -> None:
    service.cancel(actor=world.person(), task_id=waiting.pk, now=database_now())
    with pytest.raises(Conflict, match="does not wait for input now: Cancel requested"):
        answer(waiting)


def test_requests_too_large_to_keep_cannot_be_answered_here(waiting: TrackedTask) -> None:
    TrackedTask.objects.filter(pk=waiting.pk).update(input_requests={"truncated": True, "reason": "too large"})
    with pytest.raises(Conflict, match="too large or malformed"):
        answer(waiting, {"truncated": {"action": "cancel"}})


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (bad.error(-32602, "No such task"), "No such task"),
        (bad.unauthorized(), "does not accept the credential"),
        (bad.slow_down(), "asks to slow down"),
        (bad.server_error(), "not able to answer"),
        (bad.garbage(), "not JSON-RPC"),
        (bad.html(), "instead of JSON"),
        (bad.hang_up, "not taken"),
        (bad.redirect("http://127.0.0.1:9/"), "redirects elsewhere"),
    ],
)
def test_a_server_that_does_not_take_it_is_told_with_its_reason_and_the_answer_may_be_sent_again(
    waiting: TrackedTask, scripted: ScriptedServer, behaviour: bad.Behaviour, words: str
) -> None:
    scripted.behave(behaviour)
    with pytest.raises(Conflict, match=words):
        answer(waiting)
    assert lines(waiting) == ["answer_sent", "answer_not_taken"]
    assert AuditLine.objects.filter(action="task.answer_not_taken", object_key=waiting.human_id).count() == 1
    scripted.behave(taken)
    answer(waiting)
    assert lines(waiting)[2:] == ["answer_sent", "answer_taken"]


def test_without_the_credential_nothing_is_sent(scripted: ScriptedServer) -> None:
    scripted.behave(asks())
    task = world.adopt(world.connector(scripted.url, credential_ref="env:NO_SUCH_SECRET"), "r-1")
    TrackedTask.objects.filter(pk=task.pk).update(state=TaskState.INPUT_REQUIRED, input_requests=REQUESTS)
    with pytest.raises(Conflict, match="not taken"):
        answer(task)
    assert scripted.requests == []


def test_an_answer_under_way_keeps_others_from_theirs_for_half_a_minute(waiting: TrackedTask) -> None:
    note = waiting.observations.create(at=database_now(), what="answer_sent", state=waiting.state, detail="abc")
    with pytest.raises(Conflict, match="on its way"):
        answer(waiting)
    note.at -= 2 * answering.ON_ITS_WAY
    note.save()
    answer(waiting)


def test_the_answer_itself_is_kept_nowhere(waiting: TrackedTask) -> None:
    secret = {"decision": {"action": "accept", "content": {"accept": True}}}
    answer(waiting, secret)
    kept = [*AuditLine.objects.values_list("detail", flat=True), *waiting.observations.values_list("detail", flat=True)]
    assert not [text for text in kept if "content" in text or "rue" in text]
