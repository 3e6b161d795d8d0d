"""Merging: nothing that stood against a release is lost by it."""

from datetime import timedelta

import pytest

from portal.operations.services import database_now
from portal.refusals import Conflict, Forbidden, Missing
from severity import services, sweep
from severity.models import GateException, Incident, IncidentState, ReleaseCandidate
from severity.rules import Level
from tests.changes.deciding import refusal
from tests.people import actor, team, user
from tests.severity.incidents.making import SHOWN, act, again, declared, lines
from tests.severity.slipping import PASSED, end, running

pytestmark = pytest.mark.django_db


def merged(gone: Incident, kept: Incident, by: str = "amal") -> Incident:
    act("merge", gone, by=by, into=kept.pk, text="The same.")
    return again(kept)


def test_the_survivor_is_as_bad_as_the_worse_and_the_merged_one_is_over() -> None:
    gone, kept = declared(Level.V3), declared(Level.V1, title="Late")
    act("subscribe", gone, by="vera")
    kept = merged(gone, kept)
    gone = again(gone)
    assert (kept.level, kept.by_hand) == (Level.V3, True)
    assert kept.evidence[0] == dict(SHOWN[0])
    assert kept.update_by is not None
    assert (gone.state, gone.merged_into, gone.resolved_by) == (IncidentState.RESOLVED, kept, user("amal"))
    assert (gone.review_by, gone.duty_clock) == (None, None)
    assert (lines(gone)[-1], lines(kept)[-1]) == ("merged", "took_over")
    assert kept.subscribers.get().user == user("vera")
    assert kept.timeline.latest("id").text == f"{gone.human_id} Orders are lost. The same."


def test_a_milder_one_changes_no_level() -> None:
    kept = merged(declared(Level.V0), declared(Level.V2))
    assert kept.level == Level.V2


def test_what_is_over_is_merged_neither_way_and_nothing_into_itself() -> None:
    one, over = declared(), act("resolve", declared())
    for gone, kept in ((one, over), (over, one), (one, one)):
        refusal(Conflict, services.merge, actor=actor("amal"), incident_id=gone.pk, into=kept.pk)
    refusal(Missing, services.merge, actor=actor("amal"), incident_id=one.pk, into=999_999)
    refusal(Forbidden, services.merge, actor=actor("vera"), incident_id=one.pk, into=declared().pk)


def test_a_mitigated_one_that_takes_over_what_lasts_is_mitigated_no_more() -> None:
    kept = act("mitigate", declared(Level.V2), text="Rerouted.")
    assert merged(declared(Level.V2), kept).state == IncidentState.ACKNOWLEDGED
    kept = act("mitigate", kept, text="Rerouted.")
    assert merged(act("mitigate", declared(Level.V2), text="Too."), kept).state == IncidentState.MITIGATED


@pytest.mark.parametrize(("gone", "kept", "left"), [("", "B", ""), ("A", "", ""), ("A", "B", "B / A"), ("B", "B", "B")])
def test_a_measure_for_the_one_is_none_for_the_other(gone: str, kept: str, left: str) -> None:
    pair = [declared(), declared()]
    for one, measure in zip(pair, (gone, kept), strict=True):
        if measure:
            act("record_measure", one, text=measure)
    assert merged(*pair).measure == left


def test_an_exception_for_the_one_does_not_excuse_the_other() -> None:
    gone, kept = declared(Level.V2), declared(Level.V2)
    now = database_now()
    entry = {"version": 1, "document": {}, "digest": "", "created_at": now, "updated_at": now, "owner": team()}
    # Written without a change, as no other way is as short: what is tried is the merge alone.
    (release,) = ReleaseCandidate.objects.bulk_create(
        [ReleaseCandidate(key="r-1", name="R-1", state="active", commit="c0ffee", build="17", stage="canary", **entry)]
    )
    until = now + timedelta(hours=1)
    (lives,) = GateException.objects.bulk_create(
        [
            GateException(
                key="exc-1", name="E", state="active", incident=kept, release=release, expires_at=until, **entry
            )
        ]
    )
    caught = refusal(Conflict, services.merge, actor=actor("amal"), incident_id=gone.pk, into=kept.pk)
    assert caught.rule == "exception"
    GateException.objects.filter(pk=lives.pk).update(expires_at=now + PASSED)
    assert merged(gone, kept).by_hand


def test_recovery_of_its_cause_does_not_end_what_took_over() -> None:
    task = running(deadline=PASSED)
    sweep.tick()
    slip = Incident.objects.get(task=task)
    kept = merged(declared(), slip, by="yusuf")
    end(task)
    sweep.tick()
    assert again(kept).state == IncidentState.OPEN
