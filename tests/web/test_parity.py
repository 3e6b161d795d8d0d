"""Each page says where the API gives what it shows, and the API does."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import resolve
from rest_framework.test import APIClient

from portal.web.parity import PAGES, TABS, api_address, curl_of
from severity import sweep
from severity.models import Incident
from tests.documents import data_movement_document, runtime_tool_document
from tests.events.registering import family
from tests.people import team
from tests.registering import apply_connector, submitted
from tests.severity.claims.world import claims
from tests.severity.slipping import AHEAD, PASSED, end, running

pytestmark = pytest.mark.django_db


def address_of(page: str) -> str:
    request = RequestFactory().get(page)
    request.resolver_match = resolve(request.path)
    return api_address(request)


def test_the_api_has_what_the_pages_show(api_of: Callable[[str], APIClient]) -> None:
    apply_connector(runtime_tool_document()), apply_connector(data_movement_document()), family(), team("crm-team")
    change = submitted(runtime_tool_document("waiting"), summary="Wait")
    task = running(deadline=PASSED)
    sweep.tick()
    (claim, *_more), incident = claims(), Incident.objects.order_by("pk")[0]
    pages = [
        "/tools/", "/syncs/", "/events/", "/metrics/", "/decisions/", "/datasets/", "/checkpoints/", "/releases/", "/policies/",
        "/approvals/?tab=team", "/incidents/", "/incidents/board/", "/tasks/?tab=all", "/claims/", "/sla/", "/watchlist/",
        "/maintenance/", "/agents/support-agent/", "/architecture/", "/lineage/", "/notices/", "/notices/choices/",
        "/deliveries/", "/webhooks/", "/rooms/", "/settings/routes/",
         "/settings/silences/", "/settings/people/", "/settings/teams/", "/settings/tokens/",
        "/settings/people/adam/", "/settings/teams/crm-team/", "/tools/crm-lookup/", change.get_absolute_url(),
        task.get_absolute_url(), incident.get_absolute_url(), claim.get_absolute_url(),
        "/tools/?state=active&owner=crm-team&q=crm&sort=-name&page=1", "/incidents/?severity=V2&severity=V3",
    ]  # fmt: skip
    client, told = api_of("adam"), set()
    for page in pages:
        address = address_of(page)
        assert address, page
        answer = client.get(address)
        assert answer.status_code == 200, (page, address, answer.content[:300])
        told.add(resolve(page.split("?")[0]).url_name)
    # Those that need what is made elsewhere: each is the detail of a list above.
    assert set(PAGES) - told == {"endpoint", "room", "route"}


def test_the_rows_are_the_same(api_of: Callable[[str], APIClient], client_of: Callable[[str], Client]) -> None:
    for number in range(4):
        apply_connector(runtime_tool_document(f"tool-{number}", {"name": f"Name {9 - number}"}))
    apply_connector(data_movement_document())
    page = "/tools/?sort=-name&q=name"
    rows = [row["key"] for row in api_of("amal").get(address_of(page)).json()["results"]]
    assert rows == ["tool-0", "tool-1", "tool-2", "tool-3"]
    shown = client_of("amal").get(page).content.decode()
    assert [shown.index(f'href="/tools/{key}/"') for key in rows] == sorted(
        shown.index(f'href="/tools/{key}/"') for key in rows
    )
    assert "/api/v1/connectors/?kind=runtime_tool&amp;ordering=-name&amp;q=name" in shown


@pytest.mark.parametrize(
    ("page", "tabs"), [(page, tab) for page in ("incidents", "tasks", "claims") for tab in TABS[page]]
)
def test_a_tab_is_the_same_in_the_api(
    api_of: Callable[[str], APIClient], client_of: Callable[[str], Client], page: str, tabs: str
) -> None:
    end(running(deadline=AHEAD))
    running(deadline=PASSED), claims()
    sweep.tick()
    path = f"/{page}/?tab={tabs}" if tabs else f"/{page}/"
    rows = [row.get("human_id", row["id"]) for row in api_of("yusuf").get(address_of(path)).json()["results"]]
    shown = client_of("yusuf").get(path).content.decode()
    table = shown[shown.index("<tbody>") : shown.index("</tbody>")] if "<tbody>" in shown else ""
    assert len(re.findall(r"<tr data-href=", table)) == len(rows)
    assert all(f">{one}<" in table for one in rows)


def test_the_inbox_is_the_same_in_the_api() -> None:
    assert address_of("/approvals/") == "/api/v1/changes/?inbox=needs_you"
    assert address_of("/approvals/?tab=decided&q=x") == "/api/v1/changes/?inbox=decided&q=x"
    # What needs somebody is no filter of the API: nothing is said rather than something else.
    assert address_of("/tasks/?tab=needs") == ""


def test_a_terminal_gets_the_token_from_its_environment(settings: Any) -> None:
    settings.PUBLIC_URL = "https://portal.example.com"
    told = "curl -H \"Authorization: Bearer $PORTAL_TOKEN\" 'https://portal.example.com/api/v1/x/?a=b'"
    assert curl_of("/api/v1/x/?a=b") == told


def test_a_page_that_the_api_does_not_have_says_nothing(client_of: Callable[[str], Client]) -> None:
    assert address_of("/settings/") == ""
    assert "This page in the API" not in client_of("amal").get("/settings/").content.decode()
    assert "This page in the API" in client_of("amal").get("/tools/").content.decode()
