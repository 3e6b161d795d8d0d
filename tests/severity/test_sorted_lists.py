"""The lists of tasks and incidents: one FilterSet sorts and filters the page, its CSV and the API."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from connectors.models import TrackedTask
from connectors.pages import TaskList
from connectors.task_filters import TaskFilter
from portal.ordering import orderings_of
from severity.filters import IncidentFilter
from severity.models import Incident
from severity.pages import IncidentList
from severity.rules import Level
from tests.connectors.tracking import world
from tests.many import mostly_ended
from tests.severity.test_pages import ENDPOINT, incident, signed_in

pytestmark = pytest.mark.django_db
LISTS: dict[str, tuple[str, Any, type[Any], str]] = {
    "tasks": ("/tasks/", TaskFilter, TaskList, r'<tr data-href="/tasks/(\d+)/"'),
    "incidents": ("/incidents/", IncidentFilter, IncidentList, r'<tr data-href="/incidents/INC-(\d+)/"'),
}
# What has an index; a filter does for the rest.
ORDERS = {"tasks": {"id", "state", "deadline_at"}, "incidents": {"id", "severity", "rule", "opened_at"}}
Api = Callable[..., APIClient]


@pytest.fixture
def rows() -> None:
    """Five incidents of five tasks, some of them alike."""
    for number in range(5):
        made = incident(Level(1 + number % 3), title=f"Slip {number % 2}")
        Incident.objects.filter(pk=made.pk).update(repeats=number % 2)
        TrackedTask.objects.filter(pk=made.task_id).update(polls=number % 2, operation=f"op-{number % 3}")


def on_page(client: Client, which: str, query: str) -> list[int]:
    answer = client.get(f"{LISTS[which][0]}?{query}")
    assert answer.status_code == 200
    return [int(number) for number in re.findall(LISTS[which][3], answer.content.decode())]


def in_csv(client: Client, which: str, query: str) -> list[dict[str, str]]:
    answer: Any = client.get(f"{LISTS[which][0]}?{query}&format=csv")
    assert answer.streaming
    assert answer["Content-Disposition"] == f'attachment; filename="{which}.csv"'
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [int(str(one.get("human_id") or one["id"]).rpartition("-")[2]) for one in found]


@pytest.mark.parametrize("which", LISTS)
def test_page_csv_and_api_are_sorted_alike_by_everything_there_is_to_sort_by(
    which: str, rows: None, api_of: Api
) -> None:
    client, api = signed_in(), api_of("amal")
    orders = orderings_of(LISTS[which][1])
    assert set(orders) == ORDERS[which]
    for name in orders:
        for order in (name, f"-{name}"):
            page = on_page(client, which, f"sort={order}&tab=all")
            assert len(set(page)) == 5
            assert numbers(in_csv(client, which, f"sort={order}&tab=all")) == page, order
            told = api.get(f"/api/v1/{which}/?ordering={order}").json()["results"]
            assert numbers(told) == page, order
            first = api.get(f"/api/v1/{which}/?ordering={order}&limit=2").json()
            stepped = numbers(first["results"])
            while first["next"]:
                first = api.get(first["next"]).json()
                stepped += numbers(first["results"])
            assert stepped == page, f"by cursor, {order}"


@pytest.mark.parametrize(
    ("which", "query"), [("tasks", "q=op-1&tab=all&sort=-state"), ("incidents", "severity=V2&sort=rule")]
)
def test_a_filtered_address_gives_the_same_rows_again_and_the_csv_has_them(which: str, query: str, rows: None) -> None:
    client = signed_in()
    page = on_page(client, which, query)
    assert len(page) == 2
    assert on_page(client, which, query) == page
    assert numbers(in_csv(client, which, query)) == page
    # The form that filters, the heads that sort and the link to the CSV keep what the other two say.
    text = client.get(f"{LISTS[which][0]}?{query}").content.decode()
    link = re.search(r'href="(\?[^"]*format=csv[^"]*)"', text)
    assert link
    for part in query.split("&"):
        assert part in link[1], link[1]
    assert re.search(r'aria-sort="(ascending|descending)"', text)
    assert f'name="sort" value="{query.rpartition("sort=")[2]}"' in text


@pytest.mark.parametrize("which", LISTS)
def test_every_head_that_sorts_names_an_order_of_the_filter_set(which: str, rows: None) -> None:
    text = signed_in().get(LISTS[which][0]).content.decode()
    heads = set(re.findall(r'class="sort" href="\?sort=([a-z_]+)"', text))
    assert heads == ORDERS[which]


@pytest.mark.parametrize("which", LISTS)
def test_an_order_that_there_is_not_is_ignored_on_pages_and_refused_by_the_api(
    which: str, rows: None, api_of: Api
) -> None:
    assert on_page(signed_in(), which, "sort=password") == on_page(signed_in(), which, "")
    assert api_of("amal").get(f"/api/v1/{which}/?ordering=password").status_code == 422


def test_what_a_tab_says_is_no_filter(rows: None) -> None:
    client = signed_in()
    done = Incident.objects.order_by("pk")[0]
    Incident.objects.filter(pk=done.pk).update(state="resolved", resolved_at=done.opened_at)
    # Whoever asks for resolved ones without a tab is shown theirs; beside a tab neither this nor `open` is heeded.
    for query in ("state=resolved", "tab=resolved&state=open", "tab=resolved&open=true"):
        assert on_page(client, "incidents", query) == [done.pk], query
    assert len(on_page(client, "incidents", "open=false")) == len(on_page(client, "incidents", "state=open")) == 4
    assert on_page(client, "tasks", "open=false") == on_page(client, "tasks", "") != []


def test_cells_are_no_formulas(rows: None) -> None:
    task = world.start(world.connector(ENDPOINT), idempotency_key="f")
    TrackedTask.objects.filter(pk=task.pk).update(trouble='=HYPERLINK("http://x")', remote_task_id="@sum")
    (found,) = [one for one in in_csv(signed_in(), "tasks", "tab=all") if one["id"] == task.human_id]
    assert (found["trouble"], found["remote_task_id"]) == ('\'=HYPERLINK("http://x")', "'@sum")


def test_the_csv_holds_more_than_one_page() -> None:
    of = world.connector(ENDPOINT)
    for _number in range(60):
        world.start(of)
    client = signed_in()
    assert len(on_page(client, "tasks", "")) == 50
    assert len(in_csv(client, "tasks", "page=2")) == 60


@pytest.mark.parametrize(
    ("which", "tab", "index"),
    [
        ("tasks", "", "task_open_deadline"),
        ("tasks", "ended", "task_ended_newest"),
        ("incidents", "", "incident_unresolved"),
        ("incidents", "resolved", "incident_resolved_newest"),
    ],
)
def test_the_order_a_list_comes_in_is_backed_by_an_index(which: str, tab: str, index: str) -> None:
    # The index of all deadlines would do for few tasks, and read all that ended before the first open one.
    mostly_ended(2_000)
    view = LISTS[which][2]()
    with connection.cursor() as cursor:
        # On an empty table anything is cheap: only whether the index can serve the order is asked.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = view._rows(tab).prefetch_related(None).select_related(None)[:50].explain()
    assert index in plan, plan
