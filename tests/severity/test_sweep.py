"""The sweep: slips open, rise and recover as the domain says; once each, whoever sweeps."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection

from connectors.models import Connector, TaskState, TrackedTask
from portal.audit.models import AuditLine
from portal.operations.models import Heartbeat
from portal.operations.services import beat, database_now
from portal.outbox.models import OutboxEvent
from severity import reconcile, services, sweep
from severity.models import Incident
from tests.connectors.tracking import world
from tests.people import actor
from tests.severity.slipping import AHEAD, PASSED, end, running

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("rule", ["start", "deadline", "stall", "input", "blind", "cancel"])
def test_a_passed_clock_opens_one_v1_with_everything_that_belongs_to_it(rule: str) -> None:
    task = running(**{rule: PASSED})
    sweep.tick()
    sweep.tick()
    incident = Incident.objects.get(task=task)
    assert (incident.level.name, incident.state, incident.rule, incident.repeats) == ("V1", "open", rule, 0)
    assert incident.owner_id == task.owner_id
    assert [line.what for line in incident.timeline.all()] == ["opened"]
    assert incident.history.count() == 1
    assert OutboxEvent.objects.filter(topic="incident.opened", payload__id=incident.human_id).count() == 1
    line = AuditLine.objects.get(object_kind="incident", object_key=incident.human_id)
    assert line.after_digest == incident.fingerprint
    assert world.again(task).due_at is None


def test_a_clock_ahead_opens_nothing() -> None:
    task = running(deadline=AHEAD)
    assert sweep.tick()["incidents"] == 0
    assert world.again(task).deadline_clock is not None


def test_a_customer_impacting_slip_is_v2_at_once_and_does_not_rise() -> None:
    task = running(impacting=True, deadline=PASSED)
    sweep.tick()
    incident = Incident.objects.get(task=task)
    assert incident.level.name == "V2"
    assert incident.escalate_at is None


def test_a_lasting_v1_rises_to_v2_once_and_stays_the_same_incident() -> None:
    task = running(deadline=PASSED)
    sweep.tick()
    Incident.objects.filter(task=task).update(escalate_at=database_now())
    sweep.tick()
    sweep.tick()
    incident = Incident.objects.get(task=task)
    assert incident.level.name == "V2"
    assert [line.what for line in incident.timeline.all()] == ["opened", "raised"]
    assert OutboxEvent.objects.filter(payload__id=incident.human_id).count() == 2


def test_a_task_that_ends_resolves_its_v1() -> None:
    task = running(deadline=PASSED)
    sweep.tick()
    end(task)
    sweep.tick()
    incident = Incident.objects.get(task=task)
    assert incident.state == "resolved"
    assert "after its deadline" in incident.timeline.last().text


def test_a_task_that_ends_mitigates_its_v2_and_leaves_it_to_a_person() -> None:
    task = running(impacting=True, deadline=PASSED)
    sweep.tick()
    end(task)
    sweep.tick()
    assert Incident.objects.get(task=task).state == "mitigated"


def test_a_stall_nobody_looked_for_is_unknown_and_not_a_stall() -> None:
    task = running(stall=PASSED)
    TrackedTask.objects.filter(pk=task.pk).update(last_seen_at=database_now() - timedelta(minutes=5))
    sweep.tick()
    assert not Incident.objects.filter(task=task).exists()
    assert world.again(task).stall_clock > database_now()


def test_a_change_after_a_stall_resolves_it_and_the_next_stall_is_a_new_incident() -> None:
    task = running(stall=PASSED)
    sweep.tick()
    TrackedTask.objects.filter(pk=task.pk).update(stall_clock=database_now() + AHEAD, judge_at=database_now())
    sweep.tick()
    assert Incident.objects.get(task=task).state == "resolved"
    passed = database_now()
    TrackedTask.objects.filter(pk=task.pk).update(stall_clock=passed, last_seen_at=passed)
    sweep.tick()
    assert sorted(Incident.objects.filter(task=task).values_list("state", flat=True)) == ["open", "resolved"]


def test_a_stall_is_found_however_slow_the_looks_are() -> None:
    """Looks every 8 s against a clock that is pushed on by 10 s: the clock must not run away from them."""
    task = running(stall=PASSED)
    stalled = database_now() - timedelta(seconds=30)
    changed = stalled - timedelta(seconds=task.stall_seconds)
    pushed = database_now() - timedelta(seconds=1)
    TrackedTask.objects.filter(pk=task.pk).update(
        last_change_at=changed, stall_clock=pushed, last_seen_at=pushed - timedelta(seconds=4)
    )
    sweep.tick()
    assert Incident.objects.get(task=task).epoch == stalled


def test_a_stalled_task_that_begins_to_wait_for_input_is_stalled_no_more() -> None:
    task = running(stall=PASSED)
    sweep.tick()
    TrackedTask.objects.filter(pk=task.pk).update(state=TaskState.INPUT_REQUIRED, judge_at=database_now())
    sweep.tick()
    assert Incident.objects.get(task=task, rule="stall").state == "resolved"


def test_a_slip_whose_cause_is_over_is_judged_and_not_raised() -> None:
    task = running(blind=PASSED)
    sweep.tick()
    Incident.objects.filter(task=task).update(escalate_at=database_now())
    # Seen again, but nobody was told to judge it.
    TrackedTask.objects.filter(pk=task.pk).update(blind_clock=database_now() + AHEAD, judge_at=None)
    sweep.tick()
    sweep.tick()
    incident = Incident.objects.get(task=task)
    assert (incident.level.name, incident.state) == ("V1", "resolved")
    assert [line.what for line in incident.timeline.all()] == ["opened", "resolved"]


def test_a_repeat_brings_a_mitigated_incident_back_and_tells_of_it() -> None:
    task = running(impacting=True, stall=PASSED)
    sweep.tick()
    for _round in range(2):
        TrackedTask.objects.filter(pk=task.pk).update(stall_clock=database_now() + AHEAD, judge_at=database_now())
        sweep.tick()
        assert Incident.objects.get(task=task).state == "mitigated"
        passed = database_now()
        TrackedTask.objects.filter(pk=task.pk).update(
            stall_clock=passed, last_seen_at=passed, last_change_at=passed - timedelta(seconds=task.stall_seconds)
        )
        sweep.tick()
        assert Incident.objects.get(task=task).state == "open"
    incident = Incident.objects.get(task=task)
    assert incident.repeats == 2
    told = ["opened", "mitigated", "reopened", "mitigated", "reopened"]
    assert [line.what for line in incident.timeline.all()] == told
    notices = OutboxEvent.objects.filter(payload__id=incident.human_id).order_by("id")
    assert [notice.topic.removeprefix("incident.") for notice in notices] == told


def test_a_repeat_on_a_connector_that_touches_customers_by_now_raises_the_incident() -> None:
    task = running(stall=PASSED)
    sweep.tick()
    Connector.objects.filter(pk=task.connector_id).update(customer_impacting=True)
    passed = database_now()
    TrackedTask.objects.filter(pk=task.pk).update(
        stall_clock=passed, last_seen_at=passed, last_change_at=passed - timedelta(seconds=task.stall_seconds)
    )
    sweep.tick()
    incident = Incident.objects.get(task=task)
    assert (incident.level.name, incident.repeats, incident.escalate_at) == ("V2", 1, None)
    assert [line.what for line in incident.timeline.all()] == ["opened", "raised"]


def test_the_audit_lines_of_an_incident_are_a_chain_of_digests_whoever_wrote_them() -> None:
    task = running(deadline=PASSED)
    TrackedTask.objects.filter(pk=task.pk).update(correlation_id="order-7")
    sweep.tick()
    incident = Incident.objects.get(task=task)
    Incident.objects.filter(pk=incident.pk).update(escalate_at=database_now())
    sweep.tick()
    services.acknowledge(actor=actor("omar"), incident_id=incident.pk, now=database_now())
    end(task)
    sweep.tick()
    services.resolve(actor=actor("omar"), incident_id=incident.pk, now=database_now(), text="Restarted the ledger job.")
    lines = list(AuditLine.objects.filter(object_key=incident.human_id).order_by("id"))
    assert [line.action.removeprefix("incident.") for line in lines] == [
        "opened", "raised", "acknowledged", "mitigated", "resolved",
    ]  # fmt: skip
    assert lines[0].before_digest == ""
    for earlier, later in pairwise(lines):
        assert later.before_digest == earlier.after_digest
    assert {lines[number].correlation_id for number in (0, 1, 3)} == {"order-7"}


def test_notices_of_the_sweep_and_of_people_say_the_same_things() -> None:
    task = running(deadline=PASSED)
    sweep.tick()
    incident = Incident.objects.get(task=task)
    services.acknowledge(actor=actor("omar"), incident_id=incident.pk, now=database_now())
    ours, theirs = OutboxEvent.objects.filter(payload__id=incident.human_id).order_by("id")
    assert set(ours.payload) == set(theirs.payload)
    for name in ("id", "severity", "title", "rule", "subject", "connector", "task", "url"):
        assert ours.payload[name] == theirs.payload[name], name


@pytest.mark.parametrize("state", ["failed_tool", "failed", "cancelled_remotely", "lost", "expired", "not_started"])
def test_an_end_that_is_a_slip_opens_its_incident_once(state: str) -> None:
    task = running(deadline=AHEAD)
    end(task, TaskState(state))
    sweep.tick()
    TrackedTask.objects.filter(pk=task.pk).update(judge_at=database_now())
    sweep.tick()
    incident = Incident.objects.get(task=task)
    assert (incident.rule, incident.level.name, incident.repeats) == (state, "V1", 0)


def test_a_late_completion_that_no_sweep_saw_coming_opens_v1() -> None:
    task = running(deadline=timedelta(seconds=-30))
    end(task)
    sweep.tick()
    assert Incident.objects.get(task=task).rule == "late_completion"


def test_a_completion_in_time_opens_nothing() -> None:
    task = running(deadline=AHEAD)
    end(task)
    sweep.tick()
    assert not Incident.objects.filter(task=task).exists()


def test_after_an_outage_of_the_portal_blindness_is_forgiven_once() -> None:
    task = running(blind=PASSED)
    beat(sweep.HEARTBEAT)
    Heartbeat.objects.filter(name=sweep.HEARTBEAT).update(at=database_now() - timedelta(minutes=10))
    sweep.tick()
    assert not Incident.objects.filter(task=task).exists()
    TrackedTask.objects.filter(pk=task.pk).update(blind_clock=database_now())
    sweep.tick()
    assert Incident.objects.get(task=task).rule == "blind"


def test_a_poisoned_row_is_set_aside_and_the_rest_is_judged() -> None:
    first, second = running(deadline=timedelta(seconds=-9)), running(deadline=PASSED)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.dedup_key = 'task:{first.pk}:deadline' THEN"
            "  RAISE EXCEPTION 'poison' USING ERRCODE='data_exception'; END IF;"
            " RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER poison BEFORE INSERT ON severity_incident FOR EACH ROW EXECUTE FUNCTION poison()"
        )
    try:
        sweep.tick()
        sweep.tick()
    finally:
        sweep._aside.clear()
    assert Incident.objects.filter(task=second).count() == 1
    assert not Incident.objects.filter(task=first, source="task").exists()
    assert world.again(first).deadline_clock == first.deadline_clock, "its clock stays what it was"
    told = Incident.objects.get(task=first, source="watch")
    assert (told.rule, told.level.name) == ("unjudged", "V1")
    assert "poison" in told.timeline.get().text
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER poison ON severity_incident")
    sweep.tick()
    assert Incident.objects.get(task=first, rule="deadline").epoch == first.deadline_clock


def test_the_reconciler_finds_a_deadline_whose_clock_was_tampered_with() -> None:
    task = running(deadline=timedelta(minutes=-5))
    TrackedTask.objects.filter(pk=task.pk).update(deadline_clock=None)
    assert sweep.tick()["incidents"] == 0
    assert reconcile.tick()["rearmed"] == 1
    assert Incident.objects.get(task=task).rule == "deadline"


def test_the_idle_sweep_reads_its_partial_index_and_nothing_else() -> None:
    running(deadline=AHEAD)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM connectors_trackedtask WHERE due_at <= statement_timestamp()"
            " ORDER BY due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "task_due" in plan
