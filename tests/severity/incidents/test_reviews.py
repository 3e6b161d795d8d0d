"""Reviews: written by one, approved by another, bound to what was read."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from portal.refusals import Conflict, Forbidden, Invalid, Missing
from severity import services
from severity.models import Incident, IncidentReview
from severity.rules import Level
from tests.changes.deciding import refusal
from tests.people import actor, user
from tests.severity.incidents.making import act, declared, lines

pytestmark = pytest.mark.django_db
WORDS = {"what_happened": "The disk filled.", "cause": "Nobody emptied it.", "follow_up": "Empty it nightly."}


def over(level: Level = Level.V2) -> Incident:
    return act("resolve", declared(level), text="Fixed.")


def reviewed(by: str = "omar") -> Incident:
    return act("write_review", over(), by=by, **WORDS)


def refused(what: Any, name: str, incident: Incident, by: str, **more: Any) -> str:
    return refusal(what, getattr(services, name), actor=actor(by), incident_id=incident.pk, **more).rule


def test_another_approves_what_was_read() -> None:
    incident = reviewed()
    digest = incident.review.digest
    assert refused(Forbidden, "approve_review", incident, "omar", digest=digest) == "four_eyes"
    assert refused(Forbidden, "approve_review", incident, "amal", digest=digest) == "role"
    assert refused(Conflict, "approve_review", incident, "lina", digest="0" * 64) == "digest"
    incident = act("approve_review", incident, by="lina", digest=digest)
    assert (incident.review.approved_by, lines(incident)[-2:]) == (user("lina"), ["review_written", "review_approved"])
    assert refused(Conflict, "write_review", incident, "omar", **WORDS) == "approved"
    assert refused(Conflict, "approve_review", incident, "huda", digest=digest) == "approved"


def test_who_wrote_an_earlier_version_does_not_approve_a_later_one() -> None:
    incident = reviewed("omar")
    read = incident.review.digest
    incident = act("write_review", incident, by="amal", **(WORDS | {"cause": "A cron job that fell silent."}))
    assert refused(Conflict, "approve_review", incident, "lina", digest=read) == "digest"
    assert refused(Forbidden, "approve_review", incident, "omar", digest=incident.review.digest) == "four_eyes"


def test_only_a_v2_or_v3_that_is_over_and_went_into_no_other_is_reviewed() -> None:
    assert refused(Conflict, "write_review", declared(Level.V2), "omar", **WORDS) == "state"
    assert refused(Conflict, "write_review", over(Level.V1), "omar", **WORDS) == "severity"
    gone = declared(Level.V2)
    act("merge", gone, into=declared(Level.V2).pk)
    assert refused(Conflict, "write_review", gone, "omar", **WORDS) == "merged"
    assert refused(Missing, "approve_review", over(), "omar", digest="") == "no_review"


@pytest.mark.parametrize("part", WORDS)
@pytest.mark.parametrize("text", ["", " ", "x" * 10_001, "a\x00"])
def test_every_part_is_needed_and_bounded(part: str, text: str) -> None:
    assert refused(Invalid, "write_review", over(), "omar", **(WORDS | {part: text})) == part


def test_the_database_holds_that_nobody_approves_their_own() -> None:
    incident = reviewed()
    with pytest.raises(IntegrityError), transaction.atomic():
        IncidentReview.objects.filter(incident=incident).update(
            approved_by=user("omar"), approved_at=incident.resolved_at
        )
