"""Tasks of the real demo server, watched to their end."""

from collections.abc import Callable

import pytest

from connectors.models import TaskState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import service
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from tests.connectors.tracking import world
from tests.servers.demo import DemoServer
from tests.servers.fixtures import TOKEN

pytestmark = pytest.mark.usefixtures("db")
Until = Callable[[TrackedTask, Callable[[TrackedTask], bool]], TrackedTask]


def ended(task: TrackedTask) -> bool:
    return not task.open


def whats(task: TrackedTask) -> list[str]:
    return list(task.observations.values_list("what", flat=True))


@pytest.mark.parametrize(
    ("tool", "arguments", "state"),
    [
        ("generate_statement", {"seconds": 1}, TaskState.COMPLETED),
        ("export_contacts", {"seconds": 1}, TaskState.FAILED_TOOL),
        ("sync_catalogue", {"seconds": 1}, TaskState.FAILED),
        ("lookup_customer", {"customer_id": "C-1001"}, TaskState.COMPLETED),
        ("lookup_customer", {"customer_id": "nobody"}, TaskState.FAILED_TOOL),
    ],
)
def test_a_task_is_seen_to_its_end(
    demo_server: DemoServer, until: Until, tool: str, arguments: dict[str, object], state: str
) -> None:
    task = world.start(world.connector(demo_server.url), tool, arguments=arguments)
    found = until(task, ended)
    assert found.state == state
    assert found.result is not None
    assert (found.next_poll_at, found.due_at, found.arguments) == (None, None, None)
    assert found.judge_at is not None
    assert whats(found)[0] == "accepted"
    assert whats(found)[-1] == "ended"
    actions = list(AuditLine.objects.filter(object_key=found.human_id).order_by("id").values_list("action", flat=True))
    assert actions[0] == "task.start"
    assert actions[-1] == f"task.{state}"


def test_a_running_task_has_its_clocks_armed_by_what_was_seen(demo_server: DemoServer, until: Until) -> None:
    task = world.start(world.connector(demo_server.url), "send_campaign")
    assert task.start_clock is not None
    assert task.deadline_clock == task.deadline_at
    found = until(task, lambda task: task.polls >= 2)
    assert found.state == TaskState.WORKING
    assert found.remote_task_id
    assert found.start_clock is None
    assert found.last_change_at is not None
    assert found.stall_clock is not None
    assert (found.stall_clock - found.last_change_at).total_seconds() == found.stall_seconds
    assert found.last_seen_at is not None
    assert found.blind_clock is not None
    assert (found.blind_clock - found.last_seen_at).total_seconds() == found.blind_seconds
    assert found.last_change_at < found.last_seen_at, "a look without a change is no change"
    assert found.remote_expires_at is not None


def test_waiting_for_input_stops_the_stall_clock_and_runs_its_own(demo_server: DemoServer, until: Until) -> None:
    task = world.start(world.connector(demo_server.url), "review_contract", arguments={"seconds": 0.5})
    found = until(task, lambda task: task.state == TaskState.INPUT_REQUIRED)
    assert found.stall_clock is None
    assert found.input_clock is not None
    assert found.input_requests


def test_an_honoured_cancel_is_ours(demo_server: DemoServer, until: Until) -> None:
    task = world.start(world.connector(demo_server.url), "send_campaign")
    until(task, lambda task: task.state == TaskState.WORKING)
    asked = service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    assert asked.state == TaskState.CANCEL_REQUESTED
    assert asked.cancel_clock is not None
    found = until(task, ended)
    assert found.state == TaskState.CANCELLED
    assert found.cancel_acknowledged_at is not None
    assert "cancel_acknowledged" in whats(found)


def test_an_acknowledged_cancel_that_is_not_honoured_leaves_the_task_open(
    demo_server: DemoServer, until: Until
) -> None:
    task = world.start(world.connector(demo_server.url), "send_campaign", arguments={"honours_cancel": False})
    until(task, lambda task: task.state == TaskState.WORKING)
    service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    found = until(task, lambda task: task.cancel_acknowledged_at is not None)
    polls = found.polls
    found = until(task, lambda task: task.polls > polls + 1)
    assert found.state == TaskState.CANCEL_REQUESTED
    assert found.cancel_clock is not None


def test_what_the_server_does_not_know_any_more_is_lost(demo_server: DemoServer, until: Until) -> None:
    task = world.adopt(world.connector(demo_server.url), "no-such-task")
    found = until(task, ended)
    assert found.state == TaskState.LOST
    assert found.misses == 0


def test_what_outlived_its_time_to_live_is_expired(demo_server: DemoServer, until: Until) -> None:
    task = world.start(world.connector(demo_server.url), "send_campaign", arguments={"ttl_seconds": 2})
    found = until(task, ended)
    assert found.state == TaskState.EXPIRED
    assert "short_lived" in whats(found)


def test_the_token_is_named_by_the_connector_and_never_stored(
    guarded_demo_server: DemoServer, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = world.connector(guarded_demo_server.url, credential_ref="env:CREDENTIAL_DEMO")
    task = world.start(connector, "generate_statement", arguments={"seconds": 1})
    found = until(task, lambda task: task.misses > 0)
    assert found.trouble_kind == "credential"
    assert found.state == TaskState.STARTING
    assert found.start_attempted_at is None, "nothing was sent, so nothing was attempted"
    monkeypatch.setenv("CREDENTIAL_DEMO", TOKEN)
    world.due(task)
    found = until(task, ended)
    assert found.state == TaskState.COMPLETED
    assert found.trouble_kind == ""
    assert TOKEN not in str(TrackedTask.objects.filter(pk=task.pk).values())


def test_an_adopted_task_is_seen_by_another_task_of_the_portal(
    demo_server: DemoServer, until: Until, poller: Poller
) -> None:
    first = until(
        world.start(world.connector(demo_server.url), "send_campaign"), lambda task: bool(task.remote_task_id)
    )
    second = world.adopt(world.connector(demo_server.url), first.remote_task_id)
    assert second.start_clock is not None
    found = until(second, lambda task: task.state == TaskState.WORKING)
    assert found.start_clock is None
    assert found.adopted
