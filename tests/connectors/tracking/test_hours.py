"""The time for input counts in the working hours of the team that is to give it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from connectors.mcp.observation import Kind, Observation
from connectors.models import Connector, TaskState, TrackedTask
from connectors.settling import settle
from connectors.tracking import claim, observe, recording
from connectors.tracking.moving import follow_hours, follow_sla
from portal.operations.services import database_now
from portal.people.hours import Hours
from tests.connectors.tracking import world

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:9/mcp"


def closed(now: datetime) -> Hours:
    """Hours of a team that works only on the day after tomorrow of the week."""
    return Hours(((now.isoweekday() + 1) % 7 + 1,), time(8), time(16), "UTC")


def waiting(**sla: Any) -> TrackedTask:
    """A task that has just begun to wait for input."""
    connector = world.connector(NOWHERE, task_sla={"input_seconds": 3600} | sla)
    type(connector.owner).objects.filter(pk=connector.owner_id).update(hours=closed(database_now()).document)
    task = world.adopt(connector, "r-1")
    asks = Observation(Kind.SEEN, "", "r-1", "input_required", input_requests={"a": {"method": "elicitation/create"}})
    recording.record([observe.looked(claim.hold(task.pk), asks, None, at=database_now(), spread=0)])
    found = world.again(task)
    assert found.state == TaskState.INPUT_REQUIRED
    return found


def by_hours(task: TrackedTask) -> datetime:
    """When the time is over by the hours of its team."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT in_working_hours(%s, 3600, hours) FROM people_team WHERE id = %s",
            [task.last_change_at, task.owner_id],
        )
        found: datetime = cursor.fetchone()[0]
    return found


def test_in_the_hours_of_the_team_where_the_sla_says_so() -> None:
    task = waiting(input_hours="team")
    assert task.input_clock == by_hours(task)
    assert task.input_clock is not None
    assert task.input_clock.astimezone(UTC).strftime("%H:%M") == "09:00"
    assert (task.input_clock - database_now()).total_seconds() > 86_400


@pytest.mark.parametrize("told", [{}, {"input_hours": "always"}])
def test_always_unless_told(told: dict[str, str]) -> None:
    task = waiting(**told)
    assert task.input_clock is not None
    assert 3500 < (task.input_clock - database_now()).total_seconds() <= 3600


def test_of_a_team_that_has_none_always() -> None:
    task = waiting(input_hours="team")
    type(task.owner).objects.filter(pk=task.owner_id).update(hours=None)
    assert 3500 < (by_hours(task) - database_now()).total_seconds() <= 3600


def test_a_change_of_the_sla_moves_what_waits() -> None:
    task = waiting()
    connector = Connector.objects.get(pk=task.connector_id)
    before = dict(connector.document["runtime_tool"]["task_sla"])
    connector.document["runtime_tool"]["task_sla"]["input_hours"] = "team"
    Connector.objects.filter(pk=connector.pk).update(document=connector.document)
    follow_sla(connector)
    follow_hours(connector, before)
    assert world.again(task).input_clock == by_hours(task)
    before = dict(connector.document["runtime_tool"]["task_sla"])
    connector.document["runtime_tool"]["task_sla"]["input_hours"] = "always"
    follow_hours(connector, before)
    clock = world.again(task).input_clock
    assert clock is not None
    assert 3500 < (clock - database_now()).total_seconds() <= 3600


@pytest.mark.parametrize("told", [{}, {"input_hours": "team"}])
def test_a_change_of_something_else_leaves_a_clock_that_a_pause_has_moved(told: dict[str, str]) -> None:
    task = waiting(**told)
    moved = database_now() + timedelta(days=20)
    TrackedTask.objects.filter(pk=task.pk).update(input_clock=moved)
    settle(Connector.objects.get(pk=task.connector_id), world.person(), database_now())
    assert world.again(task).input_clock == moved
