"""The approval policy: what it demands, that it only tightens, and that it counts at the last signature."""

from datetime import timedelta
from typing import Any

import pytest

from portal.changes import decisions, services
from portal.changes.services import Draft
from portal.changes.signing import signatures
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.policy.models import ApprovalPolicy
from portal.policy.rules import BASELINE, ActionClass, Classes, judge
from portal.refusals import Forbidden, Invalid
from portal.registry.rules import Floor
from tests.changes.deciding import classed, policy_change, refusal, signed, tightened
from tests.documents import put, runtime_tool_document
from tests.people import actor, user
from tests.registering import apply_connector, submitted


@pytest.mark.parametrize(
    ("floor", "touched", "least", "rule"),
    [
        (Floor(read_only=True), (), 0, "reversibility_R0"),
        (Floor(reversibility=1, read_only=True), (), 1, "reversibility_R1"),
        (Floor(reversibility=2, read_only=True), (), 2, "reversibility_R2"),
        (Floor(reversibility=3, read_only=True), (), 3, "reversibility_R3"),
        (Floor(sensitivity=1, read_only=True), (), 0, "reversibility_R0"),
        (Floor(sensitivity=1, read_only=False), (), 1, "sensitivity_S1"),
        (Floor(sensitivity=2, read_only=True), (), 1, "sensitivity_S2"),
        (Floor(sensitivity=3, read_only=False), (), 2, "sensitivity_S3"),
        (Floor(external_side_effect=True, read_only=True), (), 1, "external_side_effect"),
        (Floor(read_only=True), ("allowlist",), 1, "touches_allowlist"),
        (Floor(read_only=True), ("endpoint",), 2, "touches_endpoint"),
        (Floor(read_only=True), ("retention",), 1, "touches_retention"),
        (Floor(read_only=True), ("sensitivity", "allowlist"), 2, "touches_sensitivity"),
    ],
)
def test_the_highest_reason_counts(floor: Floor, touched: tuple[str, ...], least: int, rule: str) -> None:
    found = judge(BASELINE, Classes(), [floor], touched)
    assert (found.least_approval, found.rule) == (least, rule)
    assert found.action_class == (ActionClass.B if least else ActionClass.A)
    if least:
        below = judge(BASELINE, Classes(approval=least - 1), [floor], touched)
        assert (below.action_class, below.rule) == (ActionClass.C, f"approval_below_minimum:{rule}")


@pytest.mark.django_db
def test_it_is_tightened_by_a_change_under_the_strictest_row() -> None:
    change = policy_change(("signing.A1.signatures", 2))
    assert (change.required_class, signed(change, "omar", "huda").state) == ("A3", "in_review")
    assert signed(change, "khalid").state == "applied"
    assert ApprovalPolicy.objects.get().version == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "value"),
    [("reversibility.R2", "A1"), ("sensitivity.S3", "A1"), ("signing.A2.signatures", 1), ("touched.endpoint", "A1"),
     ("signing.A3.one_of_them", "head"), ("signing.A3.fresh_minutes", 0), ("external_side_effect", "A0")],
)  # fmt: skip
def test_it_is_never_weakened_below_the_domain(path: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        policy_change((path, value))
    assert path in {problem.path for problem in caught.value.problems}


@pytest.mark.django_db
def test_a_policy_tightened_meanwhile_counts_at_the_last_signature() -> None:
    change = submitted(classed("A1", "R0"))
    tightened(("signing.A1.signatures", 2))
    assert signed(change, "omar").state == "in_review"
    assert signed(change, "lina").state == "applied"


@pytest.mark.django_db
def test_a_forbidden_pair_is_refused_with_its_name_at_submission_and_at_the_last_signature() -> None:
    waiting = submitted(classed("A2", "R2"))
    tightened(("forbidden", [{"reversibility": "R2", "sensitivity": "S1"}]))
    told: dict[str, Any] = {"actor": actor("huda"), "change_id": waiting.pk, "digest": waiting.digest}
    assert refusal(Invalid, decisions.approve, **told).rule == "forbidden:R2_S1"
    with pytest.raises(Invalid) as caught:
        submitted(classed("A3", "R2", key="another"))
    assert caught.value.rule == "forbidden:R2_S1"


@pytest.mark.django_db
def test_touching_an_endpoint_raises_the_class_by_itself() -> None:
    apply_connector(classed("A0", "R0", "S0"))
    moved = put(classed("A0", "R0", "S0"), "runtime_tool.endpoint", "http://127.0.0.1:10/mcp")
    change = submitted(moved)
    assert (change.required_class, change.policy_rule) == ("A2", "touches_endpoint")


@pytest.mark.django_db
@pytest.mark.parametrize("gone", [{"is_active": False}, {"roles": ["engineer"]}])
def test_a_signer_who_left_or_lost_the_role_counts_no_more(gone: dict[str, Any]) -> None:
    change = signed(submitted(classed("A2", "R2")), "omar")
    User.objects.filter(username="omar").update(**gone)
    assert signatures(change) == []
    assert signed(change, "huda").state == "in_review"
    assert signed(change, "lina").state == "applied"


@pytest.mark.django_db
def test_the_strictest_class_asks_for_a_fresh_sign_in() -> None:
    change = submitted(classed("A3", "R3"))
    now = database_now()
    for moment in (None, now - timedelta(minutes=16)):
        stale = Actor.of(user("khalid"), signed_in_at=moment)
        told: dict[str, Any] = {"actor": stale, "change_id": change.pk, "digest": change.digest, "now": now}
        assert refusal(Forbidden, decisions.approve, **told).rule == "fresh_sign_in"
    fresh = Actor.of(user("khalid"), signed_in_at=now - timedelta(minutes=14))
    decisions.approve(actor=fresh, change_id=change.pk, digest=change.digest, now=now)
    assert len(signatures(change)) == 1


@pytest.mark.django_db
def test_only_an_administrator_proposes_a_change_of_it() -> None:
    for name in ("amal", "omar", "khalid", "yusuf"):
        with pytest.raises(Forbidden):
            policy_change(by=name)
    told: dict[str, Any] = {
        "kind_name": "runtime_tool",
        "key": "x",
        "draft": Draft(document=runtime_tool_document("x")),
    }
    assert refusal(Forbidden, services.propose, actor=actor("adam"), **told).rule == "role"
