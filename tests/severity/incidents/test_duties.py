"""Duties: judged by one function, told once by the sweep, and by SQL as by Python."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from severity import duty_statements, reconcile, sweep
from severity.duties import BY_STATE, Due, next_due, next_duty
from severity.models import Incident
from severity.rules import Level
from tests.people import user
from tests.severity.incidents.making import act, again, declared, lines, past

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR, AGO = timedelta(hours=1), timedelta(hours=-1)


@pytest.mark.parametrize(
    ("state", "armed", "wanted"),
    [
        ("open", NOW - 3 * HOUR, NOW - 2 * HOUR),
        ("open", NOW - HOUR, NOW - HOUR),
        ("open", None, NOW + HOUR),
        ("open", NOW + 9 * HOUR, NOW + HOUR),
        ("acknowledged", NOW - 3 * HOUR, NOW - HOUR),
        ("acknowledged", None, NOW + HOUR),
        ("mitigated", None, None),
        ("mitigated", NOW - 3 * HOUR, NOW - HOUR),
        ("resolved", None, NOW + 2 * HOUR),
    ],
)
def test_the_next_duty_is_the_first_that_nobody_was_told_of(
    state: str, armed: datetime | None, wanted: datetime | None
) -> None:
    due = Due(NOW - 2 * HOUR, NOW - HOUR, NOW + HOUR, NOW + 2 * HOUR)
    assert next_duty(due, state, armed=armed, now=NOW) == wanted


def test_a_review_that_is_approved_is_asked_for_no_more() -> None:
    due = Due(review_by=NOW)
    assert next_due(due, "resolved") == ("review_by", NOW)
    assert next_due(due, "resolved", reviewed=True) is None
    assert next_duty(due, "resolved", armed=NOW, now=NOW, reviewed=True) is None


@pytest.mark.django_db
def test_what_is_late_is_told_once_to_team_commander_and_followers() -> None:
    incident = act("acknowledge", declared(Level.V2), by="omar")
    act("subscribe", incident, by="vera")
    incident = past(incident, update_by=AGO, resolve_by=HOUR)
    assert sweep.tick()["duties"] == 1
    incident = again(incident)
    assert lines(incident)[-1] == "overdue"
    assert incident.timeline.latest("id").text == "No update has been posted."
    assert incident.duty_clock == incident.resolve_by
    event = OutboxEvent.objects.filter(topic="incident.overdue").get()
    assert event.team_key == "crm-team"
    assert event.people == {str(user(name).pk): "watcher" for name in ("omar", "vera")}
    assert sweep.tick()["duties"] == 0
    assert lines(again(incident)).count("overdue") == 1


@pytest.mark.django_db
def test_several_that_passed_are_told_in_one_line_and_an_act_does_not_swallow_one() -> None:
    incident = past(declared(Level.V2), ack_by=AGO, update_by=AGO + timedelta(minutes=1), resolve_by=HOUR)
    incident = act("set_impact", incident, text="All of them.")
    assert incident.duty_clock == incident.ack_by
    sweep.tick()
    assert incident.timeline.latest("id").text == "Nobody has taken it on. No update has been posted."


@pytest.mark.django_db
def test_what_is_asked_for_no_more_is_not_told() -> None:
    incident = past(declared(Level.V2), ack_by=AGO, update_by=HOUR, resolve_by=2 * HOUR)
    armed = incident.duty_clock
    act("acknowledge", incident)
    # As if it were lost: the clock still stands at what is done.
    Incident.objects.filter(pk=incident.pk).update(duty_clock=armed)
    sweep.tick()
    incident = again(incident)
    assert "overdue" not in lines(incident)
    assert incident.duty_clock == incident.update_by


@pytest.mark.django_db
def test_a_late_review_is_told_and_an_approved_one_is_not() -> None:
    late, done = (act("resolve", declared(Level.V2), text="Fixed.") for _ in range(2))
    words = {"what_happened": "It fell.", "cause": "Rust.", "follow_up": "Paint."}
    done = act("write_review", done, **words)
    assert done.duty_clock == done.review_by
    assert act("approve_review", done, by="omar", digest=done.review.digest).duty_clock is None
    for one in (late, done):
        past(one, review_by=AGO)
    sweep.tick()
    assert lines(late)[-1] == "overdue"
    assert "overdue" not in lines(done)
    assert not Incident.objects.filter(duty_clock__isnull=False).exists()


@pytest.mark.django_db
def test_what_was_lost_is_armed_again() -> None:
    incident = past(declared(Level.V2), ack_by=HOUR, update_by=2 * HOUR, resolve_by=3 * HOUR)
    Incident.objects.update(duty_clock=None)
    assert reconcile.tick()["duties"] == 1
    assert again(incident).duty_clock == incident.ack_by
    assert reconcile.tick()["duties"] == 0


@pytest.mark.django_db
def test_the_sweep_judges_as_the_function_does() -> None:
    """Every state with every clock passed, ahead or not asked for: what is armed after the sweep is what Python says."""
    now = database_now()
    wrong = []
    for state, *set_ in product(BY_STATE, *[(None, AGO, HOUR)] * 4):
        at = dict(zip(("ack_by", "update_by", "resolve_by", "review_by"), (d and now + d for d in set_), strict=True))
        incident = declared(Level.V2)
        Incident.objects.filter(pk=incident.pk).update(
            state=state, **at, duty_clock=now + AGO,
            acknowledged_at=None if state == "open" else now,
            mitigated_at=now if state == "mitigated" else None,
            resolved_at=now if state == "resolved" else None,
        )  # fmt: skip
        sweep.drain(duty_statements.DUTIES)
        after = again(incident)
        asked = Due(**at).of(state)
        wanted = next_duty(Due(**at), state, armed=None, now=now)
        told = any(when <= now for when in asked.values())
        if after.duty_clock != wanted or ("overdue" in lines(after)) != told:
            wrong.append((state, set_, after.duty_clock, wanted))
    assert not wrong
