"""No list reads a large table from end to end: each filter and order has an index that serves it, or is named here."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.web.views import listing
from tests import many
from tests.once import filled_once

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
# Pages count no further than this here, so that few rows show what many would; fewer than `MANY` are read as they lie.
SHARE, COUNTED, MANY = 8_000, 1_500, 1_000
LISTS = many.lists()
# Read once from end to end when somebody asks for it: tens of milliseconds at a hundred thousand rows. An index for each would
# cost every write of these tables, and the largest of them are written the most.
WITHOUT_INDEX = {
    "/tasks/": {"sort", "q", "connector", "state"},
    "/incidents/": {"sort", "q", "severity", "rule", "source", "dimension", "object", "merged", "owner"},
    "/claims/": {"sort=owner"},
    "/deliveries/": {"sort", "topic", "q", "channel", "receiver"},
    # All of them are of one person here, as they never are elsewhere.
    "/notices/": {"q", "unread", "reason"},
    "/audit/": {"actor_type"},
    "/syncs/": {"sort=deadline"},
}


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with filled_once(django_db_blocker, lambda: many.fill(SHARE)):
        yield


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", COUNTED)


def scanned(plan: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """(table, rows read at once) of each sequential scan; one that stops early reads few."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"], plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    for inner in plan.get("Plans", ()):
        yield from scanned(inner)


@cache
def rows_of(table: str) -> float:
    """How many rows a table has, as the database last counted them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        (rows,) = cursor.fetchone()
    return float(rows)


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
        for table, rows in scanned(found[0]["Plan"]):
            if rows > MANY and rows >= 0.9 * rows_of(table):
                yield f"{address}: all {rows:.0f} rows of {table}"


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("path", "who", "filterset"), LISTS, ids=[path for path, _who, _filterset in LISTS])
def test_a_list_reads_by_its_indexes(
    client_of: Callable[[str], Client], path: str, who: str, filterset: type[Any] | None
) -> None:
    client, without = client_of(who), WITHOUT_INDEX.get(urlsplit(path).path, set())
    found: list[str] = []
    for query in many.asked_of(filterset):
        asked = {name for name, _value in parse_qsl(query)} | {query.replace("=-", "=")}
        if not asked & without:
            found += wrongs(client, f"{path}{'&' if '?' in path else '?'}{query}")
    assert found == [], "\n".join(found)


@pytest.mark.usefixtures("filled")
def test_this_would_see_a_list_without_an_index(client_of: Callable[[str], Client]) -> None:
    assert list(wrongs(client_of("yusuf"), "/tasks/?tab=all&sort=polls"))
