"""No list reads a large table from end to end: each filter and order has an index that serves it."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.task_filters import TaskFilter
from portal.ordering import Ordering
from portal.web.views import listing
from tests import many
from tests.once import filled_once

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
# Pages count no further than this here, so that few rows show what many would; a table of fewer pages is read as it lies.
SHARE, COUNTED, PAGES = 8_000, 1_500, 60
LISTS = many.lists()


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    def fill() -> None:
        many.fill(SHARE)
        with connection.cursor() as cursor:
            # Reading a small table at once is cheap; so the planner decides on few rows as it does on many.
            cursor.execute("SET LOCAL random_page_cost = 1.1")

    with filled_once(django_db_blocker, fill):
        yield


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", COUNTED)


def scanned(plan: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """(table, rows read at once, rows kept) of each sequential scan; one that stops early reads few."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"], plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0), plan["Actual Rows"]
    for inner in plan.get("Plans", ()):
        yield from scanned(inner)


@cache
def size_of(table: str) -> tuple[float, int]:
    """How many rows a table has, and how many pages, as the database last counted them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples, relpages FROM pg_class WHERE oid = %s::regclass", [table])
        rows, pages = cursor.fetchone()
    return float(rows), int(pages)


def wrongs(client: Client, address: str) -> Iterator[str]:
    """The tables that a page reads from end to end."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    for query in asked.captured_queries:
        if not query["sql"].lstrip("( ").startswith("SELECT"):
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + query["sql"])
            (plan,) = cursor.fetchone()
        found = orjson.loads(plan) if isinstance(plan, str) else plan
        for table, rows, kept in scanned(found[0]["Plan"]):
            # All that hold some words are counted, and no index is better where those are many.
            counted = "COUNT(*) OVER" in query["sql"] and kept > 0.1 * rows
            there, pages = size_of(table)
            if pages >= PAGES and rows >= 0.9 * there and not counted:
                yield f"{address}: all {rows:.0f} rows of {table}"


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("path", "who", "filterset"), LISTS, ids=[path for path, _who, _filterset in LISTS])
def test_a_list_reads_by_its_indexes(
    client_of: Callable[[str], Client], path: str, who: str, filterset: type[Any] | None
) -> None:
    client = client_of(who)
    found: list[str] = []
    for query in many.asked_of(filterset):
        found += wrongs(client, f"{path}{'&' if '?' in path else '?'}{query}")
    assert found == [], "\n".join(found)


@pytest.mark.usefixtures("filled")
def test_this_would_see_a_list_without_an_index(
    client_of: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TaskFilter.base_filters, "ordering", Ordering(polls="polls"))
    assert list(wrongs(client_of("yusuf"), "/tasks/?tab=all&sort=polls"))
