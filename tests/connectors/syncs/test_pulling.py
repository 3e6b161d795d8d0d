"""Runs pulled from a jobs API, over real connections: what it says is taken or told, and never makes the worker stumble."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.models import SyncRun, SyncState
from connectors.syncs import jobs_api, pulling
from portal.operations.services import database_now
from portal.outbound.client import Timeouts, client
from tests.connectors.syncs.world import report, run, state, sync
from tests.documents import data_movement_document
from tests.registering import apply_connector
from tests.servers.scripted import Behaviour, Exchange, ScriptedServer

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server(scripted: ScriptedServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """A jobs API on loopback, that a sync names with a credential."""
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    monkeypatch.setenv("CREDENTIAL_AIRBYTE", "token-of-the-tests")
    api = {
        "url": f"http://127.0.0.1:{scripted.port}/v1",
        "connection": "conn-1",
        "credential_ref": "env:CREDENTIAL_AIRBYTE",
    }
    sync(data_movement__jobs_api=api)
    scripted.behave(answers([]))
    return scripted


def answers(
    jobs: Any, status: int = 200, headers: dict[str, str] | None = None, kind: str = "application/json"
) -> Behaviour:
    """What the server answers; a text is sent as it is."""

    def behave(exchange: Exchange) -> None:
        body = jobs.encode() if isinstance(jobs, str) else json.dumps({"data": jobs}).encode()
        exchange.send_response(status)
        exchange.send_header("Content-Type", kind)
        exchange.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            exchange.send_header(name, value)
        exchange.end_headers()
        exchange.wfile.write(body)

    return behave


def job(number: int = 1, status: Any = "succeeded", ago: timedelta = 10 * MINUTE, **more: Any) -> dict[str, Any]:
    """A job as Airbyte tells it."""
    started = database_now() - ago
    told = {
        "jobId": number, "status": status, "jobType": "sync", "connectionId": "conn-1", "rowsSynced": 120, "bytesSynced": 4096,
        "startTime": started.isoformat(), "lastUpdatedAt": (started + 5 * MINUTE).isoformat(), "duration": "PT5M",
    }  # fmt: skip
    return told | more


def pulled() -> dict[str, int]:
    """One look, now."""
    SyncState.objects.update(pull_at=database_now())
    return pulling.tick()


def test_jobs_become_runs_once_and_the_credential_travels_in_its_header(server: ScriptedServer) -> None:
    server.behave(answers([job(3, "running", 2 * MINUTE), job(2, "failed", 30 * MINUTE), job(1, ago=60 * MINUTE)]))
    assert pulled() == {"looked": 1, "kept": 3, "failed": 0}
    seen = server.requests[0]
    assert seen.headers["authorization"] == "Bearer token-of-the-tests"
    asked = parse_qs(urlsplit(seen.path).query)
    assert (urlsplit(seen.path).path, asked["connectionId"], asked["orderBy"]) == (
        "/v1/jobs",
        ["conn-1"],
        ["createdAt|DESC"],
    )
    kept = {one.run_key: one for one in SyncRun.objects.all()}
    assert {key: one.state for key, one in kept.items()} == {"1": "succeeded", "2": "failed", "3": "running"}
    assert (kept["1"].rows, kept["1"].bytes, kept["1"].source, kept["1"].reported_by) == (
        120, 4096, "airbyte", "portal:jobs api",
    )  # fmt: skip
    known = state()
    assert known.last_success == kept["1"]
    assert known.pulled_at is not None
    assert known.pull_at is not None
    assert known.pull_at > database_now()
    assert pulled()["kept"] == 0, "they are known"


def test_a_running_job_ends_at_a_later_look(server: ScriptedServer) -> None:
    one = job(7, "incomplete", 20 * MINUTE)
    server.behave(answers([one]))
    pulled()
    assert SyncRun.objects.get().state == "running"
    server.behave(answers([one | {"status": "succeeded"}]))
    assert pulled()["kept"] == 1
    assert SyncRun.objects.get().state == "succeeded"


def test_what_is_no_sync_or_waits_to_begin_is_left_out_and_what_is_not_known_is_told(server: ScriptedServer) -> None:
    server.behave(
        answers(
            [
                job(1, jobType="reset"), job(2, connectionId="another"), job(3, "pending", startTime=None), job(4, "exploded"),
                job(5, 7), {"jobId": None}, "no job", job(6, startTime="yesterday"), job(7, rowsSynced="many", bytesSynced=-1),
                job(8, lastUpdatedAt=None, ago=40 * MINUTE), job(9, lastUpdatedAt=None, duration=None),
            ]
        )
    )  # fmt: skip
    assert pulled()["failed"] == 0
    assert set(SyncRun.objects.values_list("run_key", flat=True)) == {"7", "8"}
    assert SyncRun.objects.get(run_key="7").rows is None
    detail = state().pull_detail
    assert "Job 4 has a status that is not known: exploded." in detail
    assert "A job without an id was left out." in detail
    assert "Job 9 could not be taken: ended_at." in detail


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (answers("no", 401), "refuses the credential (401)"),
        (answers("no", 403), "refuses the credential (403)"),
        (answers("no", 500), "status 500"),
        (answers("", 302, {"Location": "http://169.254.169.254/"}), "status 302"),
        (answers("<html>Sign in</html>", kind="text/html"), "is not JSON"),
        (answers('{"data": {"jobId": 1}}'), "no list of jobs"),
        (answers("[]"), "no list of jobs"),
        (answers("[" * 5000), "is not JSON"),
        (answers('{"data": [' + "[" * 50 + "]" * 50 + "]}"), "no list of jobs"),
        (answers('{"data": "' + "x" * 600_000 + '"}'), "larger than"),
    ],
)
def test_what_fails_is_told_and_looked_at_less_and_less_often(
    server: ScriptedServer, behaviour: Behaviour, told: str
) -> None:
    server.behave(behaviour)
    waits = []
    known = state()
    for _again in range(2):
        assert pulled() == {"looked": 1, "kept": 0, "failed": 1}
        known = state()
        assert known.pull_at is not None
        waits.append((known.pull_at - database_now()).total_seconds())
    assert told in known.pull_detail
    assert "token-of-the-tests" not in known.pull_detail
    assert (known.pull_failures, known.pulled_at) == (2, None)
    assert 100 < waits[0] < 125
    assert 220 < waits[1] < 245
    server.behave(answers([job()]))
    assert pulled()["kept"] == 1
    assert (state().pull_failures, state().pull_detail) == (0, "")


def test_it_waits_as_long_as_it_is_asked_to(server: ScriptedServer) -> None:
    server.behave(answers("slow down", 429, {"Retry-After": "1800"}))
    pulled()
    known = state()
    assert known.pull_at is not None
    assert 1700 < (known.pull_at - database_now()).total_seconds() < 1810
    assert "asks to wait" in known.pull_detail


def test_a_server_that_hangs_is_given_up(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_api, "TIMEOUTS", Timeouts(connect=0.5, read=0.5, total=1.0))
    server.behave(lambda exchange: exchange.pause(5))
    assert pulled()["failed"] == 1
    assert "in time" in state().pull_detail


def test_an_address_that_may_not_be_reached_and_a_secret_that_is_not_there_are_told(
    server: ScriptedServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTBOUND_ALLOW = []
    assert pulled()["failed"] == 1
    assert "not an address of the public internet" in state().pull_detail
    monkeypatch.delenv("CREDENTIAL_AIRBYTE")
    assert pulled()["failed"] == 1
    assert "is not set" in state().pull_detail
    assert server.requests == []


def test_what_was_not_seen_for_long_is_read_page_by_page(server: ScriptedServer) -> None:
    report(run("1", ago=300 * MINUTE))
    first = [job(number, ago=(100 - number) * MINUTE) for number in range(60, 40, -1)]
    second = [job(number, ago=(100 - number) * MINUTE) for number in range(40, 35, -1)]
    server.script([answers(first), answers(second)])
    assert pulled()["kept"] == 25
    assert [parse_qs(urlsplit(one.path).query)["offset"] for one in server.requests] == [["0"], ["20"]]
    server.requests.clear()
    server.behave(answers(first))
    pulled()
    assert len(server.requests) == 1, "all of it is known"


def test_a_lease_that_is_lost_keeps_nothing(server: ScriptedServer) -> None:
    server.behave(answers([job()]))
    SyncState.objects.update(pull_at=database_now())
    (held,) = pulling.claim()
    assert pulling.claim() == [], "another worker finds nothing to do"
    SyncState.objects.update(pull_lease=held.lease + 1)
    looked = jobs_api.Looked(runs=pulling._look(held, database_now(), client()).runs)
    assert len(looked.runs) == 1
    assert pulling.record(held, looked) == 0
    assert not SyncRun.objects.exists()


def test_a_worker_that_died_leaves_a_lease_that_runs_out(server: ScriptedServer) -> None:
    SyncState.objects.update(pull_at=database_now())
    (held,) = pulling.claim()
    known = state()
    assert known.pull_at is not None
    assert 0 < (known.pull_at - database_now()).total_seconds() <= pulling.LEASE_SECONDS
    assert held.api.connection == "conn-1"
    server.behave(answers([job()]))
    assert pulled()["kept"] == 1


def test_a_sync_without_a_jobs_api_or_a_retired_one_is_not_looked_at(server: ScriptedServer) -> None:
    sync("billing-warehouse")
    assert state("billing-warehouse").pull_at is None
    apply_connector(data_movement_document(changes={"facets.version.number": "1.0.1"}))
    assert state().pull_at is None, "the jobs API was taken out of its document"


def test_the_runs_of_both_ways_are_one(server: ScriptedServer, api_of: Callable[..., Any]) -> None:
    one = job(11)
    told = {"run": "11", "state": "succeeded", "started_at": one["startTime"], "ended_at": one["lastUpdatedAt"]}
    report(told | {"rows": 120, "bytes": 4096})
    server.behave(answers([one]))
    assert pulled() == {"looked": 1, "kept": 0, "failed": 0}
    assert SyncRun.objects.get().source == "api"
