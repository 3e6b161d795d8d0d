"""What people do with the job of a backfill: pause, resume, cancel, have parts tried anew, and verify the whole."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.backfills import wording
from connectors.backfills.working import follow, locked, reopen, write
from connectors.models import BackfillJob, JobState, PartitionState
from connectors.models.backfill import JOB_OVER
from portal.people.actors import Actor
from portal.people.guards import require, require_human
from portal.refusals import Conflict, Invalid, Problem
from portal.roles import Permission

LEAST_WORDS = 10
MOST_WORDS = 1000
MOST_REASON = 500


def _said(text: str, path: str, least: int, most: int) -> str:
    said = text.strip()
    if not least <= len(said) <= most:
        message = _("Say it in %(least)d to %(most)d characters.") % {"least": least, "most": most}
        raise Invalid(path, message, [Problem(path, message, "length")])
    return said


def _still(job: BackfillJob, *states: JobState) -> None:
    if job.state not in states:
        raise Conflict("state", _("The job is %s; that cannot be done now.") % str(job.get_state_display()).lower())


@transaction.atomic
def pause(*, actor: Actor, key: str, reason: str, now: datetime) -> BackfillJob:
    """Hand out nothing more until it is resumed; who holds a part may finish it. Raises Forbidden, Missing, Conflict, Invalid."""
    require(actor, Permission.WORK_BACKFILL)
    said = _said(reason, "reason", 1, MOST_REASON)
    job = locked(key)
    if job.state == JobState.PAUSED:
        return job
    _still(job, JobState.READY, JobState.RUNNING)
    job.state, job.reason = JobState.PAUSED, said
    job.save()
    write(job, actor, "pause", wording.PAUSED % {"why": said}, now)
    return job


@transaction.atomic
def resume(*, actor: Actor, key: str, now: datetime) -> BackfillJob:
    """Go on with a paused job. Raises Forbidden, Missing, Conflict."""
    require(actor, Permission.WORK_BACKFILL)
    job = locked(key)
    if job.state in (JobState.READY, JobState.RUNNING):
        return job
    _still(job, JobState.PAUSED)
    failed = job.partitions.filter(state=PartitionState.FAILED).exists()
    job.state = JobState.FAILED if failed else JobState.RUNNING if job.started_at else JobState.READY
    job.reason = job.reason if failed else ""
    job.save()
    write(job, actor, "resume", wording.RESUMED, now)
    follow(job, actor, now)
    return job


@transaction.atomic
def cancel(*, actor: Actor, key: str, reason: str, now: datetime) -> BackfillJob:
    """End the job for ever; what was loaded stays loaded. Raises Forbidden, Missing, Conflict, Invalid."""
    require(actor, Permission.WORK_BACKFILL)
    said = _said(reason, "reason", 1, MOST_REASON)
    job = locked(key)
    if job.state == JobState.CANCELLED:
        return job
    if job.state in JOB_OVER:
        raise Conflict("state", _("The job is done; nothing is left to be cancelled."))
    job.state, job.reason, job.ended_at = JobState.CANCELLED, said, now
    job.save()
    write(job, actor, "cancel", wording.CANCELLED % {"why": said}, now)
    return job


@transaction.atomic
def retry(*, actor: Actor, key: str, reason: str, parts: list[int], now: datetime) -> BackfillJob:
    """Have the failed parts tried anew, or those named where verifying found them wanting. By a human alone.

    Raises Forbidden, Missing, Conflict, Invalid.
    """
    require(actor, Permission.WORK_BACKFILL)
    require_human(actor)
    said = _said(reason, "reason", 1, MOST_REASON)
    job = locked(key)
    _still(job, JobState.FAILED, JobState.VERIFYING)
    missing = sorted(set(parts) - set(job.partitions.filter(number__in=parts).values_list("number", flat=True)))
    if missing:
        message = _("There is no part %s.") % missing[0]
        raise Invalid("partitions", message, [Problem("partitions", message, "no_such_part")])
    reopened = reopen(job, parts)
    if not reopened:
        raise Conflict("nothing_to_retry", _("No part has failed: name the parts that are to be loaded once more."))
    # One that was named beside those that failed: the job fails as long as one of them has.
    if not job.partitions.filter(state=PartitionState.FAILED).exists():
        job.state, job.reason = JobState.RUNNING, ""
    job.save()
    write(job, actor, "retry", wording.RETRIED % {"n": reopened, "why": said}, now)
    return job


@transaction.atomic
def verify(*, actor: Actor, key: str, verification: str, now: datetime) -> BackfillJob:
    """Say how what was loaded was verified, and sign it with one's name: then it is done. By a human alone.

    Raises Forbidden, Missing, Conflict, Invalid.
    """
    require(actor, Permission.WORK_BACKFILL)
    require_human(actor)
    said = _said(verification, "verification", LEAST_WORDS, MOST_WORDS)
    job = locked(key)
    if job.state == JobState.DONE and (job.verified_by, job.verification) == (actor.name, said):
        return job
    _still(job, JobState.VERIFYING)
    job.state, job.ended_at = JobState.DONE, now
    job.verified_by, job.verification = actor.name, said
    job.save()
    write(job, actor, "verify", wording.VERIFIED % {"how": said}, now)
    return job
