"""The watch over the portal itself: silent parts and polls behind open one V1 each, and end it; a stepping clock does not."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from connectors.models import Connector, ServerState
from connectors.tracking import lag
from portal.operations import depth, outside, readiness, signs
from portal.operations.models import Heartbeat
from portal.operations.services import beat, database_now
from portal.roles import Role
from severity import watching
from severity.models import Incident, IncidentState
from tests.people import team, user
from tests.servers.scripted import ScriptedServer, answer
from tests.severity.slipping import AHEAD, running

pytestmark = pytest.mark.django_db
LONG = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _all_well() -> None:
    operators = team("operators")
    operators.members.add(user("adam", Role.ADMINISTRATOR))
    well()
    watching.tick()
    watched_for(LONG)


def well() -> None:
    for part in signs.parts(without=watching.NAME):
        beat(part.name)


def silenced(name: str, by: timedelta = LONG) -> None:
    Heartbeat.objects.filter(name=name).update(at=database_now() - by)


def watched_for(span: timedelta) -> None:
    """As if the watch had looked without a gap for so long."""
    row = Heartbeat.objects.get(name=signs.WATCH)
    row.detail["since"] = (database_now() - span).isoformat()
    row.save()


def stepped(by: timedelta) -> None:
    """As if the database's clock had stepped: everything that was noted before is so much further away."""
    watched_for(LONG)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE operations_heartbeat SET at = at - %s * interval '1 s'", [by.total_seconds()])
        cursor.execute(
            "UPDATE connectors_trackedtask SET next_poll_at = next_poll_at - %s * interval '1 s'", [by.total_seconds()]
        )


def told() -> list[tuple[str, str, str, int]]:
    rows = Incident.objects.order_by("id")
    return [(one.rule, one.subject_key, one.state, one.repeats) for one in rows]


def behind(seconds: float) -> None:
    task = running(deadline=AHEAD)
    type(task).objects.filter(pk=task.pk).update(next_poll_at=database_now() - timedelta(seconds=seconds))


@pytest.mark.parametrize("name", ["scheduler", "severity.sweep", "connectors.polling", "portal.outbox.delivery"])
def test_a_silent_part_opens_one_v1_of_the_administrators_and_ends_it(name: str) -> None:
    silenced(name)
    for _ in range(3):
        watching.tick()
    (incident,) = Incident.objects.all()
    assert (incident.rule, incident.level.name, incident.source, incident.repeats) == ("part_silent", "V1", "watch", 0)
    assert incident.owner.key == "operators"
    assert name in incident.title
    assert incident.timeline.count() == incident.history.count() == 1
    assert watching.tick()["late"] == [name]
    beat(name)
    assert [watching.tick()["well"] for _ in range(3)] == [True] * 3
    assert told() == [("part_silent", name, "resolved", 0)]
    silenced(name)
    watching.tick()
    assert told()[1:] == [("part_silent", name, "open", 0)], "another silence is another incident"


def test_a_slow_part_is_not_silent_within_three_of_its_periods() -> None:
    silenced("severity.reconcile", timedelta(seconds=80))
    assert watching.tick()["well"]
    silenced("severity.reconcile", timedelta(seconds=100))
    assert watching.tick()["late"] == ["severity.reconcile"]


def test_a_part_that_never_showed_life_is_silent_once_it_was_watched_long_enough() -> None:
    Heartbeat.objects.filter(name="scheduler").delete()
    watched_for(timedelta(seconds=20))
    assert watching.tick()["well"]
    watched_for(timedelta(seconds=40))
    assert watching.tick()["late"] == ["scheduler"]


def test_a_portal_that_wants_no_scheduler_misses_none_and_ends_what_it_told(settings: LazySettings) -> None:
    silenced("scheduler")
    watching.tick()
    settings.SCHEDULER_RUNS = False
    watching.tick()
    assert told() == [("part_silent", "scheduler", "resolved", 0)]


