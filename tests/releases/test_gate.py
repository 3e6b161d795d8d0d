"""The gate, end to end: what it asks for, what closes it, what opens it again."""

from datetime import timedelta

import pytest

from portal.changes import decisions
from portal.changes.models import ChangeState
from portal.operations.services import database_now
from portal.refusals import Invalid, Missing
from severity import services as incidents
from severity.gate.facts import MOST
from severity.gate.services import ask, evaluate
from severity.models import GateDecision, Promotion, ReleaseCandidate
from severity.rules import Level
from tests.people import actor
from tests.releases import world

pytestmark = pytest.mark.django_db


def rules(to: str, key: str = "r-2026.12") -> list[str]:
    return sorted(one.rule for one in evaluate(key, to).blocked)


def test_a_new_candidate_is_held_by_everything_that_nobody_knows_yet() -> None:
    world.release()
    found = evaluate("R-2026.12", "staging")
    assert not found.allowed
    assert sorted({one.rule for one in found.blocked}) == ["no_checkpoint", "row_unknown", "watch_stale"]
    assert {row.dimension: row.status.value for row in found.rows} == {
        "docs_truth": "blocked", "schema_adherence": "blocked", "data_quality": "blocked", "approval_sla": "ok",
        "contradiction_backlog": "blocked", "connector_health": "blocked", "security_checklist": "blocked",
        "regulatory_controls": "blocked", "provenance": "blocked",
    }  # fmt: skip


def test_a_candidate_with_which_nothing_is_wrong_goes_to_prod_and_each_matrix_is_frozen() -> None:
    world.well()
    assert rules("staging") == []
    found = world.promoted(to="prod")
    assert (found.stage, found.version) == ("prod", 4)
    frozen = list(Promotion.objects.order_by("id").values_list("from_stage", "to_stage", "signed_by"))
    assert frozen == [
        ("dev", "staging", ["omar"]),
        ("staging", "canary", ["omar"]),
        ("canary", "prod", ["omar", "huda"]),
    ]
    last = Promotion.objects.latest("id")
    assert len(last.digest) == 64
    assert last.matrix["launch_allowed"] is True
    assert {row["status"] for row in last.matrix["rows"]} == {"ok", "risk"}  # no trusted key signed the attestation


def test_stages_are_taken_one_at_a_time_and_by_that_alone() -> None:
    world.well()
    assert rules("prod") == ["wrong_stage"]
    with pytest.raises(Invalid) as jumped:
        world.proposed("release", world.release_document(stage="canary"))
    assert [one.code for one in jumped.value.problems] == ["stage"]
    with pytest.raises(Invalid) as mixed:
        world.proposed("release", world.release_document(stage="staging", description="And something else."))
    assert [one.code for one in mixed.value.problems] == ["promotion_alone"]
    with pytest.raises(Invalid) as begun:
        world.proposed("release", world.release_document("r-2027.1", stage="prod"))
    assert [one.path for one in begun.value.problems] == ["stage"]


def test_the_commit_and_build_of_a_candidate_are_fixed() -> None:
    world.release()
    with pytest.raises(Invalid) as other:
        world.proposed("release", world.release_document(commit="0" * 40, build="ci-1"))
    assert [one.path for one in other.value.problems] == ["commit", "build"]


def test_a_v3_stops_every_promotion_until_a_person_resolves_it() -> None:
    world.well()
    one = world.trouble(Level.V3)
    for to in ("staging", "canary", "prod"):
        assert "v3_open" in rules(to)
    now = database_now()
    incidents.mitigate(actor=actor("omar"), incident_id=one.pk, now=now, text="The feed is off.")
    assert rules("staging") == ["v3_open"]
    incidents.resolve(actor=actor("omar"), incident_id=one.pk, now=now, text="The feed is mended.")
    assert rules("staging") == []


def test_a_v2_holds_the_way_to_prod_alone_until_it_is_mitigated() -> None:
    world.well()
    one = world.trouble(Level.V2)
    assert rules("staging") == []
    assert [warning.rule for warning in evaluate("r-2026.12", "staging").warnings] == ["v2_open", "not_signed"]
    world.promoted(to="canary")
    assert rules("prod") == ["v2_open"]
    incidents.mitigate(actor=actor("omar"), incident_id=one.pk, now=database_now(), text="Customers see the old ones.")
    assert rules("prod") == []


def test_an_exception_lifts_a_v2_for_its_release_until_the_clock_takes_it_back() -> None:
    world.well()
    world.promoted(to="canary")
    one = world.trouble(Level.V2)
    exception = world.excepted(one, database_now() + timedelta(days=2))
    assert rules("prod") == []
    told = evaluate("r-2026.12", "prod")
    assert "v2_excepted" in [warning.rule for warning in told.warnings]
    assert {row.dimension: row.status.value for row in told.rows}["connector_health"] == "risk"
    world.end_exception(exception)
    assert rules("prod") == ["v2_open"]


def test_an_exception_that_was_retired_or_whose_incident_got_worse_lifts_nothing() -> None:
    world.well()
    world.promoted(to="canary")
    one = world.trouble(Level.V2)
    until = database_now() + timedelta(days=2)
    world.excepted(one, until)
    world.trouble(Level.V3, epoch=database_now())  # the same key: it is raised
    assert rules("prod") == ["v3_open"]
    other = world.trouble(Level.V2, key="trouble:2")
    world.excepted(other, until, "exc-2")
    world.signed(world.proposed("exception", world.exception_document(other, until, "exc-2"), to_state="retired"))
    assert rules("prod") == ["v2_open", "v3_open"]


