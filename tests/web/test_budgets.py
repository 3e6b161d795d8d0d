"""Every list with more than fifty rows stays within its budget of queries and of bytes."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from severity import sweep
from tests.documents import data_movement_document, runtime_tool_document
from tests.once import filled_once
from tests.registering import apply_connector, proposed, submitted
from tests.severity.claims.world import reported
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.django_db
ROWS = 52
MOST_QUERIES = 25
MOST_BYTES = 40 * 1024


def tools() -> None:
    for number in range(ROWS):
        apply_connector(runtime_tool_document(f"tool-{number}"))


def syncs() -> None:
    for number in range(ROWS):
        apply_connector(data_movement_document(f"sync-{number}"))


def waiting() -> None:
    for number in range(ROWS):
        submitted(runtime_tool_document(f"tool-{number}"), summary=f"Register tool number {number}")


def drafts() -> None:
    for number in range(ROWS):
        proposed(runtime_tool_document(f"tool-{number}"), summary=f"Begin tool number {number}")


def slips() -> None:
    for _ in range(ROWS):
        running(deadline=PASSED)
    sweep.tick()


def contradictions() -> None:
    for number in range(ROWS):
        reported(reference=f"c-{number}", statement=f"The contact number {number} was updated.")


def agents() -> None:
    line = {"operations": ["lookup_customer"], "environments": ["prod"]}
    for part in range(2):
        allowlist = [line | {"agent": f"agent-{part}-{number}"} for number in range(ROWS // 2)]
        apply_connector(runtime_tool_document(f"tool-{part}", {"runtime_tool.allowlist": allowlist}))


LISTS: list[tuple[str, str, Callable[[], None]]] = [
    ("/tools/", "amal", tools),
    ("/syncs/", "amal", syncs),
    ("/approvals/", "omar", waiting),
    ("/approvals/?tab=mine", "amal", waiting),
    ("/tools/", "amal", drafts),
    ("/search/?q=tool", "amal", tools),
    ("/audit/", "huda", tools),
    ("/agents/", "vera", agents),
    ("/agents/support-agent/", "vera", tools),
    ("/tasks/?tab=all", "yusuf", slips),
    ("/incidents/", "yusuf", slips),
    ("/claims/", "yusuf", contradictions),
    ("/sla/", "yusuf", slips),
    ("/sla/", "omar", waiting),
    ("/", "omar", slips),
    ("/", "omar", waiting),
]


@pytest.fixture(scope="module")
def filled(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows as the function of the parameter makes them."""
    with filled_once(django_db_blocker, request.param):
        yield


@pytest.mark.parametrize(("path", "who", "filled"), LISTS, indirect=["filled"])
@pytest.mark.usefixtures("filled")
def test_a_list_of_fifty_stays_within_its_budget(
    client_of: Callable[[str], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
    path: str,
    who: str,
) -> None:
    client = client_of(who)
    with django_assert_max_num_queries(MOST_QUERIES):
        answer = client.get(path)
    assert answer.status_code == 200
    weight = len(gzip.compress(answer.content, compresslevel=6))
    assert weight <= MOST_BYTES, f"{weight} bytes"


@pytest.mark.parametrize(
    ("path", "who", "filled"),
    [
        one
        for one in LISTS
        if one[0] in ("/tools/", "/tasks/?tab=all", "/incidents/", "/claims/", "/sla/") and one[2] is not drafts
    ],
    indirect=["filled"],
)
@pytest.mark.usefixtures("filled")
def test_the_list_really_holds_fifty_rows(client_of: Callable[[str], Client], path: str, who: str) -> None:
    assert client_of(who).get(path).content.count(b"<tr data-href=") >= 50
