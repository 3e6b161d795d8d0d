"""The last days of a connector by its incidents, on its page and in the list."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from connectors.troubles import DAYS_SHOWN, days
from portal.operations.services import database_now
from severity import services
from severity.rules import Level
from tests.documents import runtime_tool_document
from tests.people import actor, user
from tests.registering import apply_connector
from tests.releases.world import trouble

MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_day_is_as_bad_as_the_worst_incident_that_was_open_in_it() -> None:
    now = MIDNIGHT + timedelta(hours=7)
    spans = [
        (1, MIDNIGHT - 5 * DAY + timedelta(hours=3), MIDNIGHT - 3 * DAY + timedelta(hours=1)),
        (3, MIDNIGHT - 4 * DAY, MIDNIGHT - 4 * DAY + timedelta(minutes=1)),
        (0, MIDNIGHT + timedelta(hours=1), None),
        (2, MIDNIGHT - 90 * DAY, MIDNIGHT - 29 * DAY),
    ]
    found = days(spans, MIDNIGHT, now, MIDNIGHT - 28 * DAY)
    assert len(found) == DAYS_SHOWN
    assert found[0].day == MIDNIGHT - 29 * DAY
    told = {(MIDNIGHT - day.day).days: (day.level, day.number) for day in found if day.number}
    assert told == {5: ("V1", 1), 4: ("V3", 2), 3: ("V1", 1), 0: ("V0", 1), 29: ("V2", 1)}
    assert [day.known for day in found[:3]] == [False, True, True]


@pytest.mark.django_db
def test_its_page_and_the_list_tell_what_is_open_until_it_is_resolved() -> None:
    ledger, other = (apply_connector(runtime_tool_document(key=key)) for key in ("ledger", "other-ledger"))
    found = [trouble(level, key=f"trouble:{level}", connector_id=ledger.pk) for level in (Level.V1, Level.V2)]
    client = Client()
    client.force_login(user("amal"))
    page = client.get(ledger.get_absolute_url()).content.decode()
    assert "2 incidents are open" in page
    assert 'class="is-v2"' in page
    assert "No incident on any day since it was registered." in client.get(other.get_absolute_url()).content.decode()
    listed = client.get("/tools/").content.decode()
    assert listed.count("?tab=incidents") == 1
    assert f'sev--V2" href="{ledger.get_absolute_url()}?tab=incidents"' in listed
    for one in found:
        services.resolve(actor=actor("omar"), incident_id=one.pk, now=database_now(), text="Mended.")
    assert "?tab=incidents" not in client.get("/tools/").content.decode()
    assert 'class="is-v2"' in client.get(ledger.get_absolute_url()).content.decode(), "the day stays as it was"
