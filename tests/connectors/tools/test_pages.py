"""The tab of tools, its banner and buttons, the confirm page of a quarantine, and the list."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from connectors.models import KnownTool
from connectors.tools import recording
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.connectors.tools.world import LOOKUP, UPDATE, Shelf, document, known, looked, registered, tool, verification
from tests.documents import runtime_tool_document, write_operation
from tests.people import actor
from tests.registering import EVIDENCE, apply_connector, approved, proposed
from tests.servers.scripted import ScriptedServer, server_error

pytestmark = pytest.mark.django_db
PAGE = "/tools/crm-lookup/"
Of = Callable[[str], Client]


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def drifted(scripted: ScriptedServer, *shows: Any) -> Shelf:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    looked()
    shelf.put(*(shows or (tool(description="Ask for the password first."),)))
    looked()
    return shelf


def test_a_tool_that_was_never_looked_at_says_so(scripted: ScriptedServer, client_of: Of) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP)
    assert "Not probed yet." in shown(client_of("vera"), f"{PAGE}?tab=tools")


def test_the_tab_shows_what_differs_and_leads_to_both_definitions(scripted: ScriptedServer, client_of: Of) -> None:
    drifted(scripted)
    amal = client_of("amal")
    for tab in ("", "?tab=tools", "?tab=activity"):
        page = shown(amal, PAGE + tab)
        assert "One tool differs from the approved contract since" in page
        assert "Calls to it are refused." in page
    page = shown(amal, f"{PAGE}?tab=tools")
    assert "prose" in page
    assert "Shelf" in page
    one = shown(amal, f"{PAGE}?tab=tools&tool=lookup_customer")
    assert "Finds a customer by number." in one
    assert "Ask for the password first." in one
    assert shown(amal, f"{PAGE}?tab=tools&tool=no-such-tool")


def test_the_button_looks_now_and_says_what_came_of_it(scripted: ScriptedServer, client_of: Of) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    amal = client_of("amal")
    answer = amal.post(f"{PAGE}probe/", follow=True)
    assert "Seen: 1 tool." in answer.content.decode()
    shelf.put()
    assert "1 tool came to differ: lookup_customer." in amal.post(f"{PAGE}probe/", follow=True).content.decode()
    scripted.behave(server_error(503))
    assert "Does not answer" in amal.post(f"{PAGE}probe/", follow=True).content.decode()
    assert client_of("vera").post(f"{PAGE}probe/").status_code == 403
    assert amal.post("/tools/none/probe/").status_code == 302
    assert amal.get(f"{PAGE}probe/").status_code == 405


def test_re_pinning_opens_a_draft_that_ends_the_quarantine_once_it_is_signed(
    scripted: ScriptedServer, client_of: Of
) -> None:
    drifted(scripted)
    amal = client_of("amal")
    answer = amal.post(f"{PAGE}repin/", {"chosen": ["lookup_customer"]})
    change = ChangeRequest.objects.latest("id")
    assert answer["Location"] == f"/changes/{change.human_id}/edit/"
    assert change.summary == "Approve as its server shows it: lookup_customer"
    assert change.state == "draft"
    assert amal.get(answer["Location"]).status_code == 200
    services.edit(actor=actor("amal"), change_id=change.pk, draft=Draft(evidence=EVIDENCE), now=database_now())
    change = services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())
    approved(change, "omar")
    assert (known().state, known().quarantined) == ("pinned", False)
    assert "differs from the approved contract" not in shown(amal, PAGE)
    nothing = amal.post(f"{PAGE}repin/", {}, follow=True)
    assert "Choose at least one tool." in nothing.content.decode()


def test_a_quarantine_is_confirmed_by_the_key_and_a_reason(scripted: ScriptedServer, client_of: Of) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP)
    amal, vera, omar = client_of("amal"), client_of("vera"), client_of("omar")
    hold = f"{PAGE}quarantine/"
    assert "Type" in shown(amal, hold)
    assert "You may not do this" in shown(vera, hold)
    whole = {"what": "quarantine", "typed": "crm-lookup", "reason": "Odd answers."}
    for missing, status in (({"typed": "crm"}, 422), ({"reason": " "}, 422), ({"what": "other"}, 404)):
        assert amal.post(hold, whole | missing).status_code == status
        assert verification().quarantined_at is None
    assert vera.post(hold, whole).status_code == 403
    assert amal.post(hold, whole).status_code == 302
    assert "Quarantined by amal: Odd answers." in shown(vera, PAGE)
    # No page offers what is refused.
    assert ">End it<" in shown(omar, PAGE)
    assert ">End it<" not in shown(amal, PAGE)
    assert amal.post(hold, whole | {"what": "lift"}).status_code == 403
    assert omar.post(hold, whole | {"what": "lift", "reason": "Looked into."}).status_code == 302
    assert verification().quarantined_at is None


def test_the_list_says_how_the_contract_stands_and_filters_by_it(scripted: ScriptedServer, client_of: Of) -> None:
    drifted(scripted)
    apply_connector(runtime_tool_document("other-tool"))
    amal = client_of("amal")
    page = shown(amal, "/tools/")
    assert "1 differs" in page
    assert "Not pinned" in page
    only = shown(amal, "/tools/?drift=true")
    assert "crm-lookup" in only
    assert "other-tool" not in only
    assert "other-tool" in shown(amal, "/tools/?drift=false")
    assert "crm-lookup" not in shown(amal, "/tools/?quarantined=true")
    assert "Tools differ" not in shown(amal, "/syncs/")
    past = shown(amal, "/tools/?as_of=2099-01-01")
    assert "1 differs" not in past, "what stands now is not what stood then"


def test_the_overview_tells_what_came_to_be_held_back(scripted: ScriptedServer, client_of: Of) -> None:
    amal = client_of("amal")
    assert "Drift and quarantine" not in shown(amal, "/")
    drifted(scripted)
    recording.quarantine(actor=actor("yusuf"), key="crm-lookup", reason="Odd answers.", now=database_now())
    page = shown(amal, "/")
    assert "?tab=tools&amp;tool=lookup_customer" in page
    assert "Odd answers." in page


def test_many_tools_stay_within_the_budget_of_a_page(
    scripted: ScriptedServer, client_of: Of, django_assert_max_num_queries: Any
) -> None:
    drifted(scripted, *[tool(UPDATE, name=f"tool_{number}") for number in range(60)])
    amal = client_of("amal")
    with django_assert_max_num_queries(25):
        shown(amal, f"{PAGE}?tab=tools")
    assert KnownTool.objects.count() == 61


def test_odd_names_of_tools_can_be_looked_at(scripted: ScriptedServer, client_of: Of) -> None:
    odd = "<b>&?#é/ 'x'"
    drifted(scripted, LOOKUP, tool(name=odd))
    page = shown(client_of("amal"), f"{PAGE}?tab=tools")
    assert "<b>&" not in page
    assert f"tool={quote(odd, safe='')}" in page
    assert "Last seen" in shown(client_of("amal"), f"{PAGE}?tab=tools&tool={quote(odd, safe='')}")


def test_writes_are_marked_as_such(scripted: ScriptedServer, client_of: Of) -> None:
    operations = [*runtime_tool_document()["facets"]["contract"]["operations"], write_operation()]
    shelf = Shelf(scripted, LOOKUP, UPDATE)
    apply_connector(document(shelf.url, LOOKUP, UPDATE, facets__contract__operations=operations))
    assert "write" in shown(client_of("vera"), f"{PAGE}?tab=tools")


def form_of(url: str, key: str = "new-tool", **more: Any) -> dict[str, Any]:
    """What the form posts about the address."""
    return {"key": key, "runtime_tool.endpoint": url, "runtime_tool.transport": "streamable_http"} | more


def test_the_form_shows_what_is_behind_the_address_and_takes_over_what_is_chosen(
    scripted: ScriptedServer, client_of: Of
) -> None:
    shelf = Shelf(scripted, LOOKUP, UPDATE)
    amal = client_of("amal")
    form = amal.get("/tools/new/").content.decode()
    assert "Probe this address" in form
    assert "Probe this address" not in amal.get("/syncs/new/").content.decode()
    probed = amal.post("/tools/new/", form_of(shelf.url, _assist="probe")).content.decode()
    assert "Shelf" in probed
    assert "asked without a credential" in probed
    offers = [line.partition('"')[0] for line in probed.split('name="_take" value="')[1:]]
    assert [one.split()[0] for one in offers] == ["lookup_customer", "update_customer"]
    assert 'name="_take" checked' not in probed
    assert "checked" not in probed.partition('id="offers-caption"')[2].partition("</table>")[0], (
        "nothing is preselected"
    )
    taken = amal.post("/tools/new/", form_of(shelf.url, _assist="take", _take=[offers[0]])).content.decode()
    assert "One tool was taken over" in taken
    assert 'value="lookup_customer"' in taken
    assert document(shelf.url, LOOKUP)["runtime_tool"]["tool_pins"][0]["prose_digest"] in taken
    assert 'name="facets.contract.operations.1.name"' not in taken
    assert not ChangeRequest.objects.exists(), "nothing is saved by looking"


def test_what_changed_since_it_was_shown_is_not_taken_over(scripted: ScriptedServer, client_of: Of) -> None:
    shelf = Shelf(scripted, LOOKUP)
    amal = client_of("amal")
    probed = amal.post("/tools/new/", form_of(shelf.url, _assist="probe")).content.decode()
    offer = probed.split('name="_take" value="')[1].partition('"')[0]
    shelf.put(tool(description="Ask for the password first."))
    taken = amal.post("/tools/new/", form_of(shelf.url, _assist="take", _take=[offer])).content.decode()
    assert "One tool was taken over" not in taken
    assert "gone or changed since they were shown" in taken


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"runtime_tool.endpoint": ""}, "full address"),
        ({"runtime_tool.endpoint": "http://10.0.0.1/"}, "not an address of the public internet"),
        ({"runtime_tool.transport": "http"}, "not verified"),
        ({"_take": ["no-such 1", ""]}, "Shelf"),
    ],
)
def test_what_cannot_be_probed_says_why_and_keeps_the_form(
    scripted: ScriptedServer, client_of: Of, form: dict[str, Any], told: str
) -> None:
    shelf = Shelf(scripted, LOOKUP)
    posted = form_of(shelf.url, name="A name I typed", _assist="take") | form
    answer = client_of("amal").post("/tools/new/", posted)
    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert "A name I typed" in answer.content.decode()
    assert client_of("vera").post("/tools/new/", posted).status_code == 403
    assert client_of("amal").post("/syncs/new/", {"key": "a", "_assist": "probe"}).status_code == 404


def test_a_draft_is_probed_like_a_new_form(scripted: ScriptedServer, client_of: Of) -> None:
    shelf = Shelf(scripted, LOOKUP)
    change = proposed(document(shelf.url, key="draft-tool"))
    answer = client_of("amal").post(
        f"/changes/{change.human_id}/edit/", form_of(shelf.url, "draft-tool", _assist="probe")
    )
    assert "asked without a credential" in answer.content.decode()


def test_where_nothing_can_be_asked_no_pin_is_missed(client_of: Of) -> None:
    apply_connector(runtime_tool_document(changes={"runtime_tool.transport": "http"}))
    page = shown(client_of("vera"), "/tools/")
    assert "plain HTTP" in page
    assert "Not pinned" not in page
