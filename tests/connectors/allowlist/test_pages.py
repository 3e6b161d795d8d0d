"""What people see of allowlists: who may call what, how often it was asked, and why it was refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from connectors.allowlist.counting import tick
from connectors.allowlist.deciding import Call, decide
from connectors.allowlist.shown import of_agent, panel
from connectors.models import CallCount, CallDecision
from portal.operations.services import database_now
from tests.connectors.allowlist.world import AGENT, READ, WRITE, document, line, quarantined, tool
from tests.people import actor

pytestmark = pytest.mark.django_db


def ask(operation: str = READ, environment: str = "prod", agent: str = AGENT, connector: str = "crm-lookup") -> None:
    decide(Call(agent, connector, operation, environment), actor=actor("vera"))


def asked() -> None:
    for operation, environment, agent in (
        (READ, "prod", AGENT), (READ, "prod", AGENT), (READ, "canary", AGENT), (WRITE, "prod", AGENT),
        ("no_such", "prod", AGENT), (READ, "prod", "sales-agent"), (READ, "prod", "stranger"),
    ):  # fmt: skip
        ask(operation, environment, agent)
    ask(connector="no-such-tool")


def numbers(shown: dict[str, Any]) -> dict[str, tuple[int, int, list[tuple[str, int]]]]:
    return {one.name: (one.used.day, one.used.refused_month, one.why) for one in shown["operations"]}


EXPECTED = {
    READ: (2, 3, [("not in this environment", 1), ("not on the allowlist", 1), ("unknown agent", 1)]),
    WRITE: (0, 1, [("not on the allowlist", 1)]),
    "": (0, 1, [("not on the allowlist", 1)]),
}


def test_the_panel_tells_what_is_counted_and_what_is_not_yet(client_of: Callable[[str], Client]) -> None:
    connector = tool(document(allowlist=[line(READ)]))
    tool(document("other", allowlist=[line(READ, agent="sales-agent")]))
    asked()
    assert CallDecision.objects.count() == 8

    def told() -> dict[str, Any]:
        found = numbers(panel(connector, database_now()))
        return {name: (*rest, sorted(whys)) for name, (*rest, whys) in found.items()}

    assert told() == EXPECTED
    tick()
    assert not CallDecision.objects.exists()
    assert told() == EXPECTED
    ask()
    (agent,) = panel(connector, database_now())["agents"]
    assert (agent["used"].day, agent["used"].refused_day, agent["environments"]) == (3, 3, ["dev", "prod"])
    assert {one.name for one in panel(connector, database_now())["others"]} == {"sales-agent", ""}
    page = client_of("vera").get("/tools/crm-lookup/").content.decode()
    for words in (
        "dev, prod",
        "/agents/support-agent/",
        "not in this environment",
        "agents that nobody named",
        "Calls 30 d",
    ):
        assert words in page, words


def test_old_calls_are_no_longer_told() -> None:
    connector = tool()
    ask()
    tick()
    now = database_now()
    for age, expected in ((23, (1, 1)), (26, (0, 1)), (24 * 29, (0, 1)), (24 * 31, (0, 0))):
        CallCount.objects.update(hour=(now - timedelta(hours=age)).replace(minute=0, second=0, microsecond=0))
        total = panel(connector, now)["total"]
        assert (total.day, total.month) == expected, age


def test_the_page_of_an_agent(client_of: Callable[[str], Client]) -> None:
    connector = tool(document(allowlist=[line(READ, WRITE)]))
    tool(document("other", allowlist=[line(READ, agent="sales-agent")]))
    quarantined(connector, WRITE)
    ask()
    ask(WRITE)
    ask(connector="other")
    ask(connector="no-such-tool")
    shown = of_agent(AGENT, database_now())
    (one,) = shown["connectors"]
    assert (one.key, one.callable, one.refused) == ("crm-lookup", [READ], [(WRITE, "tool in quarantine")])
    assert (one.environments, one.used.day, one.used.refused_month) == (["dev", "prod"], 1, 1)
    assert {line_.name for line_ in shown["others"]} == {"other", ""}
    page = client_of("vera").get(f"/agents/{AGENT}/").content.decode()
    for words in ("tool in quarantine", "no such connector", "not on the allowlist", "connectors that there are not"):
        assert words in page, words
    assert client_of("vera").get("/agents/stranger/").status_code == 404
    tick()
    listed = client_of("vera").get("/agents/?sort=-refused").content.decode()
    assert listed.index("support-agent") < listed.index("sales-agent")
    assert client_of("vera").get("/agents/?q=sales").content.decode().count("<tr data-href") == 1


def test_the_list_of_tools_tells_how_many_tools_are_allowed_and_called(client_of: Callable[[str], Client]) -> None:
    tool(document(allowlist=[line(READ), line(READ, agent="sales-agent")]))
    ask()
    ask()
    ask("no_such")
    tick()
    page = client_of("vera").get("/tools/").content.decode()
    assert '<bdi dir="ltr">1/2</bdi>' in page
    assert '<span class="num">2</span><span>1 refused</span>' in page
