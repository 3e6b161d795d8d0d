"""Whether an agent may make a call: every reason, agreement with the list, and what a change does at once."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from connectors.allowlist import reading
from connectors.allowlist.deciding import Call, CallAnswer, decide
from connectors.allowlist.reasons import REASONS
from connectors.environments import ENVIRONMENTS
from connectors.models import AgentAllowlist, CallDecision, Connector, KnownTool
from portal.operations.services import database_now
from portal.registry.models import EntryState
from portal.roles import ActorType
from tests.connectors.allowlist.world import (
    AGENT,
    READ,
    WRITE,
    document,
    line,
    pin,
    quarantine_of,
    quarantined,
    rewritten,
    tool,
)
from tests.documents import data_movement_document, runtime_tool_document
from tests.people import actor
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
DECIDE = "/api/v1/allowlist/decide/"


def asked(
    operation: str = READ, environment: str = "prod", agent: str = AGENT, connector: str = "crm-lookup"
) -> CallAnswer:
    return decide(Call(agent, connector, operation, environment), actor=actor("amal"))


def codes(*args: Any, **kwargs: Any) -> list[str]:
    return [reason["code"] for reason in asked(*args, **kwargs)["reasons"]]


def test_a_call_that_is_allowed() -> None:
    connector = tool()
    answer = asked()
    assert (answer["allowed"], answer["reasons"], answer["warnings"]) == (True, [], [])
    assert (answer["version"], answer["contract_version"]) == (connector.version, "1.0.0")
    assert answer["pin"] == {name: one for name, one in pin(READ).items() if name != "operation"}
    (kept,) = CallDecision.objects.all()
    assert (kept.connector_key, kept.agent, kept.operation, kept.environment) == ("crm-lookup", AGENT, READ, "prod")
    assert (kept.allowed, kept.reason) == (True, "")


def _deprecated() -> None:
    tool(state=EntryState.DEPRECATED)


def _http() -> None:
    tool(document(transport="http", tool_pins=[]))


def _before_environments() -> None:
    made = document()
    del made["runtime_tool"]["allowlist"][0]["environments"]
    tool(made)


@pytest.mark.parametrize("arrange", [_deprecated, _http, _before_environments], ids=lambda one: one.__name__)
def test_what_is_no_reason_against_a_call(arrange: Callable[[], None]) -> None:
    arrange()
    for environment in ("dev", "prod"):
        assert asked(environment=environment)["allowed"] is True
    assert [one["code"] for one in asked()["warnings"]] == (["deprecated"] if arrange is _deprecated else [])


def _quarantined_connector() -> None:
    quarantine_of(tool(), database_now())


REFUSED: list[tuple[Callable[[], Any], dict[str, str], list[str]]] = [
    (tool, {"connector": "no-such-tool"}, ["unknown_connector"]),
    (lambda: tool(data_movement_document("crm-lookup"), kind="data_movement"), {}, ["wrong_kind"]),
    (lambda: tool(state=EntryState.DRAFT), {}, ["not_active"]),
    (lambda: tool(state=EntryState.RETIRED), {}, ["not_active"]),
    (_quarantined_connector, {}, ["quarantined_connector"]),
    (tool, {"agent": "stranger"}, ["unknown_agent"]),
    (tool, {"operation": WRITE}, ["not_allowlisted"]),
    (lambda: (tool(), tool(document("other", allowlist=[line(READ, agent="sales-agent")]))),
     {"agent": "sales-agent"}, ["not_allowlisted"]),
    (tool, {"operation": "drop_tables"}, ["not_allowlisted", "unknown_operation"]),
    (tool, {"environment": "staging"}, ["not_in_environment"]),
    (lambda: tool(document(tool_pins=[pin(WRITE)])), {}, ["unpinned"]),
    (lambda: quarantined(tool()), {}, ["quarantined_tool"]),
    (lambda: quarantined(tool(document(tool_pins=[]), state=EntryState.RETIRED)), {"environment": "canary"},
     ["not_active", "not_in_environment", "unpinned", "quarantined_tool"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arrange", "call", "expected"), REFUSED, ids=lambda one: "-".join(one) if one and not callable(one) else ""
)
def test_every_reason_against_a_call(arrange: Callable[[], Any], call: dict[str, str], expected: list[str]) -> None:
    arrange()
    CallDecision.objects.all().delete()
    answer = asked(**call)
    assert (answer["allowed"], [one["code"] for one in answer["reasons"]]) == (False, expected)
    assert all(one["message"] and one["what_to_do"] and "%(" not in str(one) for one in answer["reasons"])
    (kept,) = CallDecision.objects.all()
    assert (kept.allowed, kept.reason) == (False, expected[0])


def test_the_table_names_every_reason_that_is_told_and_no_other() -> None:
    assert {code for _arrange, _call, expected in REFUSED for code in expected} == set(REASONS)


def test_names_that_nobody_registered_are_counted_under_none() -> None:
    tool()
    asked(connector="x" * 60, agent="y" * 60, operation="z")
    asked(agent="nobody")
    asked(operation="nothing")
    kept = CallDecision.objects.order_by("id").values_list("connector_key", "agent", "operation")
    assert list(kept) == [("", "", ""), ("crm-lookup", "", READ), ("crm-lookup", AGENT, "")]


def test_it_is_one_statement_that_finds_the_connector_by_its_key() -> None:
    for number in range(30):
        tool(document(f"tool-{number}"))
    amal = actor("amal")
    with CaptureQueriesContext(connection) as queries:
        decide(Call(AGENT, "tool-7", READ, "prod"), actor=amal)
    assert len(queries) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Cond: ((key)::text = 'tool-7'" in plan, plan
    assert "Seq Scan on connectors_connector" not in plan, plan


lines = st.lists(
    st.builds(
        lambda operations, environments: line(*sorted(operations), environments=tuple(sorted(environments))),
        st.sets(st.sampled_from([READ, WRITE]), min_size=1),
        st.sets(st.sampled_from(ENVIRONMENTS), min_size=1),
    ),
    max_size=1,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    allowlist=lines,
    transport=st.sampled_from(["http", "streamable_http"]),
    pins=st.sets(st.sampled_from([READ, WRITE])),
    state=st.sampled_from(EntryState.values),
    tools=st.sets(st.sampled_from([READ, WRITE])),
    whole=st.booleans(),
)
def test_the_list_holds_exactly_the_calls_that_are_decided_with_yes(
    db: None, allowlist: list[Any], transport: str, pins: set[str], state: str, tools: set[str], whole: bool
) -> None:
    with transaction.atomic():
        connector = tool(
            document(allowlist=allowlist, transport=transport, tool_pins=[pin(one) for one in sorted(pins)]),
            state=state,
        )
        for one in tools:
            quarantined(connector, one)
        quarantine_of(connector, database_now() if whole else None)
        expected = {
            (one, environment)
            for one, environment in product([READ, WRITE], ENVIRONMENTS)
            if state in ("active", "deprecated") and not whole and one not in tools
            and (transport == "http" or one in pins)
            and any(one in entry["operations"] and environment in entry["environments"] for entry in allowlist)
        }  # fmt: skip
        decided = {
            (one, environment)
            for one, environment in product([READ, WRITE], ENVIRONMENTS)
            if asked(one, environment)["allowed"]
        }
        listed = {
            (operation["name"], environment)
            for environment in ENVIRONMENTS
            for one in reading.allowed(AGENT, environment)[1]["connectors"]
            for operation in one["operations"]
        }
        anywhere = {
            (operation["name"], environment)
            for one in reading.allowed(AGENT)[1]["connectors"]
            for operation in one["operations"]
            for environment in operation["environments"]
        }
        assert decided == listed == anywhere == expected
        transaction.set_rollback(True)


def test_a_change_that_is_applied_is_seen_by_the_next_question() -> None:
    made = document(allowlist=[])
    apply_connector(made)
    assert codes() == ["unknown_agent"]
    made["runtime_tool"]["allowlist"] = [line(READ)]
    apply_connector(made)
    assert codes() == []
    connector = Connector.objects.get(key="crm-lookup")
    quarantined(connector)
    assert codes() == ["quarantined_tool"]
    KnownTool.objects.update(quarantined=False)
    assert codes() == []
    apply_connector(made, to_state="retired")
    assert codes() == ["not_active"]


def test_the_revision_grows_with_whatever_moves_the_list() -> None:
    def revision() -> int:
        return AgentAllowlist.objects.get(agent=AGENT).revision

    connector = tool()
    seen = [revision()]
    for move in (
        lambda: rewritten(connector, allowlist=[line(READ, WRITE)]),
        lambda: Connector.objects.filter(pk=connector.pk).update(state="deprecated"),
        lambda: quarantined(connector),
        lambda: KnownTool.objects.update(quarantined=False),
        lambda: quarantined(connector),
        lambda: KnownTool.objects.all().delete(),
        lambda: quarantine_of(connector, database_now()),
        lambda: quarantine_of(connector, None),
        lambda: rewritten(connector, allowlist=[]),
    ):
        move()
        seen.append(revision())
    assert seen == list(range(1, 11))


@pytest.mark.parametrize("address", [DECIDE, DECIDE.rstrip("/")])
def test_a_runtime_asks_over_the_api(api_of: Callable[..., APIClient], address: str) -> None:
    tool()
    body = {"agent": AGENT, "connector": "crm-lookup", "operation": READ, "environment": "prod"}
    for actor_type in ActorType.values:
        answer = api_of("vera", actor_type).post(address, body, headers={"X-Correlation-ID": "call-17"})
        assert (answer.status_code, answer.json()["allowed"], answer.json()["correlation_id"]) == (200, True, "call-17")
    refused = api_of("vera").post(address, body | {"environment": "canary"})
    assert (refused.status_code, refused.json()["allowed"]) == (200, False)
    assert refused.json()["reasons"] == [
        {
            "code": "not_in_environment",
            "message": "“support-agent” is not allowed “lookup_customer” in canary.",
            "what_to_do": "Propose a change that adds the environment to the allowlist; Crm Team owns the connector.",
        }
    ]
    assert APIClient().post(address, body).status_code == 401
    assert CallDecision.objects.count() == len(ActorType.values) + 1


WHOLE: dict[str, Any] = {"agent": AGENT, "connector": "crm-lookup", "operation": READ, "environment": "prod"}
NO_NAMES: list[Any] = ["", None, {}, [], 7.5e300, True, "a" * 101, "a\0b", "\ud800"]
BAD: list[Any] = [
    {}, [], "x", 1, None, WHOLE | {"more": 1}, WHOLE | {"environment": "moon"}, WHOLE | {"environment": ["prod"]},
    *({name: one for name, one in WHOLE.items() if name != gone} for gone in WHOLE),
    *(WHOLE | {name: bad} for name in WHOLE for bad in NO_NAMES),
]  # fmt: skip


def test_bad_bodies_are_refused_and_not_counted(api_of: Callable[..., APIClient]) -> None:
    tool()
    api = api_of("vera")
    for body in BAD:
        answer = api.post(DECIDE, json.dumps(body), content_type="application/json")
        numbers = isinstance(body, dict) and any(isinstance(one, float) for one in body.values())
        assert answer.status_code in (400, 422) or (numbers and answer.status_code == 200), (body, answer.content)
    for raw in (b"", b"{", b"\xff", b"[" * 100_000, b'{"agent": "a", "agent": "b"}', b"NaN"):
        assert api.post(DECIDE, raw, content_type="application/json").status_code in (400, 422)
    assert not CallDecision.objects.filter(allowed=True).exists()
    assert api.get(DECIDE).status_code == 405


def test_awkward_names_are_names(api_of: Callable[..., APIClient]) -> None:
    tool(runtime_tool_document("other"))
    for awkward in ("%(agent)s", "'; DROP TABLE x; --", "$name", '"', "\\", "🚀", "%s", "{}", "؛", " crm-lookup"):
        body = dict.fromkeys(("agent", "connector", "operation"), awkward) | {"environment": "prod"}
        answer = api_of("vera").post(DECIDE, body)
        assert (answer.status_code, answer.json()["allowed"], answer.json()["connector"]) == (200, False, awkward)
