"""The story of a tool at a real server: probed, pinned, changed, seen to have drifted, refused, pinned anew, allowed."""

from connectors.allowlist.deciding import Call, decide
from connectors.models import Connector, KnownTool
from connectors.tools import trying
from connectors.tools.holding import refusal_of
from connectors.tools.proposing import repin, shown_of, taken_over
from portal.changes import services
from portal.changes.services import Draft
from portal.operations.services import database_now
from severity import sweep
from severity.models import Incident
from tests.connectors.tools.world import looked, verification
from tests.documents import runtime_tool_document
from tests.people import actor
from tests.registering import EVIDENCE, SIGNERS, apply_connector, approved
from tests.servers.tool_variants import LIMITED, STEERING, USUAL, Server

TOOL = "find_customer"
ALLOWED = [{"agent": "support-agent", "operations": [TOOL], "environments": ["prod"]}]


def approved_as_shown(*, follow: bool) -> int:
    """A change that approves what the server shows, signed; the number of the applied version."""
    change = repin(actor=actor("amal"), key="crm-lookup", names=[TOOL], follow=follow, now=database_now())
    services.edit(actor=actor("amal"), change_id=change.pk, draft=Draft(evidence=EVIDENCE), now=database_now())
    change = services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())
    change = approved(change, *SIGNERS[change.required_class])
    assert change.state == "applied"
    return int(change.applied_version or 0)


def drift() -> list[tuple[int, str]]:
    """Level and state of every incident of a drift, after the sweep."""
    sweep.tick()
    return list(Incident.objects.filter(source="drift").order_by("id").values_list("severity", "state"))


def refused(of: Connector) -> list[str]:
    """Why the agent may not call the tool now, by the decision and by the portal itself; empty when it may."""
    answer = decide(Call("support-agent", of.key, TOOL, "prod"), actor=actor("vera"))
    codes = [one["code"] for one in answer["reasons"]]
    assert answer["allowed"] is not bool(codes)
    assert bool(refusal_of(of, TOOL)) is bool(codes), "the portal starts tasks by another rule than it decides by"
    return codes


def tell(server: Server, name: str) -> None:
    """The whole of it, against this server, which calls itself by this name."""
    tried = trying.try_out(actor=actor("amal"), endpoint=server.url, credential_ref="", now=database_now())
    assert [one.name for one in tried.seen.tools] == [TOOL], tried
    assert tried.seen.discovery.name == name
    document = runtime_tool_document(
        "crm-lookup",
        {"runtime_tool.endpoint": server.url, "facets.contract.operations": [], "runtime_tool.allowlist": ALLOWED},
    )
    document = taken_over(document, [shown_of(one) for one in tried.seen.tools])
    operation = document["facets"]["contract"]["operations"][0]
    operation |= {"effect": "read", "external_side_effect": False}
    of = apply_connector(document)
    assert not looked().moved.drifted
    assert KnownTool.objects.get(name=TOOL).state == "pinned"
    assert verification().server_name == name
    assert refused(of) == []
    assert drift() == []

    server.show(USUAL)
    assert not looked().moved.drifted, "started anew, it shows the same"

    server.show(STEERING)
    assert looked().moved.drifted == [TOOL]
    row = KnownTool.objects.get(name=TOOL)
    assert (row.state, row.differs) == ("changed", ["prose"])
    assert "prose" in refusal_of(of, TOOL)
    assert refused(of) == ["quarantined_tool"]
    assert drift() == [(2, "open")]
    assert approved_as_shown(follow=False) == 2
    assert refused(of) == []
    assert drift() == [(2, "mitigated")]
    assert not looked().moved.drifted

    server.show(LIMITED)
    looked()
    assert KnownTool.objects.get(name=TOOL).differs == ["input", "prose"]
    assert refused(of) == ["quarantined_tool"]
    assert approved_as_shown(follow=True) == 3
    of.refresh_from_db()
    assert of.contract_version == "2.0.0", "it refuses what it took before"
    assert "pattern" in str(of.operations[0]["input_schema"])
    assert refused(of) == []

    server.stop()
    assert looked().seen.outcome == "unavailable"
    assert refused(of) == [], "a server that does not answer has not drifted"
