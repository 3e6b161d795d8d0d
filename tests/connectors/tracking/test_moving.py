"""The SLA of a connector changes, maintenance begins and ends: the clocks of its open tasks follow in one statement."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.models import Connector, Maintenance, Observation, TaskState, TrackedTask
from connectors.models.task import CLOCKS
from connectors.tracking import maintenance
from connectors.tracking.moving import follow_sla
from portal.operations.services import database_now
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.roles import Role
from severity import sweep
from severity.models import Incident
from tests.connectors.tracking import world
from tests.documents import runtime_tool_document
from tests.registering import apply_connector
from tests.severity.slipping import AHEAD, PASSED, running

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told(task: TrackedTask, **sla: int) -> int:
    """The connector's SLA becomes this, past the version store."""
    connector = Connector.objects.get(pk=task.connector_id)
    connector.document["runtime_tool"]["task_sla"] |= sla
    Connector.objects.filter(pk=connector.pk).update(document=connector.document)
    return follow_sla(connector)


def plan(**of: Any) -> Maintenance:
    now = database_now()
    defaults: dict[str, Any] = {"starts_at": now, "until": now + HOUR, "reason": "Their upgrade."}
    return maintenance.plan(**{"actor": world.person(), "now": now} | defaults | of)


def begun_before(found: Maintenance, by: timedelta) -> None:
    """As if it had begun that long ago and no sweep had come."""
    Maintenance.objects.filter(pk=found.pk).update(starts_at=found.starts_at - by, until=found.until - by)


def test_running_clocks_move_by_the_difference_and_others_stay() -> None:
    task = running(deadline=AHEAD, stall=AHEAD, blind=AHEAD)
    assert told(task, deadline_seconds=1000, stall_seconds=200) == 1
    moved = world.again(task)
    assert moved.deadline_at == moved.deadline_clock == task.deadline_at + timedelta(seconds=100)
    assert moved.stall_clock is not None
    assert task.stall_clock is not None
    assert moved.stall_clock == task.stall_clock - timedelta(seconds=100)
    assert (moved.blind_clock, moved.deadline_seconds, moved.stall_seconds) == (task.blind_clock, 1000, 200)
    assert told(task) == 0, "nothing differs any more"
    assert Observation.objects.filter(task=task, what="sla_changed").count() == 1


def test_what_the_request_set_itself_stays() -> None:
    connector = world.connector("http://127.0.0.1:9/mcp")
    task = world.start(connector, sla={"deadline_seconds": 700})
    other = world.start(connector, "reconcile_ledger")
    assert told(task, deadline_seconds=1000, start_seconds=30) == 2
    assert (world.again(task).deadline_seconds, world.again(task).start_seconds) == (700, 30)
    assert world.again(task).deadline_at == task.deadline_at
    assert world.again(other).deadline_at == other.deadline_at + timedelta(seconds=100)


def test_a_shorter_deadline_that_has_passed_is_a_slip_and_a_longer_one_takes_it_back() -> None:
    task = running(deadline=timedelta(seconds=30))
    told(task, deadline_seconds=world.SLA["deadline_seconds"] - 60)
    sweep.tick()
    incident = Incident.objects.get(task=task, rule="deadline")
    assert incident.state == "open"
    told(task, deadline_seconds=world.SLA["deadline_seconds"] + 600)
    sweep.tick()
    incident.refresh_from_db()
    assert incident.state == "resolved"
    assert world.again(task).deadline_clock is not None


