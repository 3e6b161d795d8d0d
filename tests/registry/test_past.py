"""The registry as it stood: by page and API, one version of each entry."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from connectors.models import Connector
from portal.changes import decisions, services
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.registry.past import versions_at
from tests.documents import runtime_tool_document
from tests.people import actor, team
from tests.registering import EVIDENCE

pytestmark = pytest.mark.django_db
NOW = timedelta(0)


def applied(key: str, ago: timedelta, **changes: object) -> None:
    """A version of this tool that was applied so long ago."""
    now = database_now() - ago
    team()
    draft = Draft(document=runtime_tool_document(key, dict(changes)), evidence=EVIDENCE)
    change = services.propose(actor=actor("amal"), kind_name="runtime_tool", key=key, draft=draft, now=now)
    change = services.submit(actor=actor("amal"), change_id=change.pk, now=now)
    decisions.approve(actor=actor("omar"), change_id=change.pk, digest=change.digest, now=now)


@pytest.fixture
def history() -> None:
    applied("crm-lookup", timedelta(days=9), name="Old name")
    applied("crm-lookup", timedelta(days=5), name="Middle name", **{"facets.version.number": "1.0.1"})
    applied("crm-lookup", timedelta(days=1), name="New name", **{"facets.version.number": "1.0.2"})
    applied("late-tool", timedelta(days=2), name="Late tool")


@pytest.mark.parametrize(("days", "names"), [(10, []), (7, ["Old name"]), (3, ["Middle name"]),
                                             (1.5, ["Middle name", "Late tool"]), (0, ["New name", "Late tool"])])  # fmt: skip
def test_each_entry_has_the_version_that_stood(history: None, days: float, names: list[str]) -> None:
    found = versions_at(Connector, database_now() - timedelta(days=days))
    assert [row.name for row in found] == names


def test_page_csv_and_api_show_the_past(
    history: None, client_of: Callable[[str], Client], api_of: Callable[..., APIClient]
) -> None:
    moment = (database_now() - timedelta(days=3)).isoformat()
    page = client_of("vera").get("/tools/", {"as_of": moment}).content.decode()
    assert "Middle name" in page
    assert "New name" not in page
    assert "Late tool" not in page
    assert 'href="/tools/crm-lookup/"' in page
    csv = b"".join(client_of("vera").get("/tools/", {"as_of": moment, "format": "csv"})).decode()
    assert "Middle name" in csv
    entry = Connector.objects.get(key="crm-lookup")
    rows = api_of("vera").get("/api/v1/connectors/", {"as_of": moment}).json()["results"]
    assert [(row["id"], row["name"], row["version"]) for row in rows] == [(entry.human_id, "Middle name", 2)]
    assert api_of("vera").get("/api/v1/connectors/", {"as_of": moment, "q": "new"}).json()["results"] == []


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "2026-11-23T99:00", "'"])
def test_no_moment_is_a_clear_answer(
    text: str, client_of: Callable[[str], Client], api_of: Callable[..., APIClient]
) -> None:
    answer = client_of("vera").get("/tools/", {"as_of": text})
    assert answer.status_code == 422
    assert "is no moment" in answer.content.decode()
    refused = api_of("vera").get("/api/v1/connectors/", {"as_of": text})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "as_of")


def test_the_versions_tab_takes_few_queries(
    history: None, client_of: Callable[[str], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of("vera")
    client.get("/tools/crm-lookup/?tab=versions")
    with django_assert_max_num_queries(25) as made:
        client.get("/tools/crm-lookup/?tab=versions")
    about = [query["sql"] for query in made.captured_queries if "historicalconnector" in query["sql"]]
    assert len(about) == 1