def test_exceptions_are_for_a_standing_v2_of_a_release_on_its_way_and_for_a_while() -> None:
    world.well()
    v2, soon = world.trouble(Level.V2), database_now() + timedelta(days=2)
    v3, v1 = world.trouble(Level.V3, key="trouble:3"), world.trouble(Level.V1, key="trouble:4")
    wrong = [
        (world.exception_document(v3, soon), ["v3"]),
        (world.exception_document(v1, soon), ["not_v2"]),
        (world.exception_document(v2, soon) | {"incident": "INC-99999999"}, ["no_such_incident"]),
        (world.exception_document(v2, soon, release="r-none"), ["no_such_release"]),
        (world.exception_document(v2, database_now()), ["past"]),
        (world.exception_document(v2, soon + timedelta(days=40)), ["too_long"]),
        (world.exception_document(v2, soon, expires_at="2026-12-01"), ["moment"]),
        (world.exception_document(v2, soon, reason="because"), ["too_short"]),
    ]
    for document, codes in wrong:
        with pytest.raises(Invalid) as refused:
            world.proposed("exception", document)
        assert [one.code for one in refused.value.problems] == codes


def test_a_v1_is_harmless_once_a_measure_is_recorded() -> None:
    world.well()
    one = world.trouble(Level.V1)
    assert "v1_open" in [warning.rule for warning in evaluate("r-2026.12", "staging").warnings]
    type(one).objects.filter(pk=one.pk).update(measure="Done by hand every morning.")
    found = evaluate("r-2026.12", "staging")
    assert "v1_open" not in [warning.rule for warning in found.warnings]
    assert {row.dimension: row.status.value for row in found.rows}["connector_health"] == "ok"


def test_what_people_say_counts_for_fourteen_days() -> None:
    world.well()
    for days, blocked in ((13.9, []), (14.1, ["row_stale"])):
        world.said(dimension="docs_truth", ago=timedelta(days=days))
        assert rules("staging") == blocked
    world.said(dimension="docs_truth")
    assert rules("staging") == []


def test_more_than_is_listed_still_counts() -> None:
    world.well()
    for number in range(MOST + 3):
        world.trouble(Level.V3, key=f"trouble:{number}")
    told = evaluate("r-2026.12", "staging")
    assert (len(told.blocked), told.unlisted, told.allowed) == (MOST, 3, False)


def test_blocked_statements_block_and_those_at_risk_warn() -> None:
    world.well()
    world.said(dimension="security_checklist", status="blocked", note="Two findings are open.")
    assert rules("staging") == ["row_blocked"]
    world.said(dimension="security_checklist", status="risk", note="One finding is open.")
    assert rules("staging") == []


@pytest.mark.parametrize("verdict", ["fail", "incomplete", "empty", "error"])
def test_only_a_pass_promotes(verdict: str) -> None:
    world.well()
    world.checkpoint("payments-daily", verdict)
    assert rules("staging") == ["checkpoint_not_passed"]


def test_a_pass_that_is_too_old_is_none() -> None:
    world.well()
    world.checkpoint("payments-daily", "pass", stale=timedelta(seconds=-1))
    (reason,) = evaluate("r-2026.12", "staging").blocked
    assert "stale" in reason.what


def test_a_watch_that_does_not_look_closes_the_gate() -> None:
    world.well()
    world.watched(ago=61)
    assert rules("staging") == ["watch_stale"]
    world.watched(ago=-3600)
    assert rules("staging") == ["watch_stale"]


def test_the_way_to_prod_asks_for_an_attestation() -> None:
    world.release()
    world.checkpoint()
    world.watched()
    for dimension in ("docs_truth", "schema_adherence", "contradiction_backlog", "security_checklist"):
        world.said(dimension=dimension)
    for dimension in ("regulatory_controls", "provenance"):
        world.said(dimension=dimension)
    world.promoted(to="canary")
    assert rules("prod") == ["not_attested"]


def test_a_signature_that_comes_when_the_gate_has_closed_promotes_nothing() -> None:
    world.well()
    change = world.promotion()
    world.trouble(Level.V3)
    with pytest.raises(Invalid) as closed:
        world.signed(change)
    assert [one.code for one in closed.value.problems] == ["v3_open"]
    assert ReleaseCandidate.objects.get().stage == "dev"
    assert not Promotion.objects.exists()
    change.refresh_from_db()
    assert change.state == ChangeState.IN_REVIEW


def test_no_emergency_goes_around_the_gate() -> None:
    world.well()
    change = world.promotion()
    world.trouble(Level.V3)
    with pytest.raises(Invalid) as refused:
        decisions.apply_in_emergency(
            actor=actor("khalid"), change_id=change.pk, digest=change.digest, reason="Now.", now=database_now()
        )
    assert [one.code for one in refused.value.problems] == ["v3_open"]
    assert ReleaseCandidate.objects.get().stage == "dev"


def test_what_is_unknown_is_refused_and_what_is_asked_is_logged() -> None:
    world.well()
    with pytest.raises(Missing):
        evaluate("r-none", "prod")
    for bad in ("dev", "PROD", "", "moon"):
        with pytest.raises(Invalid):
            ask(actor=actor("vera"), key="r-2026.12", to=bad, way="api")
    assert not GateDecision.objects.exists()
    ask(actor=actor("vera"), key="R-2026.12", to="staging", way="api")
    logged = GateDecision.objects.get()
    assert (logged.allowed, logged.asked_by, logged.way, logged.release_key) == (True, "vera", "api", "r-2026.12")
