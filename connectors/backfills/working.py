"""Work on a backfill: parts are handed out under a lease, reported, and what came of the whole follows from them.

Whoever works holds a part by its worker's name and the number of the lease that the claim gave. A lease that is over may be
handed to another; the number grows, and from then on the one who is late is refused. The row of the job is locked by everything
here, so that a claim, a report and a pause follow one another: nothing is handed out twice, nothing after a cancellation.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from connectors.backfills import wording
from connectors.models import BackfillJob, BackfillLine, JobState, Partition, PartitionState
from connectors.models.backfill import JOB_OVER
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Missing
from portal.roles import Permission

MOST_ATTEMPTS = 5
LEASE_SECONDS, LEAST_LEASE, MOST_LEASE = 300, 5, 86_400
# How long to wait where nothing is to be had now.
AGAIN_SECONDS = 10


@dataclass(frozen=True)
class Claim:
    """A part that was handed out, or None and why there is none."""

    job: BackfillJob
    partition: Partition | None

    @property
    def again(self) -> bool:
        """Whether there may be something later."""
        return self.partition is None and self.job.state in (JobState.READY, JobState.RUNNING, JobState.PAUSED)


@dataclass(frozen=True)
class Told:
    """What a worker says of the part that it holds."""

    worker: str
    lease: int
    state: str
    rows: int | None = None
    note: str = ""
    lease_seconds: int = LEASE_SECONDS


def locked(key: str) -> BackfillJob:
    """The job of a backfill under its row lock. Raises Missing."""
    rows = BackfillJob.objects.select_for_update(of=("self",), no_key=True).select_related("backfill")
    job = rows.filter(backfill__key=key[:60]).first()
    if job is None:
        raise Missing("no_such_backfill", _("There is no backfill “%s”.") % key[:60])
    return job


def write(job: BackfillJob, actor: Actor, action: str, text: str, now: datetime) -> None:
    """A line in the log of the backfill, and one in the audit log."""
    BackfillLine.objects.create(job=job, at=now, actor_name=actor.name, text=text[:500])
    record(actor=actor, action=f"backfill.{action}", kind="backfill", key=job.backfill.key, now=now, detail=text)


@transaction.atomic
def claim(*, actor: Actor, key: str, worker: str, lease_seconds: int, now: datetime) -> Claim:
    """Hand out the next part that waits, or one whose lease is over. None while the job is paused, and once it is over.

    A part that was handed out five times in vain fails, and its job with it. Raises Forbidden, Missing.
    """
    require(actor, Permission.WORK_BACKFILL)
    job = locked(key)
    if job.state not in (JobState.READY, JobState.RUNNING):
        return Claim(job, None)
    part = _next(job, actor, now)
    if part is None:
        return Claim(job, None)
    late = " " + wording.LEASE_OVER % {"worker": part.worker} if part.state == PartitionState.RUNNING else ""
    part.state, part.worker, part.note = PartitionState.RUNNING, worker, ""
    part.attempts, part.lease = part.attempts + 1, part.lease + 1
    part.started_at, part.ended_at, part.rows = now, None, None
    part.lease_until = now + timedelta(seconds=lease_seconds)
    part.save()
    if job.state == JobState.READY:
        job.state = JobState.RUNNING
        job.started_at = job.started_at or now
        job.save()
    told = wording.TAKEN % {"number": part.number, "worker": worker, "attempt": part.attempts}
    write(job, actor, "claim", told + late, now)
    return Claim(job, part)


def _next(job: BackfillJob, actor: Actor, now: datetime) -> Partition | None:
    """The part to be handed out; those that were tried too often on the way fail."""
    over = Q(state=PartitionState.RUNNING, lease_until__lte=now)
    rows = job.partitions.select_for_update(skip_locked=True, no_key=True).order_by("number")
    part = rows.filter(Q(state=PartitionState.PENDING) | over).first()
    if part is not None and part.attempts >= MOST_ATTEMPTS:
        _give_up(job, part, actor, _("the lease of %s was over") % part.worker, now)
        return None
    return part


def _give_up(job: BackfillJob, part: Partition, actor: Actor, why: str, now: datetime) -> None:
    part.state, part.ended_at, part.lease_until = PartitionState.FAILED, now, None
    part.save()
    told = wording.GIVEN_UP % {"number": part.number, "attempts": part.attempts, "why": why.rstrip(".")}
    job.reason = told[:500]
    if job.state != JobState.PAUSED:
        job.state = JobState.FAILED
    job.save()
    write(job, actor, "fail", told, now)


@transaction.atomic
def report(*, actor: Actor, key: str, number: int, told: Told, now: datetime) -> Partition:
    """Take what a worker says of its part: still at it (the lease is renewed), done, or failed and to be tried again.

    The same word twice changes nothing. Raises Forbidden, Missing, and Conflict for one who no longer holds the part, or says
    another thing than before.
    """
    require(actor, Permission.WORK_BACKFILL)
    job = locked(key)
    part = job.partitions.select_for_update(no_key=True).filter(number=number).first()
    if part is None:
        raise Missing("no_such_part", _("“%(key)s” has no part %(number)s.") % {"key": key[:60], "number": number})
    if (part.worker, part.lease) != (told.worker, told.lease):
        raise Conflict("lease_lost", _("You no longer hold part %s: it was handed to another.") % number)
    if part.state != PartitionState.RUNNING:
        return _again(job, part, told)
    if job.state in JOB_OVER:
        raise Conflict("job_over", _("The job is over: %s. Stop working on it.") % job.get_state_display())
    if told.state == PartitionState.RUNNING:
        # Renewed even when it was over, as long as nobody else has taken the part.
        part.lease_until = now + timedelta(seconds=told.lease_seconds)
        part.rows, part.note = told.rows, told.note
        part.save()
        return part
    part.rows, part.note, part.ended_at, part.lease_until = told.rows, told.note, now, None
    words = {"number": number, "worker": told.worker, "rows": told.rows or 0, "note": told.note}
    if told.state == PartitionState.DONE:
        part.state = PartitionState.DONE
        part.save()
        write(job, actor, "part", wording.DONE % words, now)
        follow(job, actor, now)
    elif part.attempts >= MOST_ATTEMPTS:
        _give_up(job, part, actor, told.note or "no reason was given", now)
    else:
        part.state = PartitionState.PENDING
        part.save()
        write(job, actor, "part", wording.FAILED % words, now)
    return part


def _again(job: BackfillJob, part: Partition, told: Told) -> Partition:
    """The part as it stands, if that is what the worker says once more."""
    said = {
        PartitionState.DONE: (PartitionState.DONE,),
        PartitionState.FAILED: (PartitionState.PENDING, PartitionState.FAILED),
    }
    same = part.state in said.get(PartitionState(told.state), ())
    if same and (part.state != PartitionState.DONE or part.rows == told.rows) and part.ended_at is not None:
        return part
    words = {"number": part.number, "state": part.get_state_display()}
    raise Conflict("reported", _("Part %(number)s was reported already: %(state)s.") % words)


def follow(job: BackfillJob, actor: Actor, now: datetime) -> None:
    """Once every part is done, the job waits for somebody who verifies it; a paused one when it is resumed."""
    if job.state == JobState.RUNNING and not job.partitions.exclude(state=PartitionState.DONE).exists():
        job.state = JobState.VERIFYING
        job.save()
        write(job, actor, "loaded", wording.LOADED, now)


def reopen(job: BackfillJob, numbers: list[int]) -> int:
    """Have failed parts, or those of these numbers, tried anew; how many there are."""
    rows = job.partitions.filter(number__in=numbers) if numbers else job.partitions.filter(state=PartitionState.FAILED)
    # The lease grows: whoever held the part before is refused from now on.
    return rows.exclude(state=PartitionState.PENDING).update(
        state=PartitionState.PENDING, attempts=0, lease=F("lease") + 1, lease_until=None, ended_at=None, rows=None
    )
