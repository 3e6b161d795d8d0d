"""Several changes that apply together or not at all."""

from typing import Any

import pytest

from connectors.models import Connector
from portal.changes import decisions, services, sets
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.signing import signatures
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from portal.refusals import Conflict, Forbidden, Invalid
from tests.changes.deciding import classed, described, refusal, signed
from tests.people import actor
from tests.registering import apply_connector, approved, proposed, submitted

pytestmark = pytest.mark.django_db


def tied(*documents: dict[str, Any]) -> list[ChangeRequest]:
    """Changes of one set, before their approvers."""
    drafts = [proposed(document) for document in documents]
    sets.tie(actor=actor("amal"), change_ids=[one.pk for one in drafts], summary="Both", now=database_now())
    return [services.submit(actor=actor("amal"), change_id=one.pk, now=database_now()) for one in drafts]


def states(changes: list[ChangeRequest]) -> list[str]:
    return [ChangeRequest.objects.get(pk=change.pk).state for change in changes]


def test_the_last_signature_of_the_last_applies_all() -> None:
    both = tied(classed("A1", "R0", key="left"), classed("A2", "R2", key="right"))
    approved(both[0], "omar")
    approved(both[1], "omar")
    assert states(both) == ["approved", "in_review"]
    assert not Connector.objects.exists()
    approved(both[1], "huda")
    assert states(both) == ["applied", "applied"]
    assert Connector.objects.count() == 2


def test_one_in_conflict_keeps_all_of_it_from_being_applied() -> None:
    apply_connector(classed("A1", "R0", key="left"))
    both = tied(described("Mine.", classed("A1", "R0", key="left")), classed("A1", "R0", key="right"))
    approved(both[0], "omar")
    approved(submitted(described("Theirs.", classed("A1", "R0", key="left")), by="noor"), "omar")
    approved(both[1], "omar")
    assert states(both) == ["approved", "approved"]
    assert "moved on" in ChangeRequest.objects.get(pk=both[1].pk).held_back
    assert not Connector.objects.filter(key="right").exists()


def test_a_rejected_one_holds_the_others_until_they_are_taken_out() -> None:
    both = tied(classed("A1", "R0", key="left"), classed("A1", "R0", key="right"))
    told: dict[str, Any] = {"actor": actor("omar"), "change_id": both[0].pk, "digest": both[0].digest}
    decisions.reject(reason="No.", now=database_now(), **told)
    approved(both[1], "omar")
    assert states(both) == ["rejected", "approved"]
    alone = sets.untie(actor=actor("amal"), change_id=both[1].pk, now=database_now())
    assert (alone.state, signatures(alone)) == (ChangeState.IN_REVIEW, [])
    assert signed(alone, "omar").state == ChangeState.APPLIED


def test_only_drafts_of_ones_own_and_of_different_objects_are_tied() -> None:
    mine, same = proposed(classed("A1", "R0")), proposed(classed("A1", "R0"))
    theirs, other = proposed(classed("A1", "R0", key="left"), by="noor"), proposed(classed("A1", "R0", key="right"))
    told: dict[str, Any] = {"actor": actor("amal"), "summary": ""}
    assert refusal(Conflict, sets.tie, change_ids=[mine.pk, same.pk], **told).rule == "change_set"
    assert refusal(Forbidden, sets.tie, change_ids=[mine.pk, theirs.pk], **told).rule == "not_author"
    assert refusal(Invalid, sets.tie, change_ids=[mine.pk], **told).problems[0].code == "size"
    sets.tie(change_ids=[mine.pk, other.pk], now=database_now(), **told)
    assert refusal(Conflict, sets.tie, change_ids=[mine.pk, other.pk], **told).rule == "change_set"


def test_one_of_a_set_is_not_applied_alone_in_an_emergency() -> None:
    both = tied(classed("A1", "R0", key="left"), classed("A1", "R0", key="right"))
    told: dict[str, Any] = {"actor": actor("khalid"), "change_id": both[0].pk, "digest": both[0].digest}
    assert refusal(Conflict, decisions.apply_in_emergency, reason="Fire.", **told).rule == "change_set"


def test_drafts_are_tied_on_the_page_of_one_of_them(client_of: Any) -> None:
    one, two, other = (proposed(classed("A1", "R0", key=key)) for key in ("left", "right", "other"))
    theirs = proposed(classed("A1", "R0", key="theirs"), by="noor")
    client = client_of("amal")
    page = client.get(one.get_absolute_url()).content.decode()
    assert all(f'name="with" value="{change.pk}"' in page for change in (two, other))
    assert f'name="with" value="{theirs.pk}"' not in page
    refused = client.post(one.get_absolute_url(), {"action": "tie"})
    assert (refused.status_code, "ties 2 to" in refused.content.decode()) == (422, True)
    assert client.post(one.get_absolute_url(), {"action": "tie", "with": [str(theirs.pk)]}).status_code == 403
    assert client.post(one.get_absolute_url(), {"action": "tie", "with": [str(two.pk), "x"]}).status_code == 302
    page = client.get(one.get_absolute_url()).content.decode()
    assert "Applies together with" in page
    assert two.get_absolute_url() in page
    assert (
        ChangeRequest.objects.get(pk=one.pk).change_set == ChangeRequest.objects.get(pk=two.pk).change_set is not None
    )
    client.post(one.get_absolute_url(), {"action": "untie"})
    assert ChangeRequest.objects.get(pk=one.pk).change_set is None


def test_taking_one_out_asks_its_approvers_again() -> None:
    both = tied(classed("A1", "R0", key="left"), classed("A1", "R0", key="right"))
    before = OutboxEvent.objects.filter(topic="change.submitted").count()
    sets.untie(actor=actor("amal"), change_id=both[0].pk, now=database_now())
    assert OutboxEvent.objects.filter(topic="change.submitted").count() == before + 1
