"""Looks at a server: what is kept of them, what a look that fails means, and answers that come late, twice or at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from connectors.models import KnownTool, ProbeOutcome, ToolDefinition, Verification
from connectors.tools import recording, watching
from connectors.tools.probing import probe
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.refusals import Conflict, Forbidden, Missing
from portal.registry.models import EntryState
from tests.connectors.tools.world import (
    LOOKUP,
    UPDATE,
    Shelf,
    document,
    known,
    looked,
    registered,
    states,
    tool,
    verification,
)
from tests.database import looking_again
from tests.documents import data_movement_document
from tests.people import actor
from tests.registering import apply_connector, approved, submitted
from tests.servers import scripted as server_that
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.django_db


def test_a_first_look_shows_what_the_server_is_and_has(scripted: ScriptedServer) -> None:
    registered(Shelf(scripted, LOOKUP, UPDATE), LOOKUP)
    assert states() == {"lookup_customer": "unseen"}
    assert verification().probe_at <= database_now(), "looked at as soon as it was applied"
    assert looked().seen.outcome == ProbeOutcome.SEEN
    seen = verification()
    assert (seen.server_name, seen.server_version, seen.protocol_versions, seen.tools, seen.failures) == (
        "Shelf", "1.2", ["2026-07-28"], 2, 0,
    )  # fmt: skip
    assert states() == {"lookup_customer": "pinned", "update_customer": "new"}
    assert timedelta(hours=21) < seen.probe_at - database_now() < timedelta(hours=27)
    assert not KnownTool.objects.filter(quarantined=True).exists()
    assert KnownTool.objects.filter(drift_since__isnull=False).count() == 0, "what was there at the first look came not"
    row = known()
    assert row.approved_id == row.seen_id
    assert row.seen is not None
    assert row.seen.definition["description"] == LOOKUP["description"]
    looked()
    assert ToolDefinition.objects.count() == 2, "a definition is kept once"


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (server_that.unauthorized(), ProbeOutcome.UNAUTHORIZED),
        (server_that.slow_down(), ProbeOutcome.RATE_LIMITED),
        (server_that.server_error(503), ProbeOutcome.UNAVAILABLE),
        (server_that.answer("<h1>Welcome</h1>", 200, "text/html"), ProbeOutcome.PROTOCOL),
        (server_that.result({"tools": "none"}), ProbeOutcome.PROTOCOL),
    ],
)
def test_a_server_that_does_not_answer_has_not_drifted(
    scripted: ScriptedServer, behaviour: Any, outcome: ProbeOutcome
) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP)
    looked()
    scripted.behave(behaviour)
    assert looked().seen.outcome == outcome
    now, first = database_now(), verification()
    assert (first.outcome, first.failures, states()) == (outcome, 1, {"lookup_customer": "pinned"})
    assert first.detail
    assert timedelta(seconds=50) < first.probe_at - now < timedelta(seconds=70)
    looked()
    looked()
    third = verification()
    assert timedelta(seconds=210) < third.probe_at - database_now() < timedelta(seconds=270), "later with each failure"
    assert third.seen_at == first.seen_at


def test_a_wait_after_failures_is_never_longer_than_the_usual_one(settings: Any) -> None:
    settings.TOOL_PROBE_SECONDS = 600
    assert recording.next_look(500) <= timedelta(seconds=660)


def test_a_missing_credential_is_told_and_nothing_is_sent(scripted: ScriptedServer) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP, runtime_tool__credential_ref="env:CREDENTIAL_NOT_SET")
    assert looked().seen.outcome == ProbeOutcome.CREDENTIAL
    assert scripted.requests == []


def test_an_address_that_may_not_be_reached_is_refused(scripted: ScriptedServer, settings: Any) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP)
    settings.OUTBOUND_ALLOW = []
    assert looked().seen.outcome == ProbeOutcome.REFUSED
    assert scripted.requests == []


def test_who_may_have_a_look_made_and_at_what(scripted: ScriptedServer) -> None:
    of = registered(Shelf(scripted, LOOKUP), LOOKUP)
    with pytest.raises(Forbidden):
        looked(by="vera")
    with pytest.raises(Missing):
        looked("no-such-tool")
    apply_connector(data_movement_document())
    with pytest.raises(Conflict, match="data movement"):
        looked("crm-warehouse")
    assert scripted.requests == []
    looked()
    assert AuditLine.objects.filter(action="tools.probe", object_key=of.key).count() == 1


def test_plain_http_has_no_look_and_says_so(scripted: ScriptedServer) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP, runtime_tool__transport="http")
    assert verification().probe_at is None
    with pytest.raises(Conflict, match="not verified"):
        looked()


def test_an_answer_that_comes_late_or_twice_is_dropped(scripted: ScriptedServer) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    early = recording.begin(actor=actor("amal"), key="crm-lookup", now=database_now())
    shown = probe(early.target)
    shelf.put(tool(description="Other."))
    looked()
    assert states() == {"lookup_customer": "changed"}
    assert recording.record(early, shown, now=database_now()).dropped
    assert states() == {"lookup_customer": "changed"}
    later = recording.begin(actor=actor("amal"), key="crm-lookup", now=database_now())
    assert not recording.record(later, probe(later.target), now=database_now()).dropped
    assert recording.record(later, shown, now=database_now()).dropped, "told twice"
    assert states() == {"lookup_customer": "changed"}


def test_a_look_made_before_a_change_was_applied_is_dropped(scripted: ScriptedServer) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    looked()
    out = recording.begin(actor=actor("amal"), key="crm-lookup", now=database_now())
    shown = probe(out.target)
    approved(submitted(document(shelf.url, LOOKUP, tool(UPDATE)), summary="Pin another"), "omar")
    assert recording.record(out, shown, now=database_now()).dropped
    assert verification().probe_at <= database_now()


def test_hundreds_of_tools_are_kept_and_a_list_without_end_is_none(scripted: ScriptedServer) -> None:
    many = [tool(name=f"tool_{number}") for number in range(400)]
    registered(Shelf(scripted, LOOKUP, *many), LOOKUP)
    looked()
    assert KnownTool.objects.count() == 401
    Shelf(scripted, *[tool(name=f"tool_{number}") for number in range(600)])
    assert looked().seen.outcome == ProbeOutcome.PROTOCOL
    assert states()["lookup_customer"] == "pinned"
    assert KnownTool.objects.count() == 401


def test_a_definition_too_large_or_too_deep_to_keep_is_still_compared(scripted: ScriptedServer) -> None:
    big = tool(inputSchema={"type": "object", "enum": ["x" * 70_000, "a"]})
    shelf = Shelf(scripted, big)
    registered(shelf, big)
    looked()
    row = known()
    assert row.state == "pinned"
    assert row.seen is not None
    assert row.seen.definition["inputSchema"]["truncated"]
    shelf.put(tool(inputSchema={"type": "object", "enum": ["x" * 70_000, "b"]}))
    looked()
    assert (known().state, known().differs) == ("changed", ["input"]), "cut short they would be the same"
    deep: Any = "end"
    for _level in range(150):
        deep = {"a": deep}
    shelf.put(tool(inputSchema={"const": deep}))
    looked()
    assert known().differs == ["input", "output", "prose", "annotations"], "what cannot be compared differs"


@pytest.mark.parametrize(
    "odd",
    [
        {"description": "NUL \0 inside"},
        {"inputSchema": {"maximum": 10**40}},
        {"inputSchema": {"properties": {"a\0b": {}}}},
        {"annotations": {"title": 1e300}},
        {"inputSchema": [1], "outputSchema": "x", "title": {"a": 1}},
    ],
)
def test_odd_definitions_are_kept_and_shown(scripted: ScriptedServer, odd: dict[str, Any], client_of: Any) -> None:
    registered(Shelf(scripted, LOOKUP, tool(UPDATE, **odd)), LOOKUP)
    assert looked().seen.outcome == ProbeOutcome.SEEN
    assert states() == {"lookup_customer": "pinned", "update_customer": "new"}


def test_a_tool_that_is_listed_twice_in_two_ways_is_not_what_was_approved(scripted: ScriptedServer) -> None:
    shelf = Shelf(scripted, LOOKUP, LOOKUP)
    registered(shelf, LOOKUP)
    looked()
    assert known().state == "pinned"
    shelf.put(LOOKUP, tool(description="Calls somebody else."))
    looked()
    assert known().quarantined


def test_no_more_looks_are_claimed_than_asked_for_whatever_the_plan(scripted: ScriptedServer) -> None:
    for number in range(4):
        registered(Shelf(scripted, LOOKUP), LOOKUP, key=f"one-{number}")
    looking_again()
    assert len(watching.claim(1)) == 1


def test_what_a_killed_worker_had_claimed_is_due_again(scripted: ScriptedServer) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP)
    (lost,) = watching.claim(8)
    assert watching.claim(8) == []
    now = database_now()
    assert now < verification().probe_at < now + timedelta(seconds=watching.LEASE_SECONDS + 1)
    Verification.objects.update(probe_at=now - timedelta(seconds=1))
    (again,) = watching.claim(8)
    assert not recording.record(again, probe(again.target), now=database_now()).dropped
    assert recording.record(lost, probe(lost.target), now=database_now()).dropped


def test_an_idle_look_reads_the_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + watching._CLAIM, {"seconds": 60, "most": 8})
        assert "verification_due" in "\n".join(row[0] for row in cursor.fetchall())


def test_the_states_in_which_servers_are_looked_at(scripted: ScriptedServer) -> None:
    of = registered(Shelf(scripted, LOOKUP), LOOKUP)
    type(of).objects.filter(pk=of.pk).update(state=EntryState.RETIRED)
    with pytest.raises(Conflict, match="not looked at"):
        looked()
