"""The SLA watch: one table over every clock that somebody is held to."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from connectors.models import SyncState, TrackedTask
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from severity import sweep
from severity.models import Incident
from severity.sla.reading import Asked, Clock, Place, counts, every, page, statement
from severity.sla.statements import ClockKind, ClockState
from tests.connectors.syncs.world import announced, sync
from tests.documents import runtime_tool_document
from tests.many import mostly_ended
from tests.metrics.registering import metric
from tests.registering import submitted
from tests.severity.slipping import AHEAD, PASSED, running

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=1)


def found(**asked: Any) -> list[Clock]:
    return page(Asked(**asked))[0]


def one(kind: ClockKind, **asked: Any) -> Clock:
    (clock,) = found(kinds=(kind.value,), **asked)
    return clock


def syncs_due(by: timedelta) -> SyncState:
    connector = sync()
    SyncState.objects.filter(connector=connector).update(
        fresh_until=database_now() + by, freshness_clock=database_now() + by
    )
    return SyncState.objects.get(connector=connector)


def test_by_api_page_by_page(api_of: Callable[[str], APIClient], monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        running(deadline=AHEAD + number * SOON)
    late = running(deadline=PASSED)
    api, size = api_of("vera"), page
    monkeypatch.setattr("severity.sla.api.page", lambda asked, place: size(asked, place, 4))
    first = api.get("/api/v1/sla/?kind=task").json()
    assert (first["results"][0]["id"], first["results"][0]["state"]) == (late.human_id, "late")
    assert first["results"][0]["seconds_to_deadline"] < 0
    rest = api.get(first["next"]).json()
    assert (len(first["results"]), len(rest["results"]), rest["next"]) == (4, 2, None)
    ids = [one["id"] for one in first["results"] + rest["results"]]
    assert len(set(ids)) == 6
    assert api.get("/api/v1/sla/?kind=sync").json()["results"] == []


@pytest.mark.parametrize(
    "query", ["kind=nothing", "owner=nobody", "window=2y", "cursor=x", "colour=red", "critical=maybe"]
)
def test_by_api_what_cannot_be_asked_is_refused_with_its_name(api_of: Callable[[str], APIClient], query: str) -> None:
    answer = api_of("vera").get(f"/api/v1/sla/?{query}")
    assert answer.status_code in (400, 422)
    assert query.partition("=")[0] in answer.content.decode()


def test_each_kind_of_clock_has_its_row_and_its_page(client_of: Callable[[str], Client]) -> None:
    running(deadline=AHEAD)
    syncs_due(AHEAD)
    submitted(runtime_tool_document("new-tool"), summary="A new tool")
    announced()
    metric("revenue", certified_until=f"{timezone.localdate() + timedelta(days=40)}")
    rows = found()
    assert {row.kind for row in rows} == set(ClockKind)
    assert [row.deadline for row in rows] == sorted(row.deadline for row in rows)
    client = client_of("amal")
    text = client.get("/sla/").content.decode()
    for row in rows:
        assert row.owner, row
        assert row.target_seconds is None or row.target_seconds > 0
        assert client.get(row.address).status_code == 200
        assert f'data-href="{row.address}"' in text
    lines = b"".join(client.get("/sla/?format=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 1 + len(rows)


@pytest.mark.parametrize(
    ("by", "columns", "state"),
    [
        (AHEAD * 48, {}, ClockState.ON_TIME),
        (SOON, {}, ClockState.DUE_SOON),
        (PASSED, {}, ClockState.LATE),
        (AHEAD, {"paused_until": AHEAD}, ClockState.PAUSED),
        (AHEAD, {"state": "start_unknown", "last_seen_at": None}, ClockState.NO_DATA),
    ],
)
def test_how_a_clock_stands_is_shown_and_filtered_alike(
    by: timedelta, columns: dict[str, Any], state: ClockState
) -> None:
    task = running(deadline=by)
    told = {name: database_now() + value if isinstance(value, timedelta) else value for name, value in columns.items()}
    TrackedTask.objects.filter(pk=task.pk).update(accepted_at=database_now() - AHEAD, started_at=None, **told)
    assert one(ClockKind.TASK).state is state
    for other in ClockState:
        assert bool(found(states=(other.value,))) is (other is state), other


@pytest.mark.parametrize("kind", [ClockKind.TASK, ClockKind.SYNC, ClockKind.APPROVAL])
def test_what_an_incident_says_is_breached(kind: ClockKind) -> None:
    if kind is ClockKind.TASK:
        running(deadline=PASSED, impacting=True)
    elif kind is ClockKind.SYNC:
        syncs_due(PASSED)
    else:
        change = submitted(runtime_tool_document("new-tool"), summary="A new tool")
        ago = database_now() - AHEAD
        ChangeRequest.objects.filter(pk=change.pk).update(sign_by=ago, sign_clock=ago)
    assert one(kind).state is ClockState.LATE
    sweep.tick()
    clock = one(kind)
    assert (clock.state, bool(clock.incident), clock.incident_open) == (ClockState.BREACHED, True, True)
    assert found(states=("late",)) == []
    assert [row.kind for row in found(states=("breached",))] == [kind]


def test_filters_of_owner_window_and_criticality() -> None:
    near, far = running(deadline=SOON), running(deadline=AHEAD * 48, impacting=True)
    assert [row.id for row in found(window="4h")] == [near.pk]
    assert [row.id for row in found(critical=True)] == [far.pk]
    assert [row.id for row in found(critical=False)] == [near.pk]
    assert len(found(owner="finance")) == 2
    assert found(owner="nobody") == []


def test_pages_go_on_where_the_last_one_ended_and_every_row_comes_once() -> None:
    made = [running(deadline=AHEAD).pk for _ in range(7)]
    TrackedTask.objects.filter(pk__in=made[2:5]).update(deadline_at=database_now() + AHEAD)
    seen: list[int] = []
    after: Place | None = None
    while True:
        rows, more = page(Asked(), after, 2)
        seen += [row.id for row in rows]
        if not more:
            break
        after = Place.read(rows[-1].place.written)
        assert after == rows[-1].place
    assert sorted(seen) == sorted(made)
    assert [row.id for row in every(Asked())] == seen


@pytest.mark.parametrize(
    "text", ["", "x", "2026-01-01~0~1", "2026-01-01T00:00:00+00:00~9~1", "2026-01-01T00:00:00+00:00~0~-1", "~~"]
)
def test_a_place_that_is_none_begins_anew(client_of: Callable[[str], Client], text: str) -> None:
    assert Place.read(text) is None
    assert client_of("amal").get("/sla/", {"after": text}).status_code == 200


@pytest.mark.parametrize(
    "query", ["state=none", "kind=none", "owner=nobody-here", "window=9y", "critical=perhaps", "state=\x00", "q=%00"]
)
def test_no_query_makes_a_server_error(client_of: Callable[[str], Client], query: str) -> None:
    running(deadline=AHEAD)
    assert client_of("amal").get(f"/sla/?{query}").status_code in (200, 400)


def test_the_head_counts_and_says_when_the_watcher_last_looked(client_of: Callable[[str], Client]) -> None:
    running(deadline=PASSED), running(deadline=SOON)
    paused = running(deadline=AHEAD)
    TrackedTask.objects.filter(pk=paused.pk).update(paused_until=database_now() + AHEAD)
    assert counts() == {"late": 1, "soon": 1, "paused": 1}
    assert b"never checked" in client_of("amal").get("/sla/").content
    sweep.tick()
    assert b"never checked" not in client_of("amal").get("/sla/").content


def test_several_are_paused_and_acknowledged_each_for_itself(client_of: Callable[[str], Client]) -> None:
    task, state = running(deadline=PASSED), syncs_due(PASSED)
    ahead = running(deadline=AHEAD)
    sweep.tick()
    client = client_of("yusuf")
    assert b'name="chosen"' in client.get("/sla/?choose=1").content
    chosen = [f"task:{task.pk}", f"sync:{state.connector.key}", f"task:{ahead.pk}"]
    client.post("/sla/", {"action": "acknowledge", "chosen": chosen})
    assert set(Incident.objects.values_list("state", flat=True)) == {"acknowledged"}
    until = f"{timezone.localtime(database_now() + timedelta(days=1)):%Y-%m-%dT%H:%M}"
    client.post("/sla/", {"action": "pause", "chosen": chosen, "until": until, "reason": "Their upgrade."})
    assert TrackedTask.objects.get(pk=ahead.pk).paused_until is not None
    state.refresh_from_db()
    assert state.paused_until is not None


@pytest.mark.parametrize(
    "told",
    [{"chosen": []}, {"chosen": ["x"]}, {"chosen": ["task:x"]}, {"chosen": ["task:" + "9" * 30]}, {"chosen": ["sync:A B"]},
     {"chosen": [f"task:{number}" for number in range(60)]}, {"chosen": ["task:99"]}],
)  # fmt: skip
def test_a_choice_that_is_none_changes_nothing(client_of: Callable[[str], Client], told: dict[str, Any]) -> None:
    for action in (
        {"action": "acknowledge"},
        {"action": "pause", "until": "2999-01-01T00:00", "reason": "x"},
        {"action": "pause"},
    ):
        assert client_of("yusuf").post("/sla/", action | told).status_code == 302
    assert client_of("yusuf").post("/sla/", {"action": "explode"} | told).status_code == 404


def test_a_viewer_chooses_nothing(client_of: Callable[[str], Client]) -> None:
    task = running(deadline=AHEAD)
    client = client_of("vera")
    assert b'name="chosen"' not in client.get("/sla/?choose=1").content
    until = f"{database_now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    client.post("/sla/", {"action": "pause", "chosen": [f"task:{task.pk}"], "until": until, "reason": "x"})
    assert TrackedTask.objects.get(pk=task.pk).paused_until is None


@pytest.mark.parametrize(
    ("kind", "index"),
    [
        ("task", "task_open_deadline"),
        ("sync", "sync_fresh_until"),
        ("approval", "change_sign_by"),
        ("notice", "notice_open_deadline"),
    ],
)
def test_the_first_page_is_read_by_the_index_of_its_deadline(kind: str, index: str) -> None:
    # The index of all deadlines would do for few tasks, and read all that ended before the first open one.
    mostly_ended(2_000)
    sql, values = statement(Asked(kinds=(kind,)), None, 51)
    with connection.cursor() as cursor:
        # Of few rows the planner reads them all; of many it must be able to do without.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + sql, values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan
