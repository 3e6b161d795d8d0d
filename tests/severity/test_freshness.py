"""Freshness of data syncs, failed runs and breaking changes: one incident each, judged by the clock, ended by its cause."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from connectors.models import BreakingNotice, NoticeConsumer, SyncState
from connectors.syncs import notices, pausing
from portal.operations.models import Heartbeat
from portal.operations.services import database_now
from severity import freshness_statements, reconcile, services, sweep
from severity.models import Incident, TimelineEvent
from tests.connectors.syncs.world import HOUR, SLA, announced, late, report, run, state, sync
from tests.documents import data_movement_document
from tests.people import actor
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=5)


def judged() -> list[tuple[str, int, str, int]]:
    """What stands after the sweep and the slower look went over it, twice."""
    for _again in range(2):
        sweep.tick()
        reconcile.tick()
    return list(Incident.objects.order_by("id").values_list("rule", "severity", "state", "repeats"))


@pytest.mark.parametrize(("impacting", "level"), [(False, 1), (True, 2)])
def test_data_that_is_late_is_told_once_and_ended_by_a_fresh_success(impacting: bool, level: int) -> None:
    one = sync(customer_impacting=impacting)
    assert judged() == [], "it has just been registered"
    assert state().freshness_clock == one.updated_at + SLA
    at = late()
    assert judged() == [("freshness", level, "open", 0)]
    incident = Incident.objects.get()
    assert (incident.dedup_key, incident.subject_kind, incident.subject_key, incident.connector_id, incident.epoch) == (
        f"sync:{one.pk}:freshness", "data_movement", "crm-warehouse", one.pk, at,
    )  # fmt: skip
    assert (incident.escalate_at is None) is impacting
    assert "None has succeeded yet." in TimelineEvent.objects.get().text
    assert state().freshness_clock is None
    report(run())
    assert judged() == [("freshness", level, "mitigated" if impacting else "resolved", 0)]
    assert TimelineEvent.objects.latest("id").text == "The data is fresh again."
    success = state().last_success
    assert success is not None
    assert success.ended_at is not None
    assert state().freshness_clock == success.ended_at + SLA


def test_it_is_late_by_how_new_the_data_is_and_not_by_when_the_run_ended() -> None:
    sync()
    report(run("r1", data_until=database_now() - SLA - timedelta(minutes=3)))
    assert judged() == [("freshness", 1, "open", 0)]
    assert "brought data of" in TimelineEvent.objects.latest("id").text


def test_a_run_that_comes_late_but_brings_older_data_changes_nothing() -> None:
    sync()
    report(run("new", ago=timedelta(minutes=20)))
    clock = state().freshness_clock
    assert report(run("old", ago=9 * HOUR)).outcome == "late"
    assert state().freshness_clock == clock
    assert judged() == []


def test_a_lasting_v1_rises_by_the_escalation_time_of_its_connector() -> None:
    one = sync()
    late()
    sweep.tick()
    incident = Incident.objects.get()
    assert incident.escalate_at is not None
    assert (incident.escalate_at - incident.opened_at).total_seconds() == one.escalation_seconds
    Incident.objects.update(escalate_at=database_now())
    assert judged() == [("freshness", 2, "open", 0)]
    assert Incident.objects.count() == 1


def test_one_whose_data_came_just_before_it_would_rise_is_ended_and_not_raised() -> None:
    sync()
    late()
    sweep.tick()
    Incident.objects.update(escalate_at=database_now())
    report(run())
    assert judged() == [("freshness", 1, "resolved", 0)]


def test_a_failed_run_is_told_each_once_and_ended_by_the_next_success() -> None:
    sync()
    report(run("a", "failed", ago=timedelta(minutes=30), note="The source refused us."))
    assert judged() == [("sync_failed", 1, "open", 0)]
    assert Incident.objects.get().evidence == [
        {"kind": "sync_run", "reference": "crm-warehouse a", "note": "The source refused us."}
    ]
    assert Incident.objects.get().escalate_at is None, "a job that failed and retries"
    report(run("b", "failed", ago=timedelta(minutes=20)))
    assert judged() == [("sync_failed", 1, "open", 1)]
    report(run("c", "cancelled", ago=timedelta(minutes=15)))
    report(run("d", "running", ago=timedelta(minutes=12)))
    assert judged() == [("sync_failed", 1, "open", 1)]
    report(run("e", ago=timedelta(minutes=10)))
    assert judged() == [("sync_failed", 1, "resolved", 1)]
    assert TimelineEvent.objects.latest("id").text == "A newer run succeeded."
    report(run("late", "failed", ago=timedelta(minutes=40)))
    assert judged() == [("sync_failed", 1, "resolved", 1)], "a newer one has succeeded since"


def test_a_failed_run_of_what_customers_feel_is_v2_and_left_to_a_person() -> None:
    sync(customer_impacting=True)
    report(run("a", "failed", ago=timedelta(minutes=30)))
    assert judged() == [("sync_failed", 2, "open", 0)]
    report(run("b"))
    assert judged() == [("sync_failed", 2, "mitigated", 0)]


def test_late_and_failed_are_two_incidents() -> None:
    sync()
    report(run("a", "failed"))
    late()
    assert {one[:3] for one in judged()} == {("freshness", 1, "open"), ("sync_failed", 1, "open")}


def test_another_sla_moves_the_clock_in_the_transaction_of_the_change() -> None:
    sync()
    report(run(data_until=database_now() - 2 * HOUR))
    assert judged() == []
    changed(freshness=3600)
    assert judged() == [("freshness", 1, "open", 0)]
    changed(freshness=6 * 3600, number="1.0.2")
    assert judged() == [("freshness", 1, "resolved", 0)]


def changed(*, freshness: int, number: str = "1.0.1", **more: Any) -> None:
    """The sync under another SLA, by a signed change."""
    apply_connector(
        data_movement_document(
            changes={"data_movement.freshness_seconds": freshness, "facets.version.number": number, **more}
        )
    )


def test_while_it_is_paused_nobody_is_told_and_then_it_is() -> None:
    sync()
    pausing.pause(
        actor=actor("amal"),
        sync="crm-warehouse",
        until=database_now() + HOUR,
        reason="The source moves.",
        now=database_now(),
    )
    SyncState.objects.update(fresh_until=database_now() - HOUR)
    assert judged() == []
    SyncState.objects.update(paused_until=database_now() - SOON, freshness_clock=database_now() - SOON)
    assert judged() == [("freshness", 1, "open", 0)]


def test_a_pause_ends_no_incident_and_a_resumed_sync_is_not_told_of_twice() -> None:
    sync()
    late()
    assert judged() == [("freshness", 1, "open", 0)]
    now = database_now()
    pausing.pause(actor=actor("amal"), sync="crm-warehouse", until=now + HOUR, reason="We know.", now=now)
    assert judged() == [("freshness", 1, "open", 0)]
    pausing.resume(actor=actor("amal"), sync="crm-warehouse", now=database_now())
    assert judged() == [("freshness", 1, "open", 0)]
    services.resolve(actor=actor("yusuf"), incident_id=Incident.objects.get().pk, now=database_now(), text="Known.")
    assert judged() == [("freshness", 1, "resolved", 0)], "what a person ended does not come back by itself"


def test_a_retired_sync_has_no_clock_and_no_incident() -> None:
    sync()
    late()
    report(run("a", "failed"))
    judged()
    for life in ("deprecated", "retired"):
        apply_connector(data_movement_document(), to_state=life)
    assert {one[2] for one in judged()} == {"resolved"}
    assert (state().fresh_until, state().freshness_clock, state().judge_at) == (None, None, None)


@pytest.mark.parametrize("put_off", [None, timedelta(days=30)])
def test_the_slower_look_finds_a_clock_that_was_taken_away_or_put_off(put_off: timedelta | None) -> None:
    sync()
    at = late()
    SyncState.objects.update(freshness_clock=None if put_off is None else database_now() + put_off)
    sweep.tick()
    assert not Incident.objects.exists()
    assert reconcile.tick()["late_data"] == 1
    assert [one.epoch for one in Incident.objects.all()] == [at]
    assert reconcile.tick()["late_data"] == 0


def test_the_slower_look_arms_a_clock_that_is_still_ahead() -> None:
    sync()
    armed = state().freshness_clock
    SyncState.objects.update(freshness_clock=None)
    reconcile.tick()
    assert state().freshness_clock == armed


def test_the_slower_look_finds_what_nobody_was_going_to_judge() -> None:
    sync()
    report(run("a", "failed", ago=timedelta(minutes=30)))
    SyncState.objects.update(judge_at=None)
    sweep.tick()
    assert not Incident.objects.exists()
    assert reconcile.tick()["runs"] == 1
    assert [one.rule for one in Incident.objects.all()] == ["sync_failed"]
    report(run("b"))
    SyncState.objects.update(judge_at=None)
    assert reconcile.tick()["runs"] == 1
    assert judged() == [("sync_failed", 1, "resolved", 0)]
    assert reconcile.tick()["runs"] == 0


def test_after_an_outage_of_the_portal_schedulers_have_time_to_report_again() -> None:
    sync()
    sweep.tick()
    late()
    Heartbeat.objects.filter(name=sweep.HEARTBEAT).update(at=database_now() - 2 * HOUR)
    assert judged() == []
    clock = state().freshness_clock
    assert clock is not None
    assert timedelta(hours=2) <= clock - database_now() <= timedelta(hours=2, minutes=2)
    SyncState.objects.update(freshness_clock=database_now())
    assert judged() == [("freshness", 1, "open", 0)], "what is late after that is told"


@pytest.mark.parametrize("silence", [2, 59])
def test_a_short_silence_forgives_nothing(silence: int) -> None:
    sync()
    sweep.tick()
    late()
    Heartbeat.objects.filter(name=sweep.HEARTBEAT).update(at=database_now() - timedelta(seconds=silence))
    assert judged() == [("freshness", 1, "open", 0)]


def test_a_notice_past_its_deadline_is_told_with_who_is_behind_and_ended_when_all_have_moved() -> None:
    sync()
    one = announced("crm-warehouse", "forecast", "board")
    assert judged() == []
    notices.moved(actor=actor("amal"), sync="crm-warehouse", notice_id=one.pk, consumers=["board"], now=database_now())
    BreakingNotice.objects.update(deadline=database_now() - SOON, notice_clock=database_now() - SOON)
    assert judged() == [("notice_late", 1, "open", 0)]
    incident = Incident.objects.get()
    assert (incident.owner.key, incident.subject_key, incident.dedup_key) == (
        "crm-team", "crm-warehouse", f"notice:{one.pk}:notice_late",
    )  # fmt: skip
    assert TimelineEvent.objects.get().text.endswith("Behind: forecast.")
    notices.moved(
        actor=actor("amal"), sync="crm-warehouse", notice_id=one.pk, consumers=["forecast"], now=database_now()
    )
    assert judged() == [("notice_late", 1, "resolved", 0)]


def test_a_notice_that_is_closed_or_all_moved_in_time_is_told_of_nobody() -> None:
    sync()
    one, two = announced("crm-warehouse", "forecast"), announced("crm-warehouse", "board")
    notices.close(actor=actor("amal"), sync="crm-warehouse", notice_id=one.pk, reason="Called off.", now=database_now())
    notices.moved(actor=actor("amal"), sync="crm-warehouse", notice_id=two.pk, consumers=["board"], now=database_now())
    BreakingNotice.objects.update(deadline=database_now() - HOUR)
    assert judged() == []


def test_the_slower_look_finds_a_notice_whose_clock_was_lost() -> None:
    sync()
    announced("crm-warehouse", "forecast")
    BreakingNotice.objects.update(deadline=database_now() - HOUR, notice_clock=None)
    sweep.tick()
    assert not Incident.objects.exists()
    assert judged() == [("notice_late", 1, "open", 0)]
    NoticeConsumer.objects.update(moved_at=database_now())
    assert judged() == [("notice_late", 1, "resolved", 0)]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (freshness_statements.LATE, "sync_freshness"),
        (freshness_statements.JUDGED, "sync_judge"),
        (freshness_statements.NOTICES, "notice_due"),
        (freshness_statements.NOTICES_OVER, "notice_judge"),
    ],
)
def test_an_idle_look_is_by_the_index_alone(statement: str, index: str) -> None:
    sync()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sweep._ANY_DUE[statement]}")
        told = "\n".join(line for (line,) in cursor.fetchall())
    assert index in told