@pytest.mark.parametrize(
    ("clock", "columns"),
    [
        ("start", {"state": TaskState.STARTING, "started_at": None}),
        ("stall", {}),
        ("input", {"state": TaskState.INPUT_REQUIRED}),
        ("blind", {}),
        ("cancel", {"state": TaskState.CANCEL_REQUESTED, "cancel_requested_at": True}),
    ],
)
def test_each_clock_that_had_passed_runs_again_if_its_instant_lies_ahead(clock: str, columns: dict[str, Any]) -> None:
    task = running(deadline=AHEAD, **{clock: PASSED})
    ago = database_now() - timedelta(hours=1)
    columns = {name: ago if value is True else value for name, value in columns.items()}
    seen = {
        "last_change_at": ago,
        "accepted_at": ago,
        "stall_at": None,
        "last_seen_at": ago if clock == "blind" else database_now(),
    }
    TrackedTask.objects.filter(pk=task.pk).update(**seen | columns)
    sweep.tick()
    incident = Incident.objects.get(task=task, rule=clock)
    told(task, **{f"{clock}_seconds": 90 * 60})
    again = world.again(task)
    assert getattr(again, f"{clock}_clock") == ago + timedelta(minutes=90)
    sweep.tick()
    incident.refresh_from_db()
    assert incident.state == "resolved"


def test_an_approved_change_moves_them_in_its_own_transaction() -> None:
    apply_connector(runtime_tool_document("crm-lookup"))
    connector = Connector.objects.get(key="crm-lookup")
    task = _started(connector)
    longer = connector.document["runtime_tool"]["task_sla"]["deadline_seconds"] + 120
    apply_connector(
        runtime_tool_document(
            "crm-lookup", {"runtime_tool.task_sla.deadline_seconds": longer, "facets.version.number": "1.0.1"}
        )
    )
    assert world.again(task).deadline_at == task.deadline_at + timedelta(seconds=120)


def test_an_approved_change_of_the_hours_moves_what_waits_and_another_one_does_not() -> None:
    apply_connector(runtime_tool_document("crm-lookup"))
    task = _started(Connector.objects.get(key="crm-lookup"))
    asked, monday = database_now(), {"days": [1], "from": "08:00", "to": "16:00", "zone": "UTC", "holidays": []}
    type(task.owner).objects.filter(pk=task.owner_id).update(hours=monday)
    TrackedTask.objects.filter(pk=task.pk).update(
        state=TaskState.INPUT_REQUIRED, last_change_at=asked, input_clock=asked + timedelta(seconds=task.input_seconds)
    )
    hours = {"runtime_tool.task_sla.input_hours": "team"}
    apply_connector(runtime_tool_document("crm-lookup", hours | {"facets.version.number": "1.0.1"}))
    counted = world.again(task).input_clock
    assert counted is not None
    assert counted.astimezone(UTC).isoweekday() == 1
    TrackedTask.objects.filter(pk=task.pk).update(input_clock=counted + timedelta(days=1))
    other = {"runtime_tool.task_sla.stall_seconds": 4000, "facets.version.number": "1.0.2"}
    apply_connector(runtime_tool_document("crm-lookup", hours | other))
    assert world.again(task).stall_seconds == 4000
    assert world.again(task).input_clock == counted + timedelta(days=1), "as a pause may have moved it"


def _started(connector: Connector) -> TrackedTask:
    """A task of it, past the checks of its arguments."""
    like = world.start(world.connector("http://127.0.0.1:9/mcp"))
    TrackedTask.objects.filter(pk=like.pk).update(
        connector=connector,
        **{
            f"{clock}_seconds": connector.document["runtime_tool"]["task_sla"].get(f"{clock}_seconds", 60)
            for clock in CLOCKS
        },
    )
    return world.again(like)


# Maintenance.


def test_maintenance_moves_the_clocks_once_however_late_the_sweep_comes() -> None:
    task, other = running(deadline=AHEAD, stall=timedelta(minutes=-1)), running(deadline=AHEAD)
    TrackedTask.objects.filter(pk=task.pk).update(
        last_seen_at=database_now(), stall_at=database_now() - timedelta(minutes=1)
    )
    begun_before(plan(connector_key=task.connector.key), timedelta(minutes=5))
    for _ in range(2):
        sweep.tick()
    moved = world.again(task)
    assert moved.deadline_at == task.deadline_at + HOUR
    assert not Incident.objects.filter(task=task).exists(), "what passed in it has not passed"
    assert world.again(other).deadline_at == other.deadline_at
    assert Observation.objects.filter(task=task, what="paused").count() == 1


