"""A change whose object moved on: refused, rebased by choices, restored, proposed again."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.models import Connector
from portal.changes import decisions, rebasing, services
from portal.changes.models import ChangeRequest, ChangeState, Decision
from portal.changes.signing import signatures
from portal.changes.waking import wake
from portal.operations.services import database_now
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from tests.changes.deciding import classed, described, edited, refusal, signed
from tests.people import actor
from tests.registering import apply_connector, approved, proposed, submitted

pytestmark = pytest.mark.django_db


def rebased(change: ChangeRequest, **choices: str) -> ChangeRequest:
    return rebasing.rebase(actor=actor("amal"), change_id=change.pk, choices=choices, now=database_now())


def standing() -> Connector:
    return Connector.objects.get()


def test_a_conflict_is_refused_at_approval_and_rebased_by_choosing() -> None:
    apply_connector(classed("A1", "R0"))
    first = submitted(described("First.", name="First"), by="noor")
    second = submitted(described("Second.", customer_impacting=True))
    approved(first, "omar")
    told: dict[str, Any] = {"actor": actor("lina"), "change_id": second.pk, "digest": second.digest}
    assert refusal(Conflict, decisions.approve, **told).rule == "base_version"
    assert not Decision.objects.filter(proposal__change=second).exists()
    parts = rebasing.conflict_of(second, standing())
    assert [(part.path, part.conflict) for part in parts] == [
        ("name", False), ("description", True), ("customer_impacting", False),
    ]  # fmt: skip
    second = rebased(second, description="proposed")
    assert (second.base_version, second.proposal_number, second.state) == (2, 2, "in_review")
    approved(second, "lina")
    document = standing().document
    assert (document["name"], document["description"], document["customer_impacting"]) == ("First", "Second.", True)
    assert standing().version == 3


def test_taking_what_stands_leaves_the_own_wish_out() -> None:
    apply_connector(classed("A1", "R0"))
    second = submitted(described("Second.", customer_impacting=True))
    approved(submitted(described("First."), by="noor"), "omar")
    approved(rebased(second, description="current"), "omar")
    assert (standing().document["description"], standing().document["customer_impacting"]) == ("First.", True)


def test_missing_and_unknown_choices_are_named_by_their_paths() -> None:
    apply_connector(classed("A1", "R0"))
    second = submitted(described("Second.", name="Second"))
    approved(submitted(described("First.", name="First"), by="noor"), "omar")
    told: dict[str, Any] = {"actor": actor("amal"), "change_id": second.pk}
    refused = refusal(Invalid, rebasing.rebase, choices={"name": "mine", "owner": "current"}, **told)
    assert [(one.path, one.code) for one in refused.problems] == [
        ("name", "choose"), ("description", "choose"), ("owner", "not_in_conflict"),
    ]  # fmt: skip
    second.refresh_from_db()
    assert (second.base_version, second.proposal_number) == (1, 1)


def test_a_rebase_that_leaves_the_content_keeps_the_signatures() -> None:
    apply_connector(classed("A2", "R2"))
    second = signed(submitted(described("Both say this.", classed("A2", "R2"), name="Second")), "lina")
    approved(submitted(described("Both say this.", classed("A2", "R2")), by="noor"), "omar", "huda")
    before = second.digest
    second = rebased(second)
    assert (second.digest, second.proposal_number, second.state) == (before, 1, "in_review")
    assert [one.actor_name for one in signatures(second)] == ["lina"]
    assert approved(second, "huda").state == ChangeState.APPLIED
    assert (standing().version, standing().name) == (3, "Second")


def test_a_rebase_that_leaves_the_content_applies_what_was_held_back() -> None:
    apply_connector(classed("A1", "R0"))
    later = database_now() + timedelta(hours=1)
    second = signed(submitted(described("Both say this.", name="Second"), apply_after=later), "lina")
    approved(submitted(described("Both say this."), by="noor"), "omar")
    assert wake(second.pk, now=later) == "held_back"
    second.refresh_from_db()
    assert second.state == ChangeState.APPROVED
    assert "rebase" in second.held_back
    done = rebasing.rebase(actor=actor("amal"), change_id=second.pk, choices={}, now=later)
    assert (done.state, done.applied_version, done.held_back) == (ChangeState.APPLIED, 3, "")
    assert (standing().name, Decision.objects.filter(proposal__change=done).count()) == ("Second", 1)


def test_a_rebase_with_other_content_voids_the_signatures() -> None:
    apply_connector(classed("A2", "R2"))
    second = signed(submitted(described("Second.", classed("A2", "R2"))), "lina")
    approved(submitted(classed("A2", "R2") | {"name": "First"}, by="noor"), "omar", "huda")
    second = rebased(second)
    assert (second.proposal_number, second.state, signatures(second)) == (2, "in_review", [])
    assert signed(second, "huda").state == ChangeState.IN_REVIEW
    assert signed(second, "lina").state == ChangeState.APPLIED


def test_a_rebase_onto_an_object_that_says_the_same_is_refused() -> None:
    apply_connector(classed("A2", "R2"))
    second = signed(submitted(described("Same.", classed("A2", "R2"))), "lina")
    approved(submitted(described("Same.", classed("A2", "R2")), by="noor"), "omar", "huda")
    told: dict[str, Any] = {"actor": actor("amal"), "change_id": second.pk, "choices": {}}
    assert refusal(Invalid, rebasing.rebase, **told).rule == "no_change"
    assert standing().version == 2


def test_only_the_author_rebases_and_only_what_is_open_and_moved() -> None:
    apply_connector(classed("A1", "R0"))
    second = submitted(described("Second."))
    told: dict[str, Any] = {"change_id": second.pk, "choices": {}}
    assert refusal(Conflict, rebasing.rebase, actor=actor("amal"), **told).rule == "up_to_date"
    approved(submitted(described("First."), by="noor"), "omar")
    for name in ("noor", "omar", "khalid"):
        assert refusal(Forbidden, rebasing.rebase, actor=actor(name), **told).rule == "not_author"
    services.withdraw(actor=actor("amal"), change_id=second.pk, now=database_now())
    assert refusal(Conflict, rebasing.rebase, actor=actor("amal"), **told).rule == "state"


def test_two_approved_changes_of_one_object_end_as_one_applied_and_one_in_conflict() -> None:
    apply_connector(classed("A1", "R0"))
    later = database_now() + timedelta(hours=1)
    both = [signed(submitted(described(name, name=name), by=name, apply_after=later), "omar") for name in
            ("amal", "noor")]  # fmt: skip
    assert sorted(wake(change.pk, now=later) for change in both) == ["applied", "held_back"]
    assert standing().version == 2
    for change in both:
        change.refresh_from_db()
    assert sorted(change.state for change in both) == ["applied", "approved"]
    held = next(change for change in both if change.state == "approved")
    assert {part.path for part in rebasing.conflict_of(held, standing()) if part.conflict} == {"name", "description"}


def test_a_draft_is_rebased_without_being_put_before_anybody() -> None:
    apply_connector(classed("A1", "R0"))
    draft = proposed(described("Second."))
    approved(submitted(described("First."), by="noor"), "omar")
    assert refusal(Conflict, services.submit, actor=actor("amal"), change_id=draft.pk).rule == "base_version"
    draft = rebased(draft, description="proposed")
    assert (draft.state, draft.proposal_number) == ("draft", 0)
    sent = services.submit(actor=actor("amal"), change_id=draft.pk, now=database_now())
    assert approved(sent, "omar").applied_version == 3


def test_a_version_is_restored_by_a_change_that_is_signed_like_any_other() -> None:
    first = dict(apply_connector(classed("A1", "R0")).document)
    apply_connector(described("Worse."))
    told: dict[str, Any] = {"actor": actor("amal"), "kind_name": "runtime_tool", "key": "crm-lookup"}
    assert refusal(Conflict, rebasing.revert, version=2, **told).rule == "no_change"
    assert refusal(Missing, rebasing.revert, version=7, **told).rule == "no_such_version"
    vera: dict[str, Any] = told | {"actor": actor("vera")}
    assert refusal(Forbidden, rebasing.revert, version=1, **vera).rule == "role"
    change = rebasing.revert(version=1, now=database_now(), **told)
    assert (change.state, change.restores_version, change.base_version) == ("draft", 1, 2)
    missing = refusal(Invalid, services.submit, actor=actor("amal"), change_id=change.pk)
    assert missing.rule == "evidence"
    from_same = edited(change, dict(change.document), evidence=submitted(described("Other.")).evidence)
    sent = services.submit(actor=actor("amal"), change_id=from_same.pk, now=database_now())
    assert refusal(Forbidden, decisions.approve, actor=actor("amal"), change_id=sent.pk, digest=sent.digest)
    approved(sent, "omar")
    assert (standing().version, standing().document) == (3, first)


def test_a_rejected_change_is_proposed_again_and_shows_what_changed_meanwhile() -> None:
    apply_connector(classed("A1", "R0"))
    old = submitted(described("Second.", name="Second"))
    told: dict[str, Any] = {"actor": actor("omar"), "change_id": old.pk, "digest": old.digest}
    decisions.reject(reason="Not now.", now=database_now(), **told)
    approved(submitted(described("First."), by="noor"), "omar")
    noor = refusal(Forbidden, rebasing.resubmit, actor=actor("noor"), change_id=old.pk)
    assert noor.rule == "not_author"
    again = rebasing.resubmit(actor=actor("amal"), change_id=old.pk, now=database_now())
    assert (again.state, again.replaces_id, again.base_version) == ("draft", old.pk, 1)
    assert again.document == old.document
    assert again.evidence == old.evidence
    assert refusal(Conflict, services.submit, actor=actor("amal"), change_id=again.pk).rule == "base_version"
    assert [part.path for part in rebasing.conflict_of(again, standing()) if part.conflict] == ["description"]
    again = rebased(again, description="proposed")
    sent = services.submit(actor=actor("amal"), change_id=again.pk, now=database_now())
    assert signatures(sent) == []
    assert approved(sent, "lina").applied_version == 3
    assert refusal(Conflict, rebasing.resubmit, actor=actor("amal"), change_id=again.pk).rule == "state"


def test_what_was_registered_meanwhile_is_not_registered_again() -> None:
    old = submitted(classed("A1", "R0", key="left"))
    decisions.reject(actor=actor("omar"), change_id=old.pk, digest=old.digest, reason="Not yet.", now=database_now())
    signed(submitted(classed("A1", "R0", key="left"), by="noor"), "omar")
    before = ChangeRequest.objects.count()
    refused = refusal(Conflict, rebasing.resubmit, actor=actor("amal"), change_id=old.pk)
    assert refused.rule == "registered_meanwhile"
    assert "“left” was registered meanwhile" in refused.message
    assert ChangeRequest.objects.count() == before
