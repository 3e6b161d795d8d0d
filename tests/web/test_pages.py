"""The generic pages as people meet them: lists, details, the form, the review, search and the audit log."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.changes import services
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.documents import data_movement_document, runtime_tool_document
from tests.people import actor, team
from tests.registering import EVIDENCE, EVIDENCE_FIELDS, apply_connector, approved, proposed, submitted

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]
ENDPOINT = {"runtime_tool.endpoint": "https://mcp.example.com/mcp"}


def tool(key: str = "crm-lookup", **changes: Any) -> dict[str, Any]:
    return runtime_tool_document(key, ENDPOINT | changes)


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def fields_of(html: str) -> dict[str, list[str]]:
    """What a browser would send of the page's guarded form, as far as inputs, textareas and selects go."""
    form = html[html.index("data-guard") :]
    form = form[: form.index("</form>")]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(value[1] if value else "")
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        found[name] = [body.replace("&quot;", '"').replace("&#x27;", "'")]
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = [chosen[1] if chosen else ""]
    return found


def test_an_empty_list_teaches_and_names_the_other_kind(client_of: ClientOf) -> None:
    page = text_of(client_of("amal"), "/tools/")
    assert "No Runtime tools yet" in page
    assert "Moving data on a schedule?" in page
    assert 'href="/tools/new/"' in page


def test_a_viewer_is_not_offered_to_register(client_of: ClientOf) -> None:
    assert 'href="/tools/new/"' not in text_of(client_of("vera"), "/tools/")


def test_each_list_shows_its_own_kind_only_and_says_when_a_filter_finds_none(client_of: ClientOf) -> None:
    apply_connector(tool())
    apply_connector(data_movement_document())
    client = client_of("amal")
    tools, syncs = text_of(client, "/tools/"), text_of(client, "/syncs/")
    assert "Crm Lookup" in tools
    assert "Crm Warehouse" not in tools
    assert "Crm Warehouse" in syncs
    assert "Crm Lookup" not in syncs
    assert "0 */2 * * *" in syncs
    assert "Nothing matches this filter" in text_of(client, "/tools/?q=nothing-like-it")