def test_what_had_passed_before_stays_a_slip() -> None:
    task = running(deadline=timedelta(minutes=-10))
    begun_before(plan(connector_key=task.connector.key), timedelta(minutes=5))
    sweep.tick()
    assert Incident.objects.get(task=task).rule == "deadline"


def test_planned_for_later_it_moves_nothing_yet_and_of_a_team_it_covers_all_its_tasks() -> None:
    one, two = running(deadline=AHEAD), running(deadline=AHEAD)
    later = plan(team_key="finance", starts_at=database_now() + HOUR, until=database_now() + 2 * HOUR)
    sweep.tick()
    assert world.again(one).deadline_at == one.deadline_at
    begun_before(later, HOUR)
    sweep.tick()
    by = later.until - later.starts_at
    assert [world.again(task).deadline_at - task.deadline_at for task in (one, two)] == [by, by]


def test_two_that_overlap_count_once() -> None:
    task = running(deadline=AHEAD)
    plan(connector_key=task.connector.key)
    sweep.tick()
    now = database_now()
    plan(team_key="finance", until=now + 2 * HOUR)
    sweep.tick()
    assert abs(world.again(task).deadline_at - task.deadline_at - 2 * HOUR) < timedelta(seconds=5)


def test_ended_early_the_clocks_run_from_then() -> None:
    task = running(deadline=AHEAD)
    found = plan(connector_key=task.connector.key)
    sweep.tick()
    maintenance.end(actor=world.person(), maintenance_id=found.pk, now=database_now())
    assert abs(world.again(task).deadline_at - task.deadline_at) < timedelta(seconds=5)
    assert world.again(task).paused_until is None
    with pytest.raises(Conflict):
        maintenance.end(actor=world.person(), maintenance_id=found.pk, now=database_now())


def test_planned_and_taken_back_it_never_begins() -> None:
    task = running(deadline=AHEAD)
    found = plan(connector_key=task.connector.key, starts_at=database_now() + HOUR, until=database_now() + 2 * HOUR)
    maintenance.end(actor=world.person(), maintenance_id=found.pk, now=database_now())
    begun_before(found, 2 * HOUR)
    sweep.tick()
    assert world.again(task).deadline_at == task.deadline_at


def test_a_task_accepted_in_it_counts_from_its_end() -> None:
    connector = world.connector("http://127.0.0.1:9/mcp")
    until = plan(connector_key=connector.key).until
    task = world.start(connector)
    assert task.deadline_at == until + timedelta(seconds=task.deadline_seconds)
    assert (task.paused_until, task.start_clock) == (until, until + timedelta(seconds=task.start_seconds))
    sweep.tick()
    assert world.again(task).deadline_at == task.deadline_at, "not a second time"


@pytest.mark.parametrize(
    ("of", "path"),
    [
        ({}, "connector"),
        ({"connector_key": "a", "team_key": "finance"}, "connector"),
        ({"connector_key": "nothing"}, "connector"),
        ({"team_key": "nobody"}, "team"),
        ({"team_key": "finance", "reason": " "}, "reason"),
        ({"team_key": "finance", "until": datetime.fromisoformat("2020-01-01T00:00:00Z")}, "until"),
        ({"team_key": "finance", "until": datetime.fromisoformat("9999-01-01T00:00:00Z")}, "until"),
        (
            {
                "team_key": "finance",
                "starts_at": datetime.fromisoformat("9998-12-30T00:00:00Z"),
                "until": datetime.fromisoformat("9999-01-01T00:00:00Z"),
            },
            "starts_at",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused_with_its_place(of: dict[str, Any], path: str) -> None:
    world.team()
    with pytest.raises(Invalid) as refused:
        plan(**of)
    assert path in [one.path for one in refused.value.problems]
    assert not Maintenance.objects.exists()


def test_only_who_may_move_clocks() -> None:
    with pytest.raises(Forbidden):
        plan(team_key="finance", actor=world.person("viewer", Role.VIEWER))
    with pytest.raises(Missing):
        maintenance.end(actor=world.person(), maintenance_id=1, now=database_now())