def test_what_a_person_resolved_stays_so_while_it_lasts() -> None:
    silenced("scheduler")
    watching.tick()
    Incident.objects.update(state=IncidentState.RESOLVED, resolved_at=database_now())
    watching.tick()
    assert told() == [("part_silent", "scheduler", "resolved", 0)]


def test_polls_that_are_far_behind_open_one_v1_that_names_the_server_and_ends() -> None:
    behind(20)
    assert watching.tick()["well"]
    behind(90)
    found = [watching.tick() for _ in range(3)][-1]
    assert found["lag"]["waiting"] == 2
    assert 90 <= found["lag"]["worst"] < 95
    (incident,) = Incident.objects.all()
    assert (incident.rule, incident.level.name, incident.repeats) == ("polls_behind", "V1", 0)
    assert found["lag"]["connector"] in incident.timeline.get().text
    with connection.cursor() as cursor:
        cursor.execute("UPDATE connectors_trackedtask SET next_poll_at = next_poll_at + interval '1 hour'")
    watching.tick()
    assert told() == [("polls_behind", "polls", "resolved", 0)]


LATELY, LONG_AGO = -timedelta(seconds=1), -timedelta(seconds=80)
OPEN = {"failures": 5, "opened_at": LONG_AGO}


@pytest.mark.parametrize(
    ("state", "well"),
    [
        ({"at_once": 1, "taken_at": LATELY}, True),
        ({"at_once": 1, "taken_at": LONG_AGO}, False),
        ({"at_once": 1}, False),
        ({"per_second": 1.0, "taken_at": LATELY}, True),
        ({"per_second": 1.0, "taken_at": LONG_AGO}, False),
        ({"per_second": 0.05, "taken_at": LONG_AGO}, True),
        ({**OPEN, "open_until": LONG}, True),
        ({**OPEN, "open_until": LONG_AGO}, False),
        ({"closed_at": LATELY}, True),
        ({"closed_at": LONG_AGO}, False),
        ({"taken_at": LATELY}, False),
    ],
)
def test_a_server_that_is_spared_is_late_only_while_nothing_is_taken_for_it(state: dict[str, Any], well: bool) -> None:
    behind(90)
    now = database_now()
    told = {name: now + value if isinstance(value, timedelta) else value for name, value in state.items()}
    ServerState.objects.update_or_create(connector=Connector.objects.get(), defaults=told)
    assert watching.tick()["well"] is well


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=14), timedelta(seconds=-14)])
def test_a_step_of_the_clock_opens_nothing(by: timedelta) -> None:
    behind(-5)
    stepped(by)
    for _ in range(3):
        assert watching.tick()["well"]
    assert told() == []


def test_after_a_step_back_what_stays_silent_is_found_all_the_same() -> None:
    stepped(timedelta(hours=-1))
    watching.tick()
    for part in signs.parts():
        if part.name != "severity.sweep":
            beat(part.name)
    watched_for(timedelta(seconds=40))
    assert watching.tick()["late"] == ["severity.sweep"]


def test_after_a_silence_of_all_nothing_is_opened_and_nothing_ended_by_that_alone() -> None:
    silenced("scheduler")
    watching.tick()
    stepped(timedelta(hours=2))
    for _ in range(2):
        watching.tick()
    assert told() == [("part_silent", "scheduler", "open", 0)]
    beat("scheduler")
    watching.tick()
    assert told() == [("part_silent", "scheduler", "resolved", 0)]


def test_the_operator_names_the_team(settings: LazySettings) -> None:
    team("crm-team")
    settings.WATCH_TEAM = "crm-team"
    silenced("scheduler")
    watching.tick()
    assert Incident.objects.get().owner.key == "crm-team"


def test_a_portal_without_a_team_goes_on() -> None:
    connection.cursor().execute("DELETE FROM people_team_members")
    connection.cursor().execute("DELETE FROM people_team")
    silenced("scheduler")
    assert watching.tick()["late"] == ["scheduler"]
    assert told() == []