def test_a_list_of_many_rows_asks_the_database_no_more_often(
    client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        apply_connector(tool(f"tool-{number}"))
    client = client_of("amal")
    with django_assert_max_num_queries(15):
        text_of(client, "/tools/")


def test_a_registration_on_its_way_stands_above_the_list(client_of: ClientOf) -> None:
    change = proposed(tool("half-tool"), summary="Begin")
    assert change.human_id in text_of(client_of("amal"), "/tools/")


@pytest.mark.parametrize("make", [tool, data_movement_document])
@pytest.mark.parametrize("tab", ["", "document", "versions", "activity"])
def test_every_tab_of_an_entry_opens(client_of: ClientOf, make: Callable[[], dict[str, Any]], tab: str) -> None:
    entry = apply_connector(make())
    page = text_of(client_of("vera"), f"{entry.get_absolute_url()}?tab={tab}")
    assert entry.human_id in page
    wanted = {"": "Rollback notes", "document": "audit_field_mapping", "versions": "Version 1", "activity": "omar"}
    assert wanted[tab] in page


def test_two_versions_can_be_compared(client_of: ClientOf) -> None:
    apply_connector(tool())
    newer = tool(**{"facets.retry.max_attempts": 5, "facets.version.number": "1.0.1"})
    now = database_now()
    change = services.propose(
        actor=actor("amal"), kind_name="runtime_tool", key="crm-lookup",
        draft=Draft(document=newer, summary="Retry more", evidence=EVIDENCE), base_version=1, now=now,
    )  # fmt: skip
    approved(services.submit(actor=actor("amal"), change_id=change.pk, now=now), "omar")
    address = reverse("entry-diff", args=["tools", "crm-lookup"])
    page = text_of(client_of("amal"), f"{address}?from=1&to=2")
    assert "version 1 against 2" in page
    assert "facets.retry.max_attempts" in page
    assert "version 1, the first" in text_of(client_of("amal"), f"{address}?from=0&to=1")


def test_a_blank_form_calls_every_section_missing(client_of: ClientOf) -> None:
    page = text_of(client_of("amal"), "/tools/new/")
    assert "0 of 9 facets" in page
    assert 'class="is-filled" href="#retry"' not in page
    assert "Submit for approval" in page


def test_submitting_below_nine_keeps_the_draft_and_lists_what_is_missing(client_of: ClientOf) -> None:
    team()
    response = client_of("amal").post(
        "/tools/new/", {"key": "half-tool", "name": "Half tool", "_summary": "Begin", "submit": "1"}, follow=True
    )
    change = ChangeRequest.objects.get(key="half-tool")
    assert change.state == ChangeState.DRAFT
    page = response.content.decode()
    assert "to put right" in page
    assert 'role="alert"' in page


def test_a_form_saved_as_it_stands_changes_nothing_and_can_be_submitted(client_of: ClientOf) -> None:
    team()
    change = proposed(tool("whole-tool"), summary="All nine")
    client = client_of("amal")
    address = reverse("change-edit", args=[change.human_id])
    page = text_of(client, address)
    assert "9 of 9 facets" in page
    assert "Needs one signature by a lead or higher." in page
    client.post(address, fields_of(page) | {"submit": "1"})
    after = ChangeRequest.objects.get(pk=change.pk)
    assert after.document == change.document
    assert after.state == ChangeState.IN_REVIEW


def test_the_side_panel_answers_without_writing(client_of: ClientOf) -> None:
    response = client_of("amal").post("/tools/check/", {"key": "half-tool", "facets.version.number": "1.0.0"})
    page = response.content.decode()
    assert "1 of 9 facets" in page
    assert "<html" not in page
    assert not ChangeRequest.objects.exists()


def test_a_proposed_change_keeps_its_key_in_the_live_check(client_of: ClientOf) -> None:
    entry = apply_connector(tool())
    client = client_of("amal")
    sent = fields_of(text_of(client, reverse("entry-propose", args=["tools", entry.key])))
    assert sent["_base"] == ["1"]
    assert "Ready to submit" not in client.post("/tools/check/", sent).content.decode()
    page = client.post("/tools/check/", sent | EVIDENCE_FIELDS).content.decode()
    assert "9 of 9 facets" in page
    assert "Ready to submit" in page


def test_a_lead_signs_on_the_review_page_and_the_author_may_not(client_of: ClientOf) -> None:
    change = submitted(tool(), summary="Register the lookup")
    own = text_of(client_of("amal"), change.get_absolute_url())
    assert re.search(r'value="approve" disabled aria-describedby="why-not"', own)
    assert 'id="why-not"' in own
    omar = client_of("omar")
    page = text_of(omar, change.get_absolute_url())
    assert 'value="approve">' in page
    assert "there is no undo" in page
    omar.post(change.get_absolute_url(), {"action": "approve", "digest": change.digest, "reason": "Sound"})
    change.refresh_from_db()
    assert change.state == ChangeState.APPLIED
    assert "Sound" in text_of(omar, change.get_absolute_url())


def test_a_digest_that_was_not_looked_at_is_refused_on_the_page(client_of: ClientOf) -> None:
    change = submitted(tool())
    response = client_of("omar").post(change.get_absolute_url(), {"action": "approve", "digest": "0" * 64})
    assert response.status_code == 409
    assert b'role="alert"' in response.content
    change.refresh_from_db()
    assert change.state == ChangeState.IN_REVIEW


@pytest.mark.parametrize("tab", ["", "diff", "document"])
def test_every_tab_of_a_review_opens(client_of: ClientOf, tab: str) -> None:
    change = submitted(tool())
    assert "crm.call" in text_of(client_of("omar"), f"{change.get_absolute_url()}?tab={tab}")


def test_the_inbox_holds_what_one_may_sign(client_of: ClientOf, django_assert_max_num_queries: Any) -> None:
    for number in range(4):
        submitted(tool(f"tool-{number}"), summary=f"Register number {number}")
    omar = client_of("omar")
    with django_assert_max_num_queries(15):
        page = text_of(omar, "/approvals/")
    assert "Register number 3" in page
    assert "You do not sign changes" in text_of(client_of("amal"), "/approvals/")
    assert "Register number 0" in text_of(client_of("amal"), "/approvals/?tab=mine")


def test_search_jumps_to_an_exact_id_and_lists_the_rest(client_of: ClientOf) -> None:
    change = approved(submitted(tool(), summary="Register the lookup"), "omar")
    client = client_of("amal")
    assert client.get(f"/search/?q={change.human_id}").headers["Location"] == change.get_absolute_url()
    assert "Crm Lookup" in text_of(client, "/search/?q=look")
    assert "Nothing found" in text_of(client, "/search/?q=zzz")


def test_the_audit_log_shows_every_write_to_an_engineer_and_to_no_viewer(client_of: ClientOf) -> None:
    apply_connector(tool())
    assert "crm-lookup" in text_of(client_of("amal"), "/audit/")
    text_of(client_of("vera"), "/audit/", status=403)


def test_registering_begins_with_the_choice_of_a_kind(client_of: ClientOf) -> None:
    page = text_of(client_of("amal"), "/register/")
    assert 'href="/tools/new/"' in page
    assert 'href="/syncs/new/"' in page


def test_every_link_of_the_error_summary_leads_to_one_place(client_of: ClientOf) -> None:
    client = client_of("amal")
    response = client.post(
        "/tools/new/", {"key": "half-tool", "facets.retry.jitter": "false", "submit": "1"}, follow=True
    )
    page = response.content.decode()
    links = re.findall(r'<li><a href="#([^"]+)">', page[page.index('class="errors"') : page.index('class="form-nav"')])
    assert "f-runtime-tool" in links
    assert [link for link in links if page.count(f'id="{link}"') != 1] == []
