"""Two decisions for one topic at once: one is accepted, by constraint, and the other one's approver is told."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from metrics.models import DecisionRecord, LineageChoice, Ruling, Supersession
from portal.changes import decisions
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from portal.people.models import Team
from tests.at_once import TIMES, Both
from tests.events.registering import signed
from tests.metrics.deciding import choice, choice_document, decision, decision_document, submitted
from tests.people import actor, team

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(600)]


def sign(change: ChangeRequest, name: str) -> Callable[[], Any]:
    told: dict[str, Any] = {"change_id": change.pk, "digest": change.digest}
    return lambda: decisions.approve(actor=actor(name), now=database_now(), **told).state


def last(change: ChangeRequest, name: str) -> Callable[[], Any]:
    """The signature that accepts it; the lead's is there already."""
    decisions.approve(actor=actor("omar"), change_id=change.pk, digest=change.digest, now=database_now())
    return sign(change, name)


def ruled(number: int, topic: str, what: str, **more: Any) -> ChangeRequest:
    document = decision_document(number, decides=[{"topic": topic, "choice": what}], **more)
    return submitted("decision", document)


@TIMES
def test_the_first_two_decisions_of_a_topic(both: Both, times: int) -> None:
    # A topic of its own each time, so that the one before is not in the way; a lead signs for these.
    for number in range(0, 2 * times, 2):
        topic = f"topic-{number}"
        changes = [ruled(number + step, topic, f"c{step}") for step in (0, 1)]
        answers = both(sign(changes[0], "omar"), sign(changes[1], "lina"))
        assert sorted(answers) in (["applied", "decided_meanwhile"], ["applied", "incomplete"]), answers
        assert Ruling.objects.filter(topic=topic).count() == 1
        assert DecisionRecord.objects.filter(number__in=(number, number + 1)).count() == 1


@TIMES
def test_two_successors_of_one_decision(both: Both, times: int) -> None:
    standing = decision()
    for number in range(2, 2 + 2 * times, 2):
        changes = [ruled(number + step, "lineage", f"c{step}", supersedes=[standing.key]) for step in (0, 1)]
        answers = both(last(changes[0], "huda"), last(changes[1], "khalid"))
        assert sorted(answers) in (["applied", "decided_meanwhile"], ["applied", "incomplete"]), answers
        ruling = Ruling.objects.get(topic="lineage", stands=True)
        assert Supersession.objects.get(older=standing).newer == ruling.decision
        standing = ruling.decision
    assert Ruling.objects.filter(topic="lineage").count() == times + 1


@TIMES
def test_a_choice_and_the_decision_that_takes_its_ground_away(both: Both, times: int) -> None:
    standing, wanted = decision(), "openlineage"
    choice()
    for number in range(2, 2 + 2 * times, 2):
        # The choice wants to follow a new decision, while that one is superseded.
        follows = decision(number, decides=[{"topic": "lineage", "choice": f"c{number}"}], supersedes=[standing.key])
        moving = submitted("lineage_choice", choice_document(choice=f"c{number}", decision=follows.key))
        newer = ruled(number + 1, "lineage", f"c{number + 1}", supersedes=[follows.key])
        moved, accepted = both(last(moving, "huda"), last(newer, "khalid"))
        assert accepted == "applied"
        assert moved in ("applied", "incomplete", "no_standing_decision"), moved
        wanted = f"c{number}" if moved == "applied" else wanted
        assert LineageChoice.objects.get().choice == wanted
        standing = DecisionRecord.objects.get(number=number + 1)


def test_the_constraint_alone_keeps_two_rulings_of_a_topic_apart() -> None:
    decision()
    other = DecisionRecord(number=2, decided_on="2026-02-01", version=1, created_at=database_now())
    other.take_document(decision_document(2, decides=[]), Team.objects.get(key=team().key))
    other.state, other.updated_at = "active", database_now()
    DecisionRecord.objects.bulk_create([other])
    with pytest.raises(IntegrityError, match="one_ruling_stands"):
        Ruling.objects.create(decision=DecisionRecord.objects.get(number=2), topic="lineage", choice="datahub")
    assert signed(submitted("decision", decision_document(3, supersedes=["adr-0001"])))
