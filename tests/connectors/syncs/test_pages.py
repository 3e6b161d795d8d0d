"""The pages of data syncs: how they stand, pausing, breaking changes; a runtime tool has none of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors.models import Drill
from portal.operations.services import database_now
from portal.registry.documents import digest
from severity import sweep
from tests.connectors.syncs.world import HOUR, announced, late, report, run, state, sync
from tests.documents import data_movement_document, runtime_tool_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
SYNC = "/syncs/crm-warehouse/"
MOST_QUERIES = 25


@pytest.fixture
def amal(client_of: Callable[[str], Client]) -> Client:
    """An engineer before a sync that stands."""
    sync()
    return client_of("amal")


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def until(ahead: timedelta) -> str:
    return (database_now() + ahead).strftime("%Y-%m-%dT%H:%M")


def test_without_a_run_it_says_where_to_report_one(amal: Client) -> None:
    page = text(amal, SYNC)
    assert "No run recorded." in page
    assert f"POST /api/v1/syncs/{state().connector.human_id}/runs/" in page
    assert "Not seen yet" in page, "a stream that the document declares"


def test_the_summary_shows_runs_streams_and_who_reads_it(amal: Client) -> None:
    report(run("nightly-7", rows=1234, note="Nothing odd.", streams=[
        {"name": "accounts", "mode": "incremental", "cursor": "2026-11-24", "rows": 1234},
        {"name": "deals", "rows": 0, "schema_changed_at": "2026-11-20T00:00:00Z"},
    ]))  # fmt: skip
    page = text(amal, SYNC)
    for told in ("nightly-7", "1,234", "Nothing odd.", "incremental", "Not in the contract", "On time", "2h 5"):
        assert told in page, told
    assert text(amal, f"{SYNC}?tab=runs").count("nightly-7") == 1
    assert "the newest data is at most 3h old" in text(amal, f"{SYNC}?tab=sla")


def test_the_sla_tab_tells_of_targets_and_of_what_was_told(amal: Client) -> None:
    late()
    sweep.tick()
    apply_connector(
        data_movement_document(changes={"data_movement.freshness_seconds": 7200, "facets.version.number": "1.0.1"})
    )
    page = text(amal, f"{SYNC}?tab=sla")
    assert "Data late: Crm Warehouse" in page
    assert page.index("2h</td>") < page.index("3h</td>")


def test_the_list_shows_what_stands_now_sorts_by_deadline_and_exports_it(amal: Client) -> None:
    sync("billing-warehouse")
    report(run(rows=10, ago=timedelta(minutes=6)))
    announced()
    runbook = data_movement_document()["data_movement"]["backfill_runbook"]
    told = {"connector_version": 1, "drilled_at": database_now(), "passed": True, "recorded_at": database_now()}
    Drill.objects.create(connector=state().connector, runbook_digest=digest(runbook), **told)
    Drill.objects.create(connector=state("billing-warehouse").connector, runbook_digest="0" * 64, **told)
    late("billing-warehouse")
    page = text(amal, "/syncs/?sort=deadline")
    assert page.index("Billing Warehouse") < page.index("Crm Warehouse")
    for word in ("Late", "On time", "10 / 10", "changed since", "over", "left", "Pause those chosen"):
        assert word in page, word
    assert "Crm Warehouse" not in text(amal, "/syncs/?now=late")
    assert "Billing Warehouse" not in text(amal, "/syncs/?breaking=true")
    lines = amal.get("/syncs/?now=late&format=csv").getvalue().decode().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("rows_last,rows_typical,breaking_change_due")
    assert ",late," in lines[1]
    assert "–" in text(amal, "/syncs/?as_of=2099-01-01"), "of another moment only the document is known"


def test_a_list_of_many_asks_as_little_as_one_of_few(
    amal: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        sync(f"sync-{number}")
        report(run(), f"sync-{number}")
    for address in ("/syncs/", "/syncs/?sort=deadline&now=on_time", SYNC, f"{SYNC}?tab=sla", f"{SYNC}?tab=runs"):
        with django_assert_max_num_queries(MOST_QUERIES):
            text(amal, address)


def test_it_is_paused_and_resumed_by_its_page(amal: Client) -> None:
    assert amal.post(f"{SYNC}pause/", {"until": until(HOUR), "reason": ""}).status_code == 422
    assert amal.post(f"{SYNC}pause/", {"until": until(-HOUR), "reason": "x"}).status_code == 422
    assert amal.post(f"{SYNC}pause/", {"until": until(5 * HOUR), "reason": "The source moves."}).status_code == 302
    page = text(amal, SYNC)
    assert "The source moves." in page
    assert "Paused" in page
    assert "sync.paused" in text(amal, f"{SYNC}?tab=activity")
    assert "Resume now" in text(amal, f"{SYNC}pause/")
    assert amal.post(f"{SYNC}pause/", {"action": "resume"}).status_code == 302
    assert state().paused_until is None


def test_several_are_paused_from_the_list_and_each_is_told(amal: Client) -> None:
    sync("billing-warehouse")
    told = {"chosen": ["crm-warehouse", "billing-warehouse", "nowhere"], "until": until(HOUR * 5), "reason": "Move."}
    page = amal.post("/syncs/pause/chosen/", told).content.decode()
    assert page.count("Paused") == 2
    assert "There is no data sync “nowhere”." in page
    assert amal.post("/syncs/pause/chosen/", told | {"chosen": []}).status_code == 422
    assert amal.post("/syncs/pause/chosen/", told | {"reason": ""}).status_code == 422


def test_a_breaking_change_is_announced_and_followed_by_its_pages(amal: Client) -> None:
    assert "Who must move" in text(amal, f"{SYNC}notices/new/")
    body = {"title": "Column email goes", "detail": "Use email_hash.", "consumers": "forecast\n board \n"}
    assert amal.post(f"{SYNC}notices/new/", body | {"deadline": until(timedelta(days=2))}).status_code == 422
    made = amal.post(f"{SYNC}notices/new/", body | {"deadline": until(timedelta(days=9))})
    assert made.status_code == 302
    where = made["Location"]
    assert "2 are behind" in text(amal, where)
    assert "Column email goes" in text(amal, SYNC)
    amal.post(where, {"moved": "board"})
    assert "one is behind" in text(amal, where)
    assert amal.post(where, {"moved": "nobody"}).status_code == 422
    assert amal.post(where, {"action": "close", "reason": ""}).status_code == 422
    assert amal.post(where, {"action": "close", "reason": "Called off."}).status_code == 302
    assert "Called off." in text(amal, where)
    assert amal.post(where, {"nonsense": "1"}).status_code == 404


def test_a_viewer_is_told_who_may(client_of: Callable[[str], Client]) -> None:
    sync()
    vera = client_of("vera")
    notice = announced()
    for address in (f"{SYNC}pause/", f"{SYNC}notices/new/"):
        assert "Who may:" in text(vera, address)
        assert vera.post(address, {"until": until(HOUR), "reason": "x"}).status_code in (403, 422)
    where = f"{SYNC}notices/{notice.pk}/"
    assert "Has moved" not in text(vera, where)
    assert vera.post(where, {"moved": "board"}).status_code == 403
    told = {"chosen": ["crm-warehouse"], "until": until(HOUR), "reason": "x"}
    assert vera.post("/syncs/pause/chosen/", told).status_code == 403
    assert state().paused_until is None


def test_a_runtime_tool_has_no_such_page(amal: Client) -> None:
    tool = apply_connector(runtime_tool_document())
    for path in ("", "pause/", "notices/new/", "notices/1/"):
        assert amal.get(f"/syncs/{tool.key}/{path}").status_code == 404, path
    assert tool.name not in text(amal, "/syncs/")
