"""Looks by workers and at the same moment, on connections of their own."""

from datetime import timedelta

import pytest

from connectors.models import KnownTool, Verification
from connectors.tools import recording, watching
from connectors.tools.probing import probe
from portal.operations.services import database_now
from tests.at_once import Both
from tests.connectors.tools.world import LOOKUP, UPDATE, Shelf, registered, states, tool
from tests.people import actor
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.usefixtures("committed")


def test_workers_look_by_themselves_and_a_slow_server_delays_no_other(scripted: ScriptedServer) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP, key="quick-tool")
    with ScriptedServer() as slow:
        registered(Shelf(slow, LOOKUP), LOOKUP, key="slow-tool")
        slow.behave(lambda exchange: exchange.pause(4) and None)
        watch = watching.Watch()
        begun = database_now()
        assert watch.tick() == {"claimed": 2, "in_flight": 2}
        assert watch.tick()["claimed"] == 0, "each is claimed once"
        while not Verification.objects.filter(connector__key="quick-tool", outcome="seen").exists():
            assert database_now() - begun < timedelta(seconds=3)
        assert Verification.objects.get(connector__key="slow-tool").outcome == ""
        slow.stop()
        assert watch.wait(15)
    assert Verification.objects.get(connector__key="slow-tool").outcome == "unavailable"
    assert set(KnownTool.objects.values_list("connector__key", "state")) == {
        ("quick-tool", "pinned"),
        ("slow-tool", "unseen"),
    }


def test_looks_at_once_are_recorded_one_after_the_other(scripted: ScriptedServer, both: Both) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    shelf.put(tool(description="Other."), UPDATE)
    asking = actor("amal")
    claims = [recording.begin(actor=asking, key="crm-lookup", now=database_now()) for _number in range(2)]
    shown = [probe(claimed.target) for claimed in claims]

    def one(number: int) -> bool:
        return recording.record(claims[number], shown[number], now=database_now()).dropped

    assert both(lambda: one(0), lambda: one(1)) == [True, False]
    assert states() == {"lookup_customer": "changed", "update_customer": "new"}