def checks(client: Client | None = None) -> tuple[int, dict[str, Any]]:
    answer = (client or Client()).get("/-/readyz")
    return answer.status_code, answer.json()["checks"]


def test_readyz_tells_that_nobody_watches_and_that_polls_are_behind() -> None:
    beat(readiness.WORKER)
    status, found = checks()
    assert (status, found["watch"]) == (503, {"ok": False})
    beat(readiness.WATCHING)
    status, found = checks()
    assert (found["watch"], found["polls"]) == ({"ok": True}, {"ok": True})
    behind(90)
    assert checks()[1]["polls"] == {"ok": False}, "and nothing of the server to those who are not signed in"
    assert "the longest for 9" in lag.check().detail


def test_readyz_names_what_the_watch_found_late_to_those_signed_in() -> None:
    silenced("scheduler")
    watching.tick()
    beat(readiness.WATCHING)
    client = Client()
    client.force_login(user("adam", Role.ADMINISTRATOR))
    assert checks(client)[1]["watch"]["detail"].endswith("late: scheduler")


def page() -> str:
    client = Client()
    client.force_login(user("adam", Role.ADMINISTRATOR))
    return client.get("/").content.decode()


def test_the_overview_shows_what_the_watch_found() -> None:
    silenced("connectors.polling")
    behind(90)
    watching.tick()
    shown = page()
    assert "connectors.polling" in shown
    assert "p95 9" in shown
    silenced(signs.WATCH)
    assert "nobody looks" in page()


def test_the_lag_reads_by_the_index_of_polls() -> None:
    behind(90)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + lag._BEHIND, [lag.OF_EACH])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "task_poll" in plan


def test_the_depth_of_the_embedded_brokers_queue_is_noted() -> None:
    depth.tick()
    assert isinstance(Heartbeat.objects.get(name=signs.BROKER).detail["waiting"], int)


SECRET = "ping/secret-of-the-operator"


@pytest.fixture
def outer(settings: LazySettings) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.behave(answer("OK", content_type="text/plain"))
        settings.OUTSIDE_HEARTBEAT_URL = f"http://127.0.0.1:{server.port}/{SECRET}"
        yield server


def test_the_outside_hears_once_a_period_while_all_is_well(outer: ScriptedServer) -> None:
    watching.tick()
    assert outside.tick() == {"ok": True, "status": 200}
    assert outside.tick() == {}
    assert [(seen.method, seen.path) for seen in outer.requests] == [("GET", f"/{SECRET}")]
    silenced(outside.OUTSIDE, timedelta(seconds=61))
    assert outside.tick()["ok"]
    silenced(outside.OUTSIDE, -timedelta(hours=1))
    assert outside.tick()["ok"], "a turn from before a step of the clock holds nobody back"


def test_the_outside_hears_nothing_while_something_is_late_or_nobody_looks(outer: ScriptedServer) -> None:
    silenced("scheduler")
    watching.tick()
    assert outside.tick() == {}
    beat("scheduler")
    watching.tick()
    silenced(signs.WATCH, timedelta(seconds=20))
    assert outside.tick() == {}
    assert outer.requests == []


@pytest.mark.parametrize("way", ["refuses", "moves", "is gone", "is no address"])
def test_an_outside_that_does_not_take_it_is_told_in_the_log_without_its_address(
    outer: ScriptedServer, settings: LazySettings, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    if way == "refuses":
        outer.behave(answer(status=500))
    elif way == "moves":
        outer.behave(answer(status=302, Location="http://127.0.0.1:1/elsewhere"))
    elif way == "is gone":
        outer.stop()
    else:
        settings.OUTSIDE_HEARTBEAT_URL = f"ftp://{SECRET}"
    watching.tick()
    assert outside.tick()["ok"] is False
    assert "was not taken" in caplog.text
    assert SECRET not in caplog.text + str([vars(record) for record in caplog.records])
    assert SECRET not in str(Heartbeat.objects.get(name=outside.OUTSIDE).detail)
