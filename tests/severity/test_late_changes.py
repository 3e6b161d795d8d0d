"""Approvals that wait too long, emergencies nobody has reviewed, and how both end."""

from datetime import timedelta
from typing import Any

import pytest

from portal.changes import decisions, services
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from severity import reconcile, sweep
from severity.models import Incident, TimelineEvent
from tests.documents import runtime_tool_document
from tests.people import actor
from tests.registering import approved, proposed, submitted

pytestmark = pytest.mark.django_db
AGO = timedelta(days=3)


def waiting(key: str = "crm-lookup", *, since: timedelta = AGO) -> ChangeRequest:
    """A change that waits for its approvers since then."""
    change = proposed(runtime_tool_document(key))
    return services.submit(actor=actor("amal"), change_id=change.pk, now=database_now() - since)


def incidents() -> list[tuple[str, int, str, str]]:
    return list(Incident.objects.order_by("id").values_list("rule", "severity", "state", "subject_key"))


def test_a_class_b_change_past_its_approval_sla_is_one_v2(django_assert_num_queries: Any) -> None:
    change = waiting()
    waiting("fresh", since=timedelta(hours=1))
    for _again in range(3):
        sweep.tick()
    reconcile.tick()
    assert incidents() == [("approval_late", 2, "open", change.human_id)]
    incident = Incident.objects.get()
    assert (incident.source, incident.subject_id, incident.owner.key) == ("approval", change.pk, "crm-team")
    assert incident.epoch == ChangeRequest.objects.get(pk=change.pk).sign_by
    assert OutboxEvent.objects.filter(topic="incident.opened").count() == 1


def test_a_decision_ends_it_and_a_person_resolves_it() -> None:
    change = waiting()
    sweep.tick()
    approved(change, "omar")
    sweep.tick()
    assert incidents() == [("approval_late", 2, "mitigated", change.human_id)]
    assert TimelineEvent.objects.filter(what="mitigated", text="The change is applied.").count() == 1


def test_a_new_proposal_starts_the_clock_again_and_a_second_slip_brings_the_incident_back() -> None:
    change = waiting()
    sweep.tick()
    edited = runtime_tool_document(changes={"facets.retry.max_attempts": 5})
    earlier = database_now() - timedelta(hours=1)
    services.edit(actor=actor("amal"), change_id=change.pk, draft=Draft(document=edited), now=earlier)
    sweep.tick()
    assert incidents() == [("approval_late", 2, "mitigated", change.human_id)]
    past = database_now() - timedelta(minutes=1)
    ChangeRequest.objects.filter(pk=change.pk).update(sign_by=past, sign_clock=past)
    sweep.tick()
    assert incidents() == [("approval_late", 2, "open", change.human_id)]
    assert Incident.objects.get().repeats == 1


def test_a_clock_that_was_tampered_with_is_armed_again() -> None:
    change = waiting()
    ChangeRequest.objects.filter(pk=change.pk).update(sign_clock=None)
    sweep.tick()
    assert incidents() == []
    reconcile.tick()
    assert incidents() == [("approval_late", 2, "open", change.human_id)]


def test_an_emergency_is_a_v1_until_two_others_have_reviewed_it() -> None:
    change = submitted(runtime_tool_document())
    now = database_now()
    change = decisions.apply_in_emergency(
        actor=actor("khalid"), change_id=change.pk, digest=change.digest, reason="The CRM is down.", now=now
    )
    assert (change.state, change.applied_version, change.emergency) == (ChangeState.APPLIED, 1, True)
    sweep.tick()
    assert incidents() == [("emergency", 1, "open", change.human_id)]
    for reviewer, state in (("omar", "open"), ("huda", "resolved")):
        decisions.review(actor=actor(reviewer), change_id=change.pk, digest=change.digest, now=database_now())
        sweep.tick()
        assert incidents() == [("emergency", 1, state, change.human_id)]
