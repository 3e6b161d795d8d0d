"""Rows that another transaction refers to: FOR UPDATE would pass over them in silence, FOR NO KEY UPDATE does not."""

import contextlib
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from connectors.models import TaskState, TrackedTask
from connectors.tracking import claim
from portal.changes import decisions
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from severity import change_statements, statements, sweep
from severity.models import Incident
from tests.changes.deciding import classed
from tests.connectors.tracking import world
from tests.people import actor
from tests.registering import approved, submitted
from tests.severity.slipping import AHEAD, PASSED, end, running

pytestmark = pytest.mark.usefixtures("committed")
_CHILD_OF_TASK = (
    "INSERT INTO connectors_observation (task_id, at, what, state, remote_status, detail)"
    " VALUES (%s, now(), 'seen', 'working', '', '')"
)
_CHILD_OF_INCIDENT = (
    "INSERT INTO severity_timelineevent (incident_id, at, what, actor_name, severity, text)"
    " VALUES (%s, now(), 'noted', 'omar', 1, '')"
)


@contextlib.contextmanager
def referred_to(child: str, row: int) -> Iterator[None]:
    """Another transaction that has written a child of the row and is not over."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(child, [row])
            # The keys are checked, and the parent locked, at the end otherwise.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield
        other.rollback()
    finally:
        other.close()


def _naive(statement: str) -> str:
    with_key = statement.replace("FOR NO KEY UPDATE", "FOR UPDATE")
    assert with_key != statement
    return with_key


def _skips_with_the_naive_lock_only(statement: str) -> None:
    assert sweep._any_due(statement)
    with transaction.atomic():
        assert sweep.run_once(_naive(statement), 500) == (0, 0), "this lock was expected to pass over the row"
    assert sweep.drain(statement) == (1, 1)


def test_a_slip_is_seen() -> None:
    task = running(deadline=PASSED)
    with referred_to(_CHILD_OF_TASK, task.pk):
        _skips_with_the_naive_lock_only(statements.SLIPS)
    assert Incident.objects.get(task=task).rule == "deadline"


def test_an_end_is_judged() -> None:
    task = running(deadline=AHEAD)
    end(task, TaskState.FAILED)
    with referred_to(_CHILD_OF_TASK, task.pk):
        _skips_with_the_naive_lock_only(statements.JUDGED)
    assert Incident.objects.get(task=task).rule == "failed"


def test_a_lasting_incident_rises() -> None:
    task = running(deadline=PASSED)
    sweep.tick()
    Incident.objects.update(escalate_at=database_now())
    with referred_to(_CHILD_OF_INCIDENT, Incident.objects.get(task=task).pk):
        _skips_with_the_naive_lock_only(statements.RAISED)
    assert Incident.objects.get(task=task).level.name == "V2"


def test_a_due_look_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    task = running(deadline=AHEAD)
    TrackedTask.objects.filter(pk=task.pk).update(remote_task_id="remote-1")
    world.due(task)
    with referred_to(_CHILD_OF_TASK, task.pk):
        with monkeypatch.context() as patch:
            patch.setattr(claim, "_CLAIM", _naive(claim._CLAIM))
            assert claim.claim(room=8, rooms={}, most=8, after=0)[1] == []
        assert [held.id for held in claim.claim(room=8, rooms={}, most=8, after=0)[1]] == [task.pk]


_CHILD_OF_CHANGE = (
    "INSERT INTO changes_comment (change_id, author_id, author_name, text, mentions, at)"
    " SELECT id, author_id, 'amal', 'Hm.', '[]', now() FROM changes_changerequest WHERE id = %s"
)


def test_a_late_approval_is_seen_and_its_end_too() -> None:
    change = submitted(classed("A2", "R2"))
    ChangeRequest.objects.filter(pk=change.pk).update(sign_clock=database_now())
    with referred_to(_CHILD_OF_CHANGE, change.pk):
        _skips_with_the_naive_lock_only(change_statements.LATE)
    assert Incident.objects.get().rule == "approval_late"
    approved(change, "omar", "huda")
    with referred_to(_CHILD_OF_CHANGE, change.pk):
        _skips_with_the_naive_lock_only(change_statements.OVER)
    assert Incident.objects.get().state == "mitigated"


def test_an_unreviewed_emergency_is_seen() -> None:
    change = submitted(classed("A2", "R2"))
    decisions.apply_in_emergency(
        actor=actor("khalid"), change_id=change.pk, digest=change.digest, reason="The desk is down.", now=database_now()
    )
    with referred_to(_CHILD_OF_CHANGE, change.pk):
        _skips_with_the_naive_lock_only(change_statements.UNREVIEWED)
    assert Incident.objects.get().rule == "emergency"
