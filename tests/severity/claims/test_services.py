"""What a verdict does: the incident by path and verdict, recovery, who may say what, once whatever is told again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils.translation import override

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from portal.people.actors import Actor
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Refusal
from portal.roles import ActorType
from severity import services as people
from severity.claims import services
from severity.claims.rules import VERDICTS
from severity.claims.services import Judged, Reported
from severity.models import Claim, ClaimEvent, Incident, IncidentState
from severity.rules import Level
from tests.documents import runtime_tool_document
from tests.people import actor, machine
from tests.registering import apply_connector
from tests.severity.claims.world import AGENT, BOTH, CONTRADICTED, EVIDENCE, SUPPORTED, body, corrected, reported

pytestmark = pytest.mark.django_db
# By the domain: on a path that cannot simply be taken back, a contradiction and too little evidence alike are V3.
LEVELS = {
    ("partially_verified", False): "V2", ("partially_verified", True): "V2",
    ("unverified", False): "V2", ("unverified", True): "V3",
    ("contradicted", False): "V2", ("contradicted", True): "V3",
}  # fmt: skip


@pytest.mark.parametrize("reversibility", ["R0", "R1", "R2", "R3"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_what_each_verdict_opens_on_each_path(verdict: str, reversibility: str) -> None:
    claim = reported(verdict, reversibility=reversibility)
    event = ClaimEvent.objects.get()
    assert (event.claim_id, event.verdict, event.evidence, event.actor_name) == (
        claim.pk, verdict, claim.evidence, "amal",
    )  # fmt: skip
    audit = AuditLine.objects.get(object_kind="claim")
    assert (audit.action, audit.object_key, audit.actor_name) == ("claim.report", claim.human_id, "amal")
    if verdict == "verified":
        assert not Incident.objects.exists()
        assert claim.incident is None
        return
    incident = Incident.objects.get()
    claim.refresh_from_db()
    assert claim.incident == incident
    assert incident.level.name == LEVELS[verdict, reversibility in ("R2", "R3")]
    assert (incident.source, incident.subject_kind, incident.subject_key, incident.dimension, incident.owner.key) == (
        "contradiction", "claim", claim.human_id, "contradiction_backlog", "crm-team",
    )  # fmt: skip
    assert incident.evidence[0]["reference"] == claim.human_id
    assert len(incident.evidence) == 1 + len(claim.evidence)
    assert OutboxEvent.objects.filter(topic="incident.opened").count() == 1


def test_the_database_itself_holds_the_v3_and_that_only_a_person_closes_it() -> None:
    claim = reported(reversibility="R3")
    with connection.cursor() as cursor:
        cursor.execute("SELECT severity, evidence <> '[]' FROM severity_incident")
        assert cursor.fetchall() == [(3, True)]
    with pytest.raises(DatabaseError), transaction.atomic():
        Incident.objects.update(state="resolved", resolved_at=database_now())
    with pytest.raises(DatabaseError), transaction.atomic():
        ClaimEvent.objects.filter(claim=claim).update(verdict="verified")


def test_the_path_is_never_better_than_its_connector() -> None:
    connector = apply_connector(runtime_tool_document())
    type(connector).objects.filter(pk=connector.pk).update(reversibility_class="R2")
    claim = reported(reversibility="R0", connector=connector.key, owner=None)
    assert (claim.reversibility, claim.owner, claim.connector) == (2, connector.owner, connector)
    assert Incident.objects.get().level == Level.V3
    assert reported("verified", reversibility="R3", connector=connector.key, reference="c-2").reversibility == 3


def test_told_again_it_is_kept_once_and_another_content_is_a_conflict() -> None:
    given = Reported(**body())
    first, new = services.report(actor=actor("amal"), given=given, now=database_now())
    again, newer = services.report(actor=actor("amal"), given=given, now=database_now() + timedelta(days=1))
    assert (first.pk, new, newer) == (again.pk, True, False)
    assert Incident.objects.get().repeats == 0
    assert ClaimEvent.objects.count() == AuditLine.objects.filter(object_kind="claim").count() == 1
    with pytest.raises(Conflict):
        reported("verified")
    # After a correction the same report is still the same claim, and brings nothing back.
    corrected(first, "verified")
    assert reported() == first
    first.refresh_from_db()
    assert first.verdict == "verified"
    # Another account names its own.
    assert reported(by="noor") != first


@pytest.mark.parametrize(
    ("reversibility", "state"), [("R1", IncidentState.MITIGATED), ("R2", IncidentState.OPEN)]
)  # fmt: skip
def test_verified_recovers_a_v2_and_leaves_a_v3_to_a_person(reversibility: str, state: str) -> None:
    claim = corrected(reported(reversibility=reversibility), "verified", note="Looked again.")
    assert (claim.verdict, claim.evidence) == ("verified", EVIDENCE["verified"])
    incident = Incident.objects.get()
    assert incident.state == state
    assert [one.verdict for one in claim.events.all()] == ["contradicted", "verified"]
    lines = AuditLine.objects.filter(object_kind="claim").order_by("id")
    assert [one.action for one in lines] == ["claim.report", "claim.correct"]
    assert lines[0].after_digest == lines[1].before_digest != lines[1].after_digest
    if state == IncidentState.MITIGATED:
        assert "Looked again." in incident.timeline.latest("id").text


def test_worse_raises_the_incident_and_back_again_counts_on_it() -> None:
    claim = corrected(reported("partially_verified", reversibility="R2"), "contradicted")
    incident = Incident.objects.get()
    assert (incident.level, incident.repeats, incident.circumstance) == (Level.V3, 1, "governed")
    assert [one.what for one in incident.timeline.order_by("id")] == ["opened", "raised"]
    assert any(piece["note"].startswith("contradicts") for piece in incident.evidence)
    corrected(claim, "partially_verified")
    incident.refresh_from_db()
    assert incident.level == Level.V3


def test_bad_news_after_good_reopens_and_after_resolving_opens_another() -> None:
    claim = corrected(corrected(reported(), "verified"), "contradicted", by="lina")
    incident = Incident.objects.get()
    assert incident.state == IncidentState.OPEN
    people.resolve(actor=actor("omar"), incident_id=incident.pk, now=database_now(), text="Done by hand.")
    claim = corrected(claim, "unverified", by="huda")
    assert Incident.objects.count() == 2
    assert claim.incident is not None
    assert claim.incident.pk != incident.pk


def test_two_verdicts_of_one_instant_are_two_occurrences() -> None:
    now = database_now()
    claim, _new = services.report(actor=actor("amal"), given=Reported(**body()), now=now)
    for verdict in ("partially_verified", "contradicted"):
        given = Judged(verdict, EVIDENCE[verdict])
        claim = services.correct(actor=actor("omar"), claim_id=claim.pk, given=given, now=now - timedelta(hours=1))
    assert claim.judged_at == now + timedelta(microseconds=2)
    assert Incident.objects.get().repeats == 2


def test_the_same_again_by_the_same_account_writes_nothing() -> None:
    claim = reported()
    for by, events in (("amal", 1), ("omar", 2), ("omar", 2)):
        corrected(claim, "contradicted", by=by)
        assert claim.events.count() == events
    assert Incident.objects.get().repeats == 1


def test_what_was_looked_at_must_still_stand() -> None:
    claim = reported()
    seen = claim.events.latest("id").pk
    corrected(claim, "unverified", by="omar", seen=seen)
    with pytest.raises(Conflict):
        corrected(claim, "verified", by="huda", seen=seen)
    with pytest.raises(Missing):
        services.correct(actor=actor("omar"), claim_id=0, given=Judged("unverified", []), now=database_now())


@pytest.mark.parametrize("kind", ["observer_agent", "recommender_agent", "executor_system"])
def test_an_agent_that_only_speaks_makes_a_verdict_worse_and_never_better(kind: str) -> None:
    agent = Actor.of(machine("watcher", actor_type=ActorType(kind)))
    claim = reported("partially_verified")
    assert corrected(claim, "contradicted", by=agent).verdict == "contradicted"
    for better in ("unverified", "partially_verified", "verified"):
        if kind == "executor_system":
            continue
        with pytest.raises(Forbidden) as refused:
            corrected(claim, better, by=agent)
        assert refused.value.rule == "only_worse"
    claim.refresh_from_db()
    assert claim.verdict == "contradicted"
    if kind == "executor_system":
        assert corrected(claim, "verified", by=agent).verdict == "verified"


@pytest.mark.parametrize("name", ["amal", "AMAL ", "ａmal", "am\u200dal", "Amal"])
def test_nobody_verifies_a_claim_of_their_own(name: str) -> None:
    for verdict in ("verified", "partially_verified"):
        with pytest.raises(Forbidden):
            reported(verdict, claimed_by=name)
    assert not Claim.objects.exists()
    claim = reported("contradicted", claimed_by=name)
    for verdict in ("unverified", "partially_verified", "verified"):
        with pytest.raises(Forbidden) as refused:
            corrected(claim, verdict, by="amal")
        assert refused.value.rule == "own_claim"
    claim = corrected(corrected(claim, "verified", by="omar"), "contradicted", by="amal")
    assert claim.verdict == "contradicted"


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"verdict": "verified", "evidence": []}, "evidence", "evidence"),
        ({"verdict": "verified", "evidence": BOTH}, "evidence", "evidence"),
        ({"verdict": "contradicted", "evidence": SUPPORTED}, "evidence", "evidence"),
        ({"owner": None}, "owner", "required"),
        ({"owner": "nobody"}, "owner", "unknown_team"),
        ({"connector": "nothing"}, "connector", "no_such_connector"),
        ({"statement": "password=correct-horse"}, "statement", "secret"),
        ({"note": "Bearer abcdefghijkl12345"}, "note", "secret"),
        ({"about": {"kind": "x", "key": "ghp_0123456789abcdefghij"}}, "about.key", "secret"),
        ({"evidence": [CONTRADICTED[0] | {"reference": "https://a:secret1@host/"}]}, "evidence.0.reference", "secret"),
    ],
)
def test_what_is_refused_says_where_and_keeps_nothing(change: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        reported(**change)
    assert (path, code) in {(one.path, one.code) for one in refused.value.problems}
    assert not Claim.objects.exists()
    assert not Incident.objects.exists()


def test_a_viewer_and_the_portal_itself_report_nothing() -> None:
    claim = reported()
    for who in (actor("vera"), Actor.system("x")):
        with pytest.raises(Refusal):
            reported(by=who, reference="c-2")
        with pytest.raises(Refusal):
            corrected(claim, "unverified", by=who)
    assert Claim.objects.get().claimed_by == AGENT


def test_what_its_incident_tells_is_kept_in_english_whoever_reports() -> None:
    with override("ar"):
        claim = reported("unverified", note="Nobody looked.")
    assert claim.incident is not None
    assert claim.incident.timeline.get().text.startswith("Unverified: ")
