"""A filter stands in the address, the address gives the same rows again, and CSV gives them too: on every list that has CSV."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from severity import sweep
from tests import many
from tests.once import filled_once

pytestmark = pytest.mark.django_db
SHARE = 400
# (address, who looks, a query that leaves some rows out).
LISTS = [
    ("/tools/", "amal", "q=gateway&sort=-name"),
    ("/syncs/", "amal", "q=sync&owner=team-3"),
    ("/events/", "amal", "q=lookup"),
    ("/metrics/", "amal", "owner=team-3"),
    ("/datasets/", "amal", "q=sync"),
    ("/checkpoints/", "amal", "q=sync"),
    ("/releases/", "amal", "q=export"),
    ("/approvals/", "omar", "q=gateway"),
    ("/approvals/?tab=decided", "omar", "kind=runtime_tool"),
    ("/tasks/?tab=all", "yusuf", "owner=team-3&sort=-deadline_at"),
    ("/incidents/", "yusuf", "severity=V2"),
    ("/incidents/?tab=resolved", "yusuf", "q=gateway"),
    ("/claims/?tab=all", "yusuf", "q=sync"),
    ("/audit/", "huda", "action=change."),
    ("/deliveries/", "adam", "q=export"),
    ("/settings/people/", "adam", "role=engineer"),
    ("/settings/teams/", "adam", "q=team-1"),
    ("/sla/", "yusuf", "kind=task&owner=team-3"),
]


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    def fill() -> None:
        many.fill(SHARE)
        sweep.tick()

    with filled_once(django_db_blocker, fill):
        yield


def rows_of(client: Client, address: str) -> list[str]:
    """The rows of the first table of a page, as text without what clocks say."""
    page = client.get(address).content.decode()
    body = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    rows = (
        re.findall(r"<tr\b.*?</tr>", re.sub(r"<time.*?</time>", "", body[1], flags=re.DOTALL), re.DOTALL)
        if body
        else []
    )
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in rows]


def heads_of(rows: list[str]) -> list[str]:
    """The ids of the tasks of these rows."""
    return sorted(re.findall(r"\bT-\d+", row)[0] for row in rows)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("path", "who", "query"), LISTS, ids=[path for path, _who, _query in LISTS])
def test_the_address_and_csv_give_the_same_rows(
    client_of: Callable[[str], Client], path: str, who: str, query: str
) -> None:
    client = client_of(who)
    sign = "&" if "?" in path else "?"
    address = f"{path}{sign}{query}"
    shown, everything = rows_of(client, address), rows_of(client, path)
    assert shown
    assert len(shown) < len(everything) or len(everything) == 50
    again = rows_of(client, address)
    # Between two looks at the watch a clock may pass: order and words of a row move with it, which rows there are does not.
    assert (heads_of(again) if path == "/sla/" else again) == (heads_of(shown) if path == "/sla/" else shown)
    answer = client.get(f"{address}&format=csv")
    assert answer["Content-Type"].startswith("text/csv")
    text = answer.getvalue().decode()
    assert text.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1:]
    # A page holds fifty; CSV all of them, in the same order.
    assert len(lines[:50]) == len(shown)
    assert len(lines) >= len(shown)
    if path != "/sla/":
        for line, row in zip(lines, shown, strict=False):
            assert any(cell and cell.lstrip("'") in row for cell in line[:4]), (line[:4], row)
