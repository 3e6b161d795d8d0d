"""Finding by id, key and words, in both languages, and the plans by which it is done."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import Connector
from portal.search.finding import Results, find
from severity import sweep
from severity.models import Incident
from tests.documents import data_movement_document, runtime_tool_document
from tests.events.registering import family
from tests.registering import apply_connector, submitted
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]


def titles(results: Results) -> dict[str, list[str]]:
    """Of the entries and incidents; and of the changes that wait, for those that made the entries hold the same words."""
    return {group.name: found for group in results.groups
            if (found := [one.title for one in group.found if one.state != "applied"])}  # fmt: skip


def tool(key: str, name: str) -> Connector:
    return apply_connector(runtime_tool_document(key, {"name": name}))


@pytest.mark.parametrize("asked", ["ledger", "LEDGER", "led", "entries billing", "illing", "ger boo"])
def test_words_are_found_wherever_they_stand(asked: str) -> None:
    tool("book-keeper", "Billing ledger book entries")
    tool("other", "Nothing of it")
    assert titles(find(asked, most=5)) == {"runtime_tool": ["Billing ledger book entries"]}


@pytest.mark.parametrize("asked", ["الفواتير", "فواتير", "خدمه", "الأرشيف", "الارشيف", "خِدْمَة"])
def test_arabic_is_found_as_people_write_it(asked: str) -> None:
    tool("invoices", "خدمة الفواتير والأرشيف")
    assert titles(find(asked, most=5)) == {"runtime_tool": ["خدمة الفواتير والأرشيف"]}


@pytest.mark.parametrize("asked", ["%", "_", "\\", "'", "100%", "a_c", "ي%"])
def test_signs_of_patterns_are_letters(asked: str) -> None:
    tool("abc", "Percent tool")
    assert titles(find(asked, most=5)) == {}


def test_what_begins_with_the_words_comes_before_what_holds_them() -> None:
    for key, name in (("aa", "Old crm of sales"), ("bb", "Crm of sales"), ("cc", "Another crm")):
        tool(key, name)
    assert titles(find("crm", most=5))["runtime_tool"][0] == "Crm of sales"
    assert len(titles(find("crm", most=2))["runtime_tool"]) == 2


def test_both_kinds_are_groups_of_their_own() -> None:
    tool("crm-lookup", "Crm lookup")
    apply_connector(data_movement_document("crm-sync", {"name": "Crm warehouse"}))
    assert titles(find("crm", most=5)) == {"runtime_tool": ["Crm lookup"], "data_movement": ["Crm warehouse"]}


def test_ids_and_keys_name_one_thing() -> None:
    one, sync = tool("crm-lookup", "Crm lookup"), apply_connector(data_movement_document("crm-sync"))
    events = family()
    change = submitted(runtime_tool_document("waiting"), summary="Register it")
    task = running(deadline=PASSED)
    sweep.tick()
    incident = Incident.objects.get()
    for asked, address in [
        (one.human_id, one.get_absolute_url()),
        (one.human_id.lower().replace("-0", "-"), one.get_absolute_url()),
        ("crm-lookup", one.get_absolute_url()),
        (sync.human_id, sync.get_absolute_url()),
        (events.human_id, events.get_absolute_url()),
        (events.key, events.get_absolute_url()),
        (change.human_id, change.get_absolute_url()),
        (incident.human_id.lower(), incident.get_absolute_url()),
        (task.human_id, task.get_absolute_url()),
    ]:
        exact = find(asked, most=5).exact
        assert exact is not None, asked
        assert exact.address == address
    # The id of the other kind of connector is nobody's.
    for asked in (f"RT-{sync.pk}", f"DM-{one.pk}", "CHG-999999999", "INC-0", "R-1", "T-99999999999999999", "XY-1"):
        assert find(asked, most=5).exact is None, asked


def test_changes_and_incidents_are_found_by_their_words() -> None:
    submitted(runtime_tool_document("waiting"), summary="Register the archivist")
    running(deadline=PASSED)
    sweep.tick()
    assert titles(find("archivist", most=5))["changes"] == ["Register the archivist"]
    title = Incident.objects.get().title
    assert titles(find(title.split()[-1], most=5))["incidents"] == [title]


def test_a_search_is_two_statements_and_one_more_for_an_id() -> None:
    tool("crm-lookup", "Crm lookup")
    for asked, most in (("crm", 2), ("crm of all", 2), ("RT-1", 3), ("x", 1), ("", 0)):
        with CaptureQueriesContext(connection) as asked_for:
            find(asked, most=5)
        assert len(asked_for) <= most, asked


def test_the_palette_offers_pages_things_and_acts_one_may_do(client_of: ClientOf) -> None:
    tool("crm-lookup", "Crm lookup")
    page = client_of("amal").get("/palette/?q=crm").content.decode()
    assert 'href="/tools/crm-lookup/"' in page
    assert 'role="option"' in page
    assert 'href="/incidents/"' in client_of("amal").get("/palette/?q=incid").content.decode()
    assert 'href="/tools/new/"' in client_of("amal").get("/palette/?q=register").content.decode()
    assert 'href="/tools/new/"' not in client_of("vera").get("/palette/?q=register").content.decode()
    assert 'href="/audit/"' not in client_of("vera").get("/palette/?q=audit").content.decode()
    assert "Nothing holds" in client_of("vera").get("/palette/?q=zzz").content.decode()
    exact = client_of("amal").get("/palette/?q=crm-lookup").content.decode()
    assert exact.index("Exactly this") < exact.index("crm-lookup/")
    assert exact.count('href="/tools/crm-lookup/"') == 1


@pytest.mark.parametrize("asked", ["%F0%9F%98%80", "a" * 3000, "%22%3E%3Cscript%3E", "+", "%27+OR+1%3D1"])
def test_nothing_that_is_asked_breaks_it(client_of: ClientOf, asked: str) -> None:
    for page in ("search", "palette"):
        answer = client_of("vera").get(f"/{page}/?q={asked}")
        assert answer.status_code == 200
        assert b"<script>" not in answer.content.replace(b"<script src", b"")
