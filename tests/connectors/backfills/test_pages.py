"""The pages of backfills: the runbook of a data movement, the wizard, the work as it moves, and the form of a drill."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors.models import Drill
from tests.connectors.backfills.world import backfill, claim, job, loaded, part, say, sync, taken

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]
PAGE = "/backfills/crm-november/"
WORK = f"{PAGE}work/"
DRILL = "/syncs/crm-warehouse/drill/"
MOST_QUERIES = 25


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def test_the_runbook_of_a_data_movement(
    client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    connector = sync()
    shown = text(client_of("amal"), f"/syncs/{connector.key}/?tab=runbook")
    for told in (
        "Reset the cursor",
        "Never drilled",
        "No drill recorded",
        "Start backfill",
        "Runbook version 1",
        "None yet.",
    ):
        assert told in shown, told
    assert "Start backfill" not in text(client_of("vera"), f"/syncs/{connector.key}/?tab=runbook")
    for number in range(1, 8):
        backfill(
            key=f"bf-{number}",
            window_from=f"2026-10-0{number}T00:00:00Z",
            window_to=f"2026-10-0{number + 1}T00:00:00Z",
        )
    amal = client_of("amal")
    with django_assert_max_num_queries(MOST_QUERIES):
        amal.get(f"/syncs/{connector.key}/?tab=runbook")


def test_the_wizard_is_filled_in(client_of: ClientOf) -> None:
    sync()
    shown = text(client_of("amal"), "/backfills/new/?sync=crm-warehouse")
    for told in ('value="crm-warehouse-bf-1"', 'value="crm-warehouse"', "Backfill 1 of Crm Warehouse"):
        assert told in shown, told
    text(client_of("vera"), "/backfills/new/?sync=crm-warehouse", 403)
    assert text(client_of("amal"), f"/backfills/new/?sync={'x' * 500}&from=yesterday&to=9999-12-31T23:59:59-23:59")


def test_the_page_shows_the_work_and_renews_itself(
    client_of: ClientOf, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    backfill(window_to="2026-11-02T16:00:00+03:00", partition_hours=1)
    amal = client_of("amal")
    say(taken("w1"), rows=123)
    taken("w2")
    with django_assert_max_num_queries(MOST_QUERIES):
        shown = text(amal, PAGE)
    for told in (
        "1 of 40 parts are done",
        "123",
        "w2",
        f'hx-get="{WORK}?page=1"',
        "Pause…",
        "Part 1 is done by w1",
        "page 1 of 2",
    ):
        assert told in shown, told
    assert "w1" not in text(amal, f"{PAGE}?parts=running").partition('id="parts"')[2].partition('id="log"')[0]
    assert "page 2 of 2" in text(amal, f"{PAGE}?page=2")
    assert "page 2 of 2" in text(amal, f"{PAGE}?page=99&parts=nonsense")
    fragment = text(amal, f"{WORK}?page=2")
    assert "<html" not in fragment
    assert "page 2 of 2" in fragment
    assert "Pause…" not in text(client_of("vera"), PAGE)


def test_polling_ends_when_the_job_does(client_of: ClientOf) -> None:
    backfill()
    loaded()
    amal = client_of("amal")
    assert "hx-get" in text(amal, WORK)
    shown = text(amal, f"{PAGE}?act=verify")
    assert 'name="verification"' in shown
    answer = amal.post(WORK, {"action": "verify", "verification": "Row counts of both sides agree."}, follow=True)
    assert "is verified and done" in answer.content.decode()
    ended = text(amal, WORK, 286)
    assert "hx-get" not in ended
    assert "Row counts of both sides agree." in ended


def test_the_buttons(client_of: ClientOf) -> None:
    backfill()
    amal, vera = client_of("amal"), client_of("vera")

    def press(client: Client, **told: str) -> str:
        return client.post(WORK, told, follow=True).content.decode()

    assert "is paused" in press(amal, action="pause", reason="Month end.")
    assert "Month end." in text(amal, PAGE)
    assert "goes on" in press(amal, action="resume")
    assert "Say it in" in press(amal, action="cancel", reason=" ")
    assert "You may not" in press(vera, action="cancel", reason="Mine.")
    loaded()
    assert "parted by commas" in press(amal, action="retry", reason="Short.", partitions="1, two")
    assert "There is no part 9" in press(amal, action="retry", reason="Short.", partitions="9")
    assert "tried anew" in press(amal, action="retry", reason="Short.", partitions="1, 2")
    assert (part(1).state, part(3).state) == ("pending", "done")
    assert amal.post(WORK, {"action": "explode"}).status_code == 404
    assert amal.post("/backfills/nothing/work/", {"action": "resume"}).status_code == 404
    assert "is cancelled" in press(amal, action="cancel", reason="Enough.")
    assert job().state == "cancelled"


def test_a_job_that_nobody_works_on_is_shown_as_stalled(client_of: ClientOf) -> None:
    backfill()
    taken("w1", seconds=-1)
    shown = text(client_of("amal"), PAGE)
    assert "Nobody works on it" in shown
    assert "without a sign of life" in shown
    # The list says the same.
    assert "Stalled" in text(client_of("amal"), "/backfills/").partition("<tbody")[2]
    claim("w2")
    assert "Stalled" not in text(client_of("amal"), "/backfills/").partition("<tbody")[2]
    assert "Nobody works on it" not in text(client_of("amal"), PAGE)


def test_a_drill_is_recorded_on_a_page(client_of: ClientOf) -> None:
    sync()
    amal = client_of("amal")
    shown = text(amal, DRILL)
    digest = shown.partition('name="digest" value="')[2][:64]
    steps = {f"done_{number}": "on" for number in range(1, 5)}
    told = {"passed": "yes", "minutes": "30", "note": "Smooth.", "digest": digest} | steps
    refused = amal.post(DRILL, told | {"done_4": ""})
    assert refused.status_code == 422
    assert "Step 4 was not done" in refused.content.decode()
    assert amal.post(DRILL, told | {"minutes": "-1"}).status_code == 422
    assert amal.post(DRILL, told | {"digest": "0" * 64}).status_code == 409
    answer = amal.post(DRILL, told, follow=True).content.decode()
    assert "The drill is recorded." in answer
    assert "Tested" in answer
    assert Drill.objects.get().minutes == 30
    assert client_of("vera").get(DRILL).status_code == 403
    assert amal.get("/syncs/nothing/drill/").status_code == 404


def test_the_list_and_the_search_find_it(client_of: ClientOf) -> None:
    backfill()
    amal = client_of("amal")
    assert "0/4" in text(amal, "/backfills/")
    assert "crm-november" in text(amal, "/backfills/?sync=crm-warehouse&job=ready")
    assert "crm-november" not in text(amal, "/backfills/?job=done")
    assert "first week of November" in text(amal, "/backfills/?as_of=2126-01-01")
    assert "first week of November" in text(amal, "/search/?q=first+week", 200)
