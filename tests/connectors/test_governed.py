"""What is signed for whatever the classes of a connector are: what agents may call as it stands, and where secrets are sent."""

from typing import Any

import pytest

from connectors.models import Connector
from tests.documents import data_movement_document, runtime_tool_document
from tests.registering import apply_connector, submitted

pytestmark = pytest.mark.django_db
FREE = {
    "facets.approval_policy_hook.approval_class": "A0",
    "facets.approval_policy_hook.reversibility_class": "R0",
    "facets.approval_policy_hook.sensitivity_class": "S0",
}
PIN = {"operation": "lookup_customer", "input_digest": "a" * 64}
JOBS = {"url": "https://airbyte.example.com/api", "connection": "c-1", "credential_ref": "env:AIRBYTE_TOKEN"}
DOCUMENTS = {"tool": runtime_tool_document, "sync": data_movement_document}


@pytest.mark.parametrize(
    ("kind", "path", "value", "least"),
    [
        ("tool", "runtime_tool.tool_pins", [PIN], "A1"),
        ("tool", "runtime_tool.credential_ref", "env:OTHER_TOKEN", "A2"),
        ("sync", "data_movement.jobs_api", JOBS, "A2"),
    ],
)
def test_nobody_changes_alone_what_is_approved_of_tools_or_where_secrets_go(
    kind: str, path: str, value: Any, least: str
) -> None:
    apply_connector(DOCUMENTS[kind](changes=FREE))
    change = submitted(DOCUMENTS[kind](changes=FREE | {path: value}))
    assert (change.state, change.required_class, change.action_class) == ("in_review", least, "B")
    assert Connector.objects.get().version == 1


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [("tool", "runtime_tool.credential_ref", "env:CRM_TOKEN"), ("sync", "data_movement.jobs_api", JOBS)],
)
def test_nobody_alone_registers_what_a_secret_is_sent_to(kind: str, path: str, value: Any) -> None:
    change = submitted(DOCUMENTS[kind](changes=FREE | {path: value}))
    assert (change.state, change.required_class) == ("in_review", "A2")
    assert submitted(DOCUMENTS[kind]("without-one", FREE)).state == "applied"
