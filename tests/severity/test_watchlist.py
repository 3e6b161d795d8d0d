"""The watchlist: what was observed of each server, added up from tasks and incidents."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from connectors.models import ServerState, TaskState, TrackedTask
from portal.operations.services import database_now
from severity import sweep
from severity.models import WatchlistRow
from severity.watchlist import rollup
from tests.connectors.tracking import world
from tests.severity.slipping import AHEAD, PASSED, end, running

pytestmark = pytest.mark.django_db


def put(task: TrackedTask, **columns: object) -> None:
    TrackedTask.objects.filter(pk=task.pk).update(**columns)


def observed() -> TrackedTask:
    """Of one server: one slips, one is lost, one forgets early, one honours a cancel and one does not, one is old."""
    first = running(deadline=PASSED)
    now = database_now()
    states = [TaskState.LOST, TaskState.CANCELLED, TaskState.CANCELLED, TaskState.COMPLETED]
    others: list[TrackedTask] = []
    for state in states:
        task = running(deadline=AHEAD)
        end(task, state)
        put(task, connector=first.connector, poll_interval_ms=1000 * len(others), remote_expires_at=None)
        others.append(task)
    put(others[1], cancel_requested_at=now)
    put(others[2], cancel_requested_at=now - timedelta(hours=1))
    put(others[3], remote_expires_at=now - timedelta(hours=1), accepted_at=now - timedelta(days=20))
    sweep.tick()
    assert rollup.tick() > 0
    return first


def test_it_adds_up_what_was_observed_and_a_second_time_gives_the_same() -> None:
    task = observed()
    for _ in range(2):
        week, month = (WatchlistRow.objects.get(connector=task.connector, days=days) for days in (7, 30))
        assert (week.tasks, month.tasks, month.ended) == (4, 5, 4)
        assert (week.slipped, week.slip_rate) == (2, 0.5), "one late, one lost"
        assert (month.lost, month.cancels, month.cancels_honoured, month.short_lived) == (1, 2, 1, 1)
        assert (month.interval_least, month.interval_median, month.interval_most) == (0, 1000, 3000)
        rollup.tick()


def test_page_csv_and_api_say_the_same(client_of: Callable[[str], Client], api_of: Callable[..., APIClient]) -> None:
    assert b"Nothing was observed yet" in client_of("vera").get("/watchlist/").content
    task = observed()
    ServerState.objects.create(
        connector=task.connector, open_until=database_now() + timedelta(hours=1), opened_at=database_now()
    )
    page = client_of("vera").get("/watchlist/").content.decode()
    assert "50 %" in page
    assert "left alone" in page
    told = api_of("vera").get("/api/v1/watchlist/").json()["results"]
    mine = [one for one in told if one["connector"] == task.connector.key]
    assert [(one["days"], one["tasks"], one["slipped"]) for one in mine] == [(7, 4, 2), (30, 5, 2), (90, 5, 2)]
    lines = b"".join(client_of("vera").get("/watchlist/?format=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("\ufeffconnector,name,server,way,days,tasks")
    assert len(lines) == 1 + len(told)


def test_the_page_costs_few_queries_however_many_servers(
    client_of: Callable[[str], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        world.start(world.connector("http://127.0.0.1:9/mcp"))
    rollup.tick()
    client = client_of("vera")
    with django_assert_max_num_queries(25):
        assert client.get("/watchlist/").content.count(b"<tr data-href=") == 12
