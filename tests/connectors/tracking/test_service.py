"""Accepting, adopting and cancelling: what is refused, and what the same key gives."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from connectors.models import Connector, TaskState, TrackedTask
from connectors.tracking import service
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.registry.models import EntryState
from portal.roles import ActorType, Role
from tests.connectors.tracking import world

NOWHERE = "http://127.0.0.1:9/mcp"
SCHEMA = {
    "type": "object",
    "properties": {"period": {"type": "object", "properties": {"from": {"type": "string"}}, "required": ["from"]}},
    "required": ["period"],
    "additionalProperties": False,
}


def paths(refused: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {problem.path for problem in refused.value.problems}


@pytest.mark.django_db
def test_the_same_key_with_the_same_arguments_is_the_same_task_for_ever() -> None:
    connector = world.connector(NOWHERE)
    first = world.start(connector, idempotency_key="march", arguments={"a": 1, "b": 2})
    service.cancel(actor=world.person(), task_id=first.pk, now=database_now())
    again, created = service.start(
        actor=world.person("omar", Role.LEAD),
        connector_key=connector.key,
        operation="generate_statement",
        arguments={"b": 2, "a": 1},
        idempotency_key="march",
        now=database_now(),
    )
    assert (again.pk, created) == (first.pk, False)
    assert AuditLine.objects.filter(object_key=first.human_id, action="task.start").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"arguments": {"a": 2}}, {"operation": "sync_catalogue"}])
def test_the_same_key_for_something_else_is_a_conflict(other: dict[str, Any]) -> None:
    connector = world.connector(NOWHERE)
    first = world.start(connector, idempotency_key="march", arguments={"a": 1})
    told: dict[str, Any] = {"operation": "generate_statement", "arguments": {"a": 1}} | other
    with pytest.raises(Conflict, match=first.human_id):
        service.start(
            actor=world.person(), connector_key=connector.key, idempotency_key="march", now=database_now(), **told
        )


@pytest.mark.django_db
def test_the_same_key_of_another_owner_or_connector_is_another_task() -> None:
    world.team("sales")
    connector = world.connector(NOWHERE)
    tasks = {
        world.start(connector, idempotency_key="march").pk,
        world.start(connector, idempotency_key="march", owner_key="sales").pk,
        world.start(world.connector(NOWHERE), idempotency_key="march").pk,
    }
    assert len(tasks) == 3


@pytest.mark.django_db
def test_everything_wrong_is_told_at_once_with_its_path() -> None:
    connector = world.connector(NOWHERE, operations=[world.operation("generate_statement", SCHEMA)])
    with pytest.raises(Invalid) as refused:
        world.start(
            connector,
            arguments={"period": {"from": 3}, "extra": 1},
            idempotency_key="",
            owner_key="nobody",
            sla={"stall_seconds": 0, "speed": 3},
        )
    assert paths(refused) == {
        "arguments",
        "arguments.period.from",
        "idempotency_key",
        "owner",
        "sla.stall_seconds",
        "sla.speed",
    }
    assert not TrackedTask.objects.exists()


@pytest.mark.django_db
def test_a_key_that_travels_as_an_argument_is_not_asked_of_the_caller() -> None:
    schema = {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]}
    facet = {"location": "argument", "name": "key", "derivation": "d", "dedupe_window_seconds": 60}
    connector = world.connector(
        NOWHERE, operations=[world.operation("generate_statement", schema)], idempotency_key=facet
    )
    assert world.start(connector, arguments={}).arguments == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"state": EntryState.DEPRECATED}, "connector"),
        ({"state": EntryState.RETIRED}, "connector"),
        ({"transport": "http"}, "connector"),
        ({"operations": [world.operation("another")]}, "operation"),
    ],
)
def test_only_operations_of_active_mcp_connectors_start(told: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        world.start(world.connector(NOWHERE, **told))
    assert paths(refused) == {path}


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [{"a": "x" * 70_000}, {"a": "\0"}, {"a": [[]]}])
def test_arguments_that_cannot_be_kept_are_refused(arguments: dict[str, Any]) -> None:
    if arguments["a"] == [[]]:
        for _ in range(70):
            arguments = {"a": arguments}
    with pytest.raises(Invalid) as refused:
        world.start(world.connector(NOWHERE), arguments=arguments)
    assert paths(refused) == {"arguments"}


@pytest.mark.django_db
def test_viewers_and_observers_start_and_cancel_nothing() -> None:
    connector = world.connector(NOWHERE)
    task = world.start(connector)
    amal = User.objects.get(username="amal")
    for actor in (world.person("vera", Role.VIEWER), Actor.of(amal, actor_type=ActorType.OBSERVER_AGENT)):
        with pytest.raises(Forbidden):
            world.start(connector, actor=actor)
        with pytest.raises(Forbidden):
            service.cancel(actor=actor, task_id=task.pk, now=database_now())


@pytest.mark.django_db
def test_one_remote_task_is_watched_once() -> None:
    connector = world.connector(NOWHERE)
    first = world.adopt(connector, "r-1")
    with pytest.raises(Conflict, match=first.human_id):
        world.adopt(connector, "r-1")
    world.adopt(world.connector(NOWHERE), "r-1")


@pytest.mark.django_db
def test_the_same_key_with_another_remote_task_is_a_conflict() -> None:
    connector = world.connector(NOWHERE)
    world.adopt(connector, "r-1", idempotency_key="march")
    with pytest.raises(Conflict):
        world.adopt(connector, "r-2", idempotency_key="march")


@pytest.mark.django_db
def test_a_task_whose_start_is_unknown_takes_the_remote_id_when_it_is_adopted() -> None:
    connector = world.connector(NOWHERE)
    task = world.start(connector, idempotency_key="march")
    TrackedTask.objects.filter(pk=task.pk).update(state=TaskState.START_UNKNOWN, next_poll_at=None)
    told: dict[str, Any] = {
        "actor": world.person(),
        "connector_key": connector.key,
        "operation": "generate_statement",
        "idempotency_key": "march",
        "now": database_now(),
    }
    found, created = service.adopt(remote_task_id="r-9", **told)
    assert (found.pk, created, found.remote_task_id, found.state) == (task.pk, False, "r-9", TaskState.STARTING)
    assert found.next_poll_at is not None


@pytest.mark.django_db
def test_cancelling_before_it_was_sent_ends_it_at_once() -> None:
    task = world.start(world.connector(NOWHERE))
    found = service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    assert found.state == TaskState.CANCELLED
    assert world.again(found).due_at is None
    with pytest.raises(Conflict):
        service.cancel(actor=world.person(), task_id=task.pk, now=database_now())


@pytest.mark.django_db
def test_an_unknown_start_can_be_given_up() -> None:
    task = world.start(world.connector(NOWHERE))
    TrackedTask.objects.filter(pk=task.pk).update(state=TaskState.START_UNKNOWN, start_attempted_at=database_now())
    assert service.cancel(actor=world.person(), task_id=task.pk, now=database_now()).state == TaskState.CANCELLED


@pytest.mark.django_db
def test_there_is_no_task_to_cancel() -> None:
    with pytest.raises(Missing):
        service.cancel(actor=world.person(), task_id=10**9, now=database_now())


def at_once(number: int, do: Callable[[int], object]) -> list[object]:
    """What came of doing it in that many threads at the same moment: results or refusals."""
    gate, results = threading.Barrier(number), []

    def run(index: int) -> None:
        gate.wait()
        try:
            results.append(do(index))
        except Conflict as refused:
            results.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.usefixtures("committed")
def test_many_at_once_with_one_key_make_one_task() -> None:
    connector, amal = world.connector(NOWHERE), world.person()

    def begin(index: int) -> tuple[int, bool]:
        task, created = service.start(
            actor=amal,
            connector_key=connector.key,
            operation="generate_statement",
            arguments={"n": 1},
            idempotency_key="race",
            now=database_now(),
        )
        return task.pk, created

    results = at_once(8, begin)
    assert len(results) == 8
    assert len({result[0] for result in results if isinstance(result, tuple)}) == 1
    assert sum(result[1] for result in results if isinstance(result, tuple)) == 1
    assert AuditLine.objects.filter(action="task.start").count() == 1


@pytest.mark.usefixtures("committed")
def test_many_at_once_with_one_key_and_different_arguments_make_one_task_and_conflicts() -> None:
    connector, amal = world.connector(NOWHERE), world.person()

    def begin(index: int) -> bool:
        return service.start(
            actor=amal,
            connector_key=connector.key,
            operation="generate_statement",
            arguments={"n": index},
            idempotency_key="race",
            now=database_now(),
        )[1]

    results = at_once(8, begin)
    assert results.count(True) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 7


@pytest.mark.usefixtures("committed")
def test_many_at_once_adopting_one_remote_task_watch_it_once() -> None:
    connector = world.connector(NOWHERE)
    world.person()
    results = at_once(6, lambda index: world.adopt(connector, "r-1", idempotency_key=f"race-{index}"))
    assert sum(isinstance(result, TrackedTask) for result in results) == 1
    assert TrackedTask.objects.count() == 1


@pytest.mark.django_db
def test_a_task_belongs_to_whom_the_runbook_names_unless_the_request_names_another() -> None:
    connector = world.connector("http://127.0.0.1:9/mcp")
    connector.document["runtime_tool"]["runbook"] = {"owner": "operations", "steps": []}
    Connector.objects.filter(pk=connector.pk).update(document=connector.document)
    with pytest.raises(Invalid) as refused:
        world.start(connector)
    assert [(one.path, one.code) for one in refused.value.problems] == [("owner", "no_such_team")]
    world.team("operations")
    assert world.start(connector).owner.key == "operations"
    assert world.start(connector, "reconcile_ledger", owner_key="finance").owner.key == "finance"
