"""What people do with an incident: each act done, refused, by whom, and what it leaves behind."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from severity import services
from severity.models import Incident
from severity.rules import Level
from tests.changes.deciding import refusal
from tests.people import actor, team, user
from tests.severity.incidents.making import SHOWN, act, declared, lines

pytestmark = pytest.mark.django_db
SAID = {"text": "Because of the queue."}
# Act → what it takes, what the timeline says; each on an incident that is acknowledged.
ACTS: dict[str, tuple[dict[str, Any], str]] = {
    "mitigate": (SAID, "mitigated"),
    "resolve": (SAID, "resolved"),
    "update": (SAID, "update"),
    "comment": (SAID, "comment"),
    "set_impact": (SAID, "impact"),
    "record_measure": (SAID, "measure"),
    "change_severity": (SAID | {"severity": Level.V2}, "raised"),
    "command": ({"to": "noor"}, "command"),
    "give": (SAID | {"owner": "other-team"}, "given"),
    "tick": ({"number": 1}, "step_done"),
    "link": ({"reference": "https://status.example/17"}, "linked"),
}


@pytest.mark.parametrize("name", ACTS)
def test_each_act_leaves_timeline_history_audit_line_and_notice(name: str) -> None:
    team("other-team"), user("noor")
    incident = act("acknowledge", declared(), by="amal")
    act("subscribe", incident, by="omar")
    given, what = ACTS[name]
    versions = incident.history.count()
    after = act(name, incident, **given)
    assert lines(after)[-1] == what
    assert after.history.count() == versions + 1
    assert AuditLine.objects.latest("id").action == f"incident.{what}"
    event = OutboxEvent.objects.latest("id")
    assert (event.topic, event.people[str(user("omar").pk)]) == (f"incident.{what}", "watcher")
    assert bool(event.team_key) == (what not in {"comment", "step_done", "linked"})


@pytest.mark.parametrize("name", [*ACTS, "acknowledge"])
@pytest.mark.parametrize("who", ["vera", "adam"])
def test_who_may_not_work_on_incidents_does_none_of_it(name: str, who: str) -> None:
    incident = declared()
    given = ACTS.get(name, ({}, ""))[0]
    refusal(Forbidden, getattr(services, name), actor=actor(who), incident_id=incident.pk, **given)
    assert lines(incident) == ["opened"]


@pytest.mark.parametrize("name", [name for name in ACTS if name != "comment"])
def test_what_is_over_is_left_alone_but_for_notes_and_links(name: str) -> None:
    team("other-team"), user("noor")
    incident = act("resolve", declared())
    call: Any = lambda: act(name, incident, **ACTS[name][0])  # noqa: E731
    if name == "link":
        call()
        return
    with pytest.raises(Conflict):
        call()


@pytest.mark.parametrize("name", ["mitigate", "update", "comment", "set_impact", "record_measure"])
@pytest.mark.parametrize("text", ["", "  \n ", "x" * 6000, "a\x00b"])
def test_a_sentence_is_needed_and_bounded(name: str, text: str) -> None:
    refusal(Invalid, getattr(services, name), actor=actor("amal"), incident_id=declared().pk, text=text)


def test_the_clocks_follow_the_acts() -> None:
    incident = declared(Level.V2)
    opened = incident.opened_at
    assert incident.ack_by == opened + timedelta(minutes=30) == incident.duty_clock
    incident = act("acknowledge", incident)
    assert incident.duty_clock == incident.update_by
    later = database_now() + timedelta(minutes=50)
    incident = act("update", incident, now=later, text="Still looking.")
    assert incident.update_by == incident.duty_clock == later + timedelta(hours=2)
    incident = act("mitigate", incident, text="Rerouted.")
    assert incident.duty_clock == incident.update_by
    incident = act("resolve", incident, now=later, text="Fixed.")
    assert incident.review_by == incident.duty_clock == later + timedelta(days=5)
    assert incident.resolved_by == user("amal")


def test_a_v1_asks_for_no_review() -> None:
    incident = act("resolve", declared(Level.V1))
    assert (incident.review_by, incident.duty_clock) == (None, None)


def test_worse_is_sooner_and_never_later_and_better_begins_anew() -> None:
    incident = declared(Level.V1)
    soon = database_now() + timedelta(minutes=3)
    Incident.objects.filter(pk=incident.pk).update(ack_by=soon)
    worse = act("change_severity", incident, severity=Level.V2, text="Customers see it.")
    assert (worse.level, worse.ack_by, worse.duty_clock) == (Level.V2, soon, soon)
    assert worse.update_by is not None
    better = act("change_severity", incident, severity=Level.V0, text="Nobody sees it.")
    assert (better.ack_by, better.update_by, better.resolve_by, better.duty_clock) == (None, None, None, None)


def test_v3_takes_evidence_and_only_some_may_say_that_it_is_none() -> None:
    incident = declared(Level.V2)
    told: dict[str, Any] = {"incident_id": incident.pk, "text": "A leak."}
    refusal(Invalid, services.change_severity, actor=actor("amal"), severity=Level.V3, **told)
    incident = act("change_severity", incident, severity=Level.V3, text="A leak.", evidence=SHOWN)
    assert incident.evidence[-1] == dict(SHOWN[0])
    refusal(Forbidden, services.change_severity, actor=actor("omar"), severity=Level.V1, **told)
    refusal(
        Invalid, services.change_severity, actor=actor("huda"), severity=Level.V1, incident_id=incident.pk, text=" "
    )
    assert act("change_severity", incident, by="huda", severity=Level.V1, text="No leak.").level == Level.V1


@pytest.mark.parametrize("broken", [{"evidence": []}, {"state": "resolved", "resolved_at": "2026-11-25T10:00:00Z"}])
def test_the_database_itself_holds_the_rules_of_v3(broken: dict[str, Any]) -> None:
    incident = declared(Level.V3)
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(**broken)


def test_a_raised_one_rises_by_itself_no_more() -> None:
    incident = declared(Level.V1)
    Incident.objects.filter(pk=incident.pk).update(escalate_at=database_now())
    assert act("change_severity", incident, severity=Level.V2, text="Customers.").escalate_at is None


def test_the_command_is_taken_and_handed_over() -> None:
    incident = declared()
    refusal(Conflict, services.command, actor=actor("amal"), incident_id=incident.pk)
    incident = act("acknowledge", incident, by="amal")
    assert act("command", incident, by="omar").commander == user("omar")
    refusal(Conflict, services.command, actor=actor("omar"), incident_id=incident.pk)
    user("vera"), user("noor")
    for nobody in ("vera", "nobody", "\x01"):
        refusal(Invalid, services.command, actor=actor("omar"), incident_id=incident.pk, to=nobody)
    assert act("command", incident, by="omar", to="noor").commander == user("noor")
    assert OutboxEvent.objects.latest("id").people == {str(user(name).pk): "watcher" for name in ("omar", "noor")}


def test_a_step_is_ticked_once_and_only_one_that_there_is() -> None:
    incident = declared()
    incident = act("tick", incident, number=2)
    assert incident.steps.get().done_by == user("amal")
    refusal(Conflict, services.tick, actor=actor("omar"), incident_id=incident.pk, number=2)
    for number in (0, -1, 99):
        refusal(Missing, services.tick, actor=actor("omar"), incident_id=incident.pk, number=number)


@pytest.mark.parametrize(
    "reference",
    ["http://status.example/", "https://", "https://me:secret@status.example/", "https://a b.example/", "CHG-999999",
     "INC-999999", "javascript:alert(1)", "R-none", "", "https://x.example:port/", "https://[", "a\x00b", "x" * 600],
)  # fmt: skip
def test_what_leads_nowhere_is_not_linked(reference: str) -> None:
    refusal(Invalid, services.link, actor=actor("amal"), incident_id=declared().pk, reference=reference)


def test_links_are_made_once_and_taken_away() -> None:
    incident, other = declared(), declared(title="Another")
    incident = act("link", incident, reference=other.human_id.lower())
    made = incident.links.get()
    assert (made.kind, made.reference, made.title) == ("incident", other.human_id, "Another")
    refusal(Conflict, services.link, actor=actor("amal"), incident_id=incident.pk, reference=other.human_id)
    refusal(Invalid, services.link, actor=actor("amal"), incident_id=incident.pk, reference=incident.human_id)
    refusal(Missing, services.unlink, actor=actor("amal"), incident_id=other.pk, link_id=made.pk)
    act("unlink", incident, link_id=made.pk)
    assert not incident.links.exists()
    assert lines(incident)[-2:] == ["linked", "unlinked"]


def test_a_measure_is_recorded_and_withdrawn() -> None:
    incident = act("record_measure", declared(), text="A person watches it.")
    assert incident.measure == "A person watches it."
    assert act("withdraw_measure", incident).measure == ""
    refusal(Conflict, services.withdraw_measure, actor=actor("amal"), incident_id=incident.pk)


def test_one_follows_once_and_no_more() -> None:
    incident = declared()
    for _ in range(2):
        act("subscribe", incident, by="vera")
    assert incident.subscribers.count() == 1
    act("unsubscribe", incident, by="vera")
    act("unsubscribe", incident, by="vera")
    assert AuditLine.objects.filter(action__startswith="incident.", actor_name="vera").count() == 2


def test_giving_it_away_tells_both_teams() -> None:
    other = team("other-team")
    incident = declared()
    incident.owner.members.add(user("noor"))
    assert act("give", incident, owner="other-team", text="It is theirs.").owner == other
    event = OutboxEvent.objects.latest("id")
    assert (event.team_key, set(event.people)) == ("other-team", {str(user("noor").pk)})
    for owner in ("nobody", "", "x\x00"):
        refusal(Invalid, services.give, actor=actor("amal"), incident_id=incident.pk, owner=owner, text="Why")
