"""How operations are observed is part of the document: checked, governed, and changed like all of it."""

from typing import Any

import pytest

from connectors import rules
from connectors.tracking import ways
from portal.registry import kinds
from portal.registry.documents import digest
from tests.documents import runtime_tool_document
from tests.people import team

pytestmark = pytest.mark.django_db
STATUS = {
    "way": "http_status",
    "status_url": "https://jobs.example.com/jobs/{task_id}",
    "status_map": [{"says": "RUNNING", "means": "working"}, {"says": "OK", "means": "completed"}],
}


@pytest.fixture(autouse=True)
def _owner() -> None:
    team("crm-team")


def checked(observation: Any, transport: str = "http") -> tuple[Any, list[tuple[str, str]]]:
    document = runtime_tool_document(
        "jobs", {"runtime_tool.observation": observation, "runtime_tool.transport": transport}
    )
    found, problems = kinds.get("runtime_tool").check(document)
    return found, [(one.path, one.code) for one in problems]


def test_a_document_that_says_nothing_stays_what_it_was() -> None:
    document = runtime_tool_document("crm-lookup")
    found, problems = kinds.get("runtime_tool").check(document)
    assert (
        problems,
        "observation" in found["runtime_tool"],
        "cancel_seconds" in found["runtime_tool"]["task_sla"],
    ) == ([], False, False)
    assert digest(found) == digest(document)
    assert ways.name_of(found) is ways.WayName.MCP_TASKS


def test_a_status_resource_is_sound_and_names_its_way() -> None:
    found, problems = checked(STATUS)
    assert problems == []
    way = ways.way_of(found)
    assert isinstance(way, ways.HttpStatus)
    assert (way.resource.words, way.resource.status_pointer) == ({"RUNNING": "working", "OK": "completed"}, "/status")
    assert (ways.name_of(found), ways.starts(found)) == (ways.WayName.HTTP_STATUS, False)
    started, _ = checked(STATUS | {"start_url": "https://jobs.example.com/jobs"})
    assert ways.starts(started)


@pytest.mark.parametrize(
    ("observation", "transport", "path"),
    [
        ({"way": "http_status"}, "http", "status_url"),
        (STATUS | {"status_map": []}, "http", "status_map"),
        (STATUS | {"status_map": [{"says": "A", "means": "working"}] * 2}, "http", "status_map"),
        (STATUS | {"status_map": [{"says": "A", "means": "paused"}]}, "http", "status_map"),
        (STATUS | {"status_url": "https://jobs.example.com/jobs"}, "http", "status_url"),
        (STATUS | {"status_url": "http://169.254.169.254/{task_id}"}, "http", "status_url"),
        (STATUS | {"start_url": "http://10.0.0.1/jobs"}, "http", "start_url"),
        (STATUS | {"status_pointer": "status"}, "http", "status_pointer"),
        ({"way": "reported", "start_url": "https://jobs.example.com/"}, "http", "way"),
        ({"way": "reported", "webhook_secret_ref": "s3cret"}, "http", "webhook_secret_ref"),
        ({"way": "mcp_tasks_legacy"}, "http", "way"),
        ({"way": "smoke"}, "http", "way"),
        ({"way": "reported", "more": 1}, "http", "more"),
    ],
)
def test_what_does_not_hold_together_is_refused_with_its_place(observation: Any, transport: str, path: str) -> None:
    _found, problems = checked(observation, transport)
    assert len(problems) == 1, problems
    assert problems[0][0].startswith("runtime_tool.observation")
    assert path in problems[0][0]


def test_a_runbook_names_who_answers_for_long_operations() -> None:
    team("finance-ops")
    runbook = {"owner": "finance-ops", "steps": ["Look at the queue."]}
    document = runtime_tool_document("jobs", {"runtime_tool.runbook": runbook})
    assert kinds.get("runtime_tool").check(document)[1] == []
    wrong = runtime_tool_document("jobs", {"runtime_tool.runbook": {"owner": "nobody-here"}})
    (problem,) = kinds.get("runtime_tool").check(wrong)[1]
    assert (problem.path, problem.code) == ("runtime_tool.runbook.owner", "unknown_team")


def test_where_it_looks_is_governed_like_an_endpoint() -> None:
    before, _ = checked(STATUS)
    after, _ = checked(STATUS | {"status_url": "https://elsewhere.example.com/{task_id}"})
    assert "endpoint" in rules.touched(before, after)
