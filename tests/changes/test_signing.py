"""Who signs, how often, and what a signature is bound to."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from connectors.models import Connector
from portal.audit.models import AuditLine
from portal.changes import decisions, services
from portal.changes.models import ChangeRequest, ChangeState, Decision, Proposal
from portal.changes.services import Draft
from portal.changes.signing import signatures
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from portal.people.actors import Actor
from portal.refusals import Conflict, Forbidden, Invalid, Refusal
from portal.roles import ActorType
from tests.documents import data_movement_document, put, runtime_tool_document, without
from tests.people import actor, machine, user
from tests.registering import EVIDENCE, apply_connector, approved, proposed, submitted

pytestmark = pytest.mark.django_db
HOOK = "facets.approval_policy_hook"


def refusal(what: type[Refusal], call: Any, **told: Any) -> Refusal:
    with pytest.raises(what) as caught, transaction.atomic():
        call(now=database_now(), **told)
    return caught.value


def edited(change: ChangeRequest, document: dict[str, Any]) -> ChangeRequest:
    return services.edit(actor=actor("amal"), change_id=change.pk, draft=Draft(document=document), now=database_now())


def classed(approval: str, reversibility: str, sensitivity: str = "S1", key: str = "crm-lookup") -> dict[str, Any]:
    return runtime_tool_document(
        key,
        {
            f"{HOOK}.approval_class": approval,
            f"{HOOK}.reversibility_class": reversibility,
            f"{HOOK}.sensitivity_class": sensitivity,
        },
    )


def test_eight_of_nine_is_refused_at_submission_and_kept_as_a_draft() -> None:
    change = proposed(without(runtime_tool_document(), "facets.rollback_notes"))
    refused = refusal(Invalid, services.submit, actor=actor("amal"), change_id=change.pk)
    assert [problem.path for problem in refused.problems] == ["facets.rollback_notes"]
    change.refresh_from_db()
    assert (change.state, change.proposal_number) == (ChangeState.DRAFT, 0)
    assert not Proposal.objects.exists()


def test_one_lead_applies_an_a1_change_and_everything_is_written_once() -> None:
    change = submitted(runtime_tool_document())
    assert (change.state, change.required_class, change.action_class) == ("in_review", "A1", "B")
    assert not Connector.objects.exists()
    change = approved(change, "omar")
    connector = Connector.objects.get()
    assert (change.state, change.applied_version, connector.version, connector.state) == ("applied", 1, 1, "active")
    version = connector.history.get()
    assert (version.change_id, version.actor_name, version.document) == (change.pk, "omar", change.document)
    assert version.history_user == user("omar")
    lines = AuditLine.objects.filter(change_id=change.pk).order_by("id")
    assert [line.action for line in lines] == [
        "change.propose",
        "change.submit",
        "change.approve",
        "runtime_tool.apply",
    ]
    last = lines[3]
    assert (last.before_digest, last.after_digest, last.actor_name) == ("", connector.digest, "omar")
    (notice,) = OutboxEvent.objects.filter(topic="change.applied")
    assert (notice.payload["version"], notice.team_key) == (1, "crm-team")


def test_nobody_signs_their_own_change_and_the_database_refuses_it_too() -> None:
    change = submitted(runtime_tool_document(), by="omar")
    refused = refusal(Forbidden, decisions.approve, actor=actor("omar"), change_id=change.pk, digest=change.digest)
    assert refused.rule == "four_eyes"
    assert "somebody else" in decisions.refusal_to_decide(change, actor("omar"))
    with pytest.raises(IntegrityError, match="four eyes"), transaction.atomic():
        Decision.objects.create(
            proposal=Proposal.objects.get(),
            verdict="approve",
            digest=change.digest,
            level=1,
            actor=change.author,
            actor_name="omar",
            author=change.author,
            at=database_now(),
        )
    assert approved(change, "lina").state == ChangeState.APPLIED


def test_nobody_signs_for_the_account_they_answer_for_and_no_machine_signs() -> None:
    robot = machine("release-robot", accountable="omar")
    services_actor = Actor.of(robot)
    change = proposed(runtime_tool_document())
    ChangeRequest.objects.filter(pk=change.pk).update(author=robot)
    change = services.submit(actor=services_actor, change_id=change.pk, now=database_now())
    call: dict[str, Any] = {"change_id": change.pk, "digest": change.digest}
    assert refusal(Forbidden, decisions.approve, actor=actor("omar"), **call).rule == "four_eyes"
    agent = Actor.of(user("lina"), actor_type=ActorType.RECOMMENDER_AGENT.value)
    assert refusal(Forbidden, decisions.approve, actor=agent, **call).rule == "role"
    assert refusal(Forbidden, decisions.approve, actor=actor("noor"), **call).rule == "role"
    assert refusal(Forbidden, decisions.approve, actor=actor("adam"), **call).rule == "role"
    assert approved(change, "lina").state == ChangeState.APPLIED


@pytest.mark.parametrize(
    ("document", "signers", "applied_after"),
    [
        (classed("A2", "R2"), ["omar", "lina", "huda"], 3),
        (classed("A2", "R2"), ["huda", "omar"], 2),
        (classed("A3", "R3"), ["omar", "huda", "khalid"], 3),
        (classed("A3", "R3"), ["khalid", "lina"], 2),
    ],
    ids=["two leads are not a head", "head and lead", "a head is no executive", "executive and lead"],
)
def test_two_distinct_people_sign_and_one_of_them_is_senior_enough(
    document: dict[str, Any], signers: list[str], applied_after: int
) -> None:
    change = submitted(document)
    for count, name in enumerate(signers, start=1):
        change = approved(change, name)
        assert (change.state == ChangeState.APPLIED) == (count == applied_after), name
    assert Connector.objects.get().version == 1


def test_nobody_signs_twice() -> None:
    change = approved(submitted(classed("A2", "R2")), "huda")
    refused = refusal(Conflict, decisions.approve, actor=actor("huda"), change_id=change.pk, digest=change.digest)
    assert refused.rule == "decided_already"


def test_an_edit_under_review_voids_the_signatures() -> None:
    change = approved(submitted(classed("A2", "R2")), "omar")
    assert len(signatures(change)) == 1
    stale = change.digest
    change = edited(change, put(classed("A2", "R2"), "description", "Another purpose."))
    assert (change.state, change.proposal_number, signatures(change)) == (ChangeState.IN_REVIEW, 2, [])
    refused = refusal(Conflict, decisions.approve, actor=actor("huda"), change_id=change.pk, digest=stale)
    assert refused.rule == "digest"
    assert approved(change, "huda").state == ChangeState.IN_REVIEW
    change.refresh_from_db()
    assert approved(change, "omar").state == ChangeState.APPLIED
    assert Decision.objects.count() == 3


def test_an_edit_under_review_must_be_whole_and_one_of_the_summary_keeps_signatures() -> None:
    change = approved(submitted(classed("A2", "R2")), "omar")
    with pytest.raises(Invalid), transaction.atomic():
        edited(change, without(classed("A2", "R2"), "facets.retry"))
    change = services.edit(
        actor=actor("amal"), change_id=change.pk, draft=Draft(summary="Better words"), now=database_now()
    )
    assert (change.proposal_number, len(signatures(change))) == (1, 1)


def test_only_the_author_edits_submits_and_withdraws_and_nothing_after_the_end() -> None:
    change = proposed(runtime_tool_document())
    for call in (services.submit, services.withdraw):
        assert refusal(Forbidden, call, actor=actor("noor"), change_id=change.pk).rule == "not_author"
    told: dict[str, Any] = {"change_id": change.pk, "draft": Draft(summary="Mine")}
    assert refusal(Forbidden, services.edit, actor=actor("noor"), **told).rule == "not_author"
    assert refusal(Conflict, services.edit, actor=actor("amal"), revision=7, **told).rule == "revision"
    services.withdraw(actor=actor("amal"), change_id=change.pk, now=database_now())
    assert refusal(Conflict, services.edit, actor=actor("amal"), **told).rule == "state"
    assert refusal(Conflict, services.submit, actor=actor("amal"), change_id=change.pk).rule == "state"
    assert refusal(Forbidden, services.propose, actor=actor("vera"), kind_name="runtime_tool", key="x",
                   draft=Draft()).rule == "role"  # fmt: skip


def test_a_rejection_needs_a_reason_and_ends_the_change() -> None:
    change = submitted(runtime_tool_document())
    told: dict[str, Any] = {"actor": actor("omar"), "change_id": change.pk, "digest": change.digest}
    assert refusal(Invalid, decisions.reject, reason="  ", **told).problems[0].path == "reason"
    rejected = decisions.reject(reason="Not this quarter.", now=database_now(), **told)
    assert (rejected.state, rejected.reason) == (ChangeState.REJECTED, "Not this quarter.")
    assert not Connector.objects.exists()
    assert refusal(Conflict, decisions.approve, **told).rule == "state"


def test_a_change_made_from_an_older_version_is_refused() -> None:
    connector = apply_connector(runtime_tool_document())
    first = submitted(put(dict(connector.document), "runtime_tool.allowlist", []))
    second = submitted(runtime_tool_document(changes={"name": "Lookups"}), by="noor")
    assert approved(first, "omar").applied_version == 2
    refused = refusal(Conflict, decisions.approve, actor=actor("omar"), change_id=second.pk, digest=second.digest)
    assert refused.rule == "base_version"
    second.refresh_from_db()
    assert (second.state, Decision.objects.filter(proposal__change=second).count()) == ("in_review", 0)
    assert Connector.objects.get().version == 2


def test_two_registrations_of_one_key_give_one_entry() -> None:
    first, second = submitted(runtime_tool_document()), submitted(runtime_tool_document(), by="noor")
    approved(first, "omar")
    refused = refusal(Conflict, decisions.approve, actor=actor("omar"), change_id=second.pk, digest=second.digest)
    assert "registered meanwhile" in refused.message
    other_kind = submitted(data_movement_document("crm-lookup"), by="noor")
    refused = refusal(
        Conflict, decisions.approve, actor=actor("omar"), change_id=other_kind.pk, digest=other_kind.digest
    )
    assert refused.rule == "base_version"
    assert Connector.objects.count() == 1


def test_declaring_less_than_the_least_class_is_refused_with_the_rule() -> None:
    change = proposed(classed("A2", "R2"), approval_class="A1")
    refused = refusal(Invalid, services.submit, actor=actor("amal"), change_id=change.pk)
    assert refused.rule == "approval_below_minimum:reversibility_R2"
    assert submitted(classed("A1", "R0", key="more-care"), approval_class="A3").required_class == "A3"


def test_lowering_the_classes_is_judged_by_the_state_before_as_well() -> None:
    apply_connector(classed("A2", "R2"))
    after = put(classed("A1", "R0"), "facets.version.number", "1.0.1")
    assert submitted(after).required_class == "A2"


def test_a_class_a_change_applies_at_once_for_a_human_and_waits_for_a_lead_from_an_observer() -> None:
    assert submitted(classed("A0", "R0", "S0")).state == ChangeState.APPLIED
    observer = Actor.of(user("amal"), actor_type=ActorType.OBSERVER_AGENT.value)
    change = services.propose(
        actor=observer,
        kind_name="runtime_tool",
        key="second",
        draft=Draft(document=classed("A0", "R0", "S0", key="second"), evidence=EVIDENCE),
        now=database_now(),
    )
    change = services.submit(actor=observer, change_id=change.pk, now=database_now())
    assert (change.state, change.required_class, change.action_class) == ("in_review", "A1", "B")


def test_a_proposal_that_changes_nothing_is_refused() -> None:
    apply_connector(runtime_tool_document())
    change = proposed(runtime_tool_document())
    assert refusal(Invalid, services.submit, actor=actor("amal"), change_id=change.pk).rule == "no_change"
    retiring = submitted(runtime_tool_document(), to_state="deprecated")
    assert approved(retiring, "omar").applied_version == 2
    assert Connector.objects.get().state == "deprecated"
