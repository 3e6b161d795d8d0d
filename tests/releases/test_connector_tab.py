"""The Releases tab of a connector: which releases on their way its incidents hold up, by the gate's own rules."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from portal.operations.services import database_now
from portal.roles import Role
from severity import services as incidents
from severity.models import ReleaseCandidate
from severity.releases.reads import on_their_way
from severity.rules import Level
from tests.connectors.tracking.world import connector, person
from tests.people import actor
from tests.releases import world

pytestmark = pytest.mark.django_db


def tab(address: str) -> str:
    client = Client()
    user = person("amal", Role.ENGINEER).user
    assert user is not None
    client.force_login(user)
    return re.sub(r"<[^>]+>|\s+", " ", client.get(f"{address}?tab=releases").content.decode())


def test_a_v2_of_a_connector_holds_up_the_release_before_prod_and_no_other_until_it_is_excepted() -> None:
    world.well()
    ledger = connector("https://ledger.example/mcp")
    world.promoted(to="canary")
    world.release("r-2027.01")
    assert "No incident of this connector holds any of them up." in tab(ledger.get_absolute_url())
    one = world.trouble(Level.V2, connector_id=ledger.pk)
    page = tab(ledger.get_absolute_url())
    assert "Incidents of this connector hold up one of them." in page
    found = {held.release.key: (held.to, held.by) for held in on_their_way([one])}
    assert found == {"r-2027.01": ("staging", []), "r-2026.12": ("prod", [one])}
    world.excepted(one, database_now() + timedelta(days=2))
    assert all(not held.by for held in on_their_way([one]))


def test_a_v3_holds_up_all_until_a_person_resolves_it_and_another_connector_tells_nothing_of_it() -> None:
    world.well()
    ledger, other = connector("https://ledger.example/mcp"), connector("https://other.example/mcp", key="other-ledger")
    one = world.trouble(Level.V3, connector_id=ledger.pk)
    assert one.human_id in tab(ledger.get_absolute_url())
    assert one.human_id not in tab(other.get_absolute_url())
    incidents.mitigate(actor=actor("omar"), incident_id=one.pk, now=database_now(), text="The feed is off.")
    assert one.human_id in tab(ledger.get_absolute_url())
    incidents.resolve(actor=actor("omar"), incident_id=one.pk, now=database_now(), text="The feed is mended.")
    assert one.human_id not in tab(ledger.get_absolute_url())


def test_releases_in_prod_are_not_on_their_way() -> None:
    assert "No release is on its way." in tab(connector("https://ledger.example/mcp").get_absolute_url())
    world.well()
    ReleaseCandidate.objects.update(stage="prod")
    assert "No release is on its way." in tab(connector("https://ledger.example/mcp", key="another").get_absolute_url())
