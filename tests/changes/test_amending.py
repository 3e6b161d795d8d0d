"""Editing as an approver: the original stays, signatures are void, and who edits never signs."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from connectors.models import Connector
from portal.audit.models import AuditLine
from portal.changes import decisions, services
from portal.changes.models import ChangeRequest, ChangeState, Decision, Proposal
from portal.changes.services import Draft
from portal.changes.signing import signatures
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Conflict, Forbidden, Invalid
from tests.changes.deciding import amended, classed, described, refusal, signed
from tests.documents import without
from tests.people import actor, machine, team, user
from tests.registering import EVIDENCE, submitted

pytestmark = pytest.mark.django_db


def call(change: ChangeRequest) -> dict[str, Any]:
    return {"change_id": change.pk, "digest": change.digest}


def written_directly(change: ChangeRequest, name: str, verdict: str = "approve") -> None:
    with transaction.atomic():
        Decision.objects.create(
            proposal=Proposal.objects.get(change=change, number=change.proposal_number), verdict=verdict,
            digest=change.digest, level=1, actor=user(name), actor_name=name, author=change.author, at=database_now(),
        )  # fmt: skip


def test_the_original_stays_beside_the_amendment() -> None:
    change = submitted(classed("A2", "R2"))
    amended(change, described("Clearer words.", classed("A2", "R2")))
    change.refresh_from_db()
    first, second = Proposal.objects.filter(change=change)
    assert (first.author, second.author) == (user("amal"), user("lina"))
    assert first.document["description"] == "What the tests register."
    assert (second.document["description"], change.digest) == ("Clearer words.", second.digest)
    assert change.author == user("amal")
    (verdict,) = Decision.objects.filter(proposal__change=change)
    assert (verdict.verdict, verdict.proposal, verdict.digest, verdict.reason) == (
        "edit", first, first.digest, "Clearer.",
    )  # fmt: skip
    assert AuditLine.objects.get(action="change.amend").before_digest == first.digest


def test_an_amendment_voids_every_signature_before_it() -> None:
    change = signed(submitted(classed("A2", "R2")), "omar")
    stale = change.digest
    change = amended(change, described("Clearer words.", classed("A2", "R2")))
    assert (change.state, change.proposal_number, signatures(change)) == ("in_review", 2, [])
    told: dict[str, Any] = {"actor": actor("huda"), "change_id": change.pk, "digest": stale}
    assert refusal(Conflict, decisions.approve, **told).rule == "digest"
    assert signed(change, "huda").state == ChangeState.IN_REVIEW
    assert signed(change, "omar").state == ChangeState.APPLIED
    assert Connector.objects.get().document["description"] == "Clearer words."


def test_neither_the_editor_nor_the_author_ever_signs_what_was_amended() -> None:
    change = amended(submitted(classed("A1", "R0"), by="omar"), described("Clearer words."))
    for name in ("lina", "omar"):
        assert refusal(Forbidden, decisions.approve, actor=actor(name), **call(change)).rule == "four_eyes"
        with pytest.raises(IntegrityError):
            written_directly(change, name)
    # Nor after the author wrote it anew: lina's words may still be in it.
    change = services.edit(
        actor=actor("omar"), change_id=change.pk, draft=Draft(document=described("Mine.")), now=database_now()
    )
    assert refusal(Forbidden, decisions.approve, actor=actor("lina"), **call(change)).rule == "four_eyes"
    with pytest.raises(IntegrityError, match="four eyes"):
        written_directly(change, "lina")
    assert signed(change, "huda").state == ChangeState.APPLIED


def test_the_editor_does_not_reject_or_apply_in_an_emergency_either() -> None:
    change = amended(submitted(classed("A1", "R0")), described("Clearer words."), by="khalid")
    told = {"reason": "Now."} | call(change)
    for verb in (decisions.reject, decisions.apply_in_emergency):
        assert refusal(Forbidden, verb, actor=actor("khalid"), **told).rule == "four_eyes"


def test_who_answers_for_a_machine_that_wrote_never_signs_and_the_database_refuses_it() -> None:
    robot = machine("release-robot", accountable="omar")
    change = submitted(classed("A1", "R0"))
    ChangeRequest.objects.filter(pk=change.pk).update(author=robot)
    change.refresh_from_db()
    assert refusal(Forbidden, decisions.approve, actor=actor("omar"), **call(change)).rule == "four_eyes"
    for verdict in ("approve", "review"):
        with pytest.raises(IntegrityError, match="four eyes"):
            written_directly(change, "omar", verdict)
    assert signed(change, "lina").state == ChangeState.APPLIED


def test_a_signature_stops_counting_when_the_signer_comes_to_answer_for_the_author() -> None:
    robot = machine("release-robot", accountable="huda")
    team()
    by_robot = Actor.of(robot)
    draft = Draft(document=classed("A2", "R2"), evidence=EVIDENCE)
    change = services.propose(actor=by_robot, kind_name="runtime_tool", key="", draft=draft, now=database_now())
    change = services.submit(actor=by_robot, change_id=change.pk, now=database_now())
    change = signed(change, "omar")
    User.objects.filter(pk=robot.pk).update(accountable=user("omar"))
    huda = refusal(Forbidden, decisions.approve, actor=actor("omar"), **call(change))
    assert huda.rule == "four_eyes"
    assert signatures(change) == []
    assert signed(change, "huda").state == ChangeState.IN_REVIEW


def test_an_amendment_is_whole_differs_and_is_bound_to_what_was_looked_at() -> None:
    change = submitted(classed("A1", "R0"))
    told: dict[str, Any] = {"actor": actor("lina"), "change_id": change.pk}
    same = Draft(document=dict(change.document))
    assert refusal(Invalid, decisions.edit, draft=same, digest=change.digest, **told).rule == "no_change"
    broken = Draft(document=without(classed("A1", "R0"), "facets.retry"))
    assert refusal(Invalid, decisions.edit, draft=broken, digest=change.digest, **told).rule == "incomplete"
    other = Draft(document=described("Clearer."))
    assert refusal(Conflict, decisions.edit, draft=other, digest="0" * 64, **told).rule == "digest"
    assert Proposal.objects.filter(change=change).count() == 1
    assert not Decision.objects.exists()


@pytest.mark.parametrize("name", ["vera", "noor", "yusuf", "adam"])
def test_only_who_signs_amends(name: str) -> None:
    change = submitted(classed("A1", "R0"))
    told: dict[str, Any] = {"draft": Draft(document=described("Mine."))} | call(change)
    assert refusal(Forbidden, decisions.edit, actor=actor(name), **told).rule == "role"
    assert refusal(Forbidden, decisions.edit, actor=actor("amal"), **told).rule == "four_eyes"


def test_an_amendment_may_raise_the_class_and_then_needs_more() -> None:
    change = amended(submitted(classed("A1", "R0")), classed("A2", "R2"))
    assert change.required_class == "A2"
    assert signed(change, "omar").state == ChangeState.IN_REVIEW
    assert signed(change, "huda").state == ChangeState.APPLIED


def test_proposals_and_decisions_are_never_rewritten() -> None:
    change = signed(submitted(classed("A2", "R2")), "omar")
    for table in ("changes_proposal", "changes_decision"):
        for sql in (f"UPDATE {table} SET digest = ''", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
    assert len(signatures(change)) == 1
