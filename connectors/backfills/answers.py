"""What the API says of backfills at work and of drills. The types are what the API's description is made from."""

from datetime import datetime
from typing import TypedDict

from connectors.backfills.progress import progress_of
from connectors.backfills.working import AGAIN_SECONDS, Claim
from connectors.models import BackfillJob, BackfillLine, Drill, JobState, Partition


class BackfillPartsAnswer(TypedDict):
    """The parts of the window by how they stand; of those that run, how many are held by nobody alive."""

    total: int
    pending: int
    running: int
    done: int
    failed: int
    overdue: int


class BackfillJobAnswer(TypedDict):
    """The work on a backfill, counted now."""

    backfill: str
    id: str
    state: str
    stalled: bool
    reason: str
    partitions: BackfillPartsAnswer
    rows: int
    rows_per_second: float | None
    seconds_left: int | None
    started_at: datetime | None
    last_sign_at: datetime | None
    ended_at: datetime | None
    verified_by: str
    verification: str
    url: str


class BackfillPartAnswer(TypedDict):
    """One part of the window: load what is from `since` on and before `until`."""

    number: int
    since: datetime
    until: datetime
    state: str
    worker: str
    lease: int
    lease_until: datetime | None
    attempts: int
    rows: int | None
    started_at: datetime | None
    ended_at: datetime | None
    note: str


class BackfillClaimAnswer(TypedDict):
    """The part that was handed out; null where there is none now, with when to ask again, or null where there is nothing more."""

    job: str
    partition: BackfillPartAnswer | None
    streams: list[str]
    again_seconds: int | None


class BackfillLineAnswer(TypedDict):
    """One line of the log."""

    at: datetime
    by: str
    text: str


class DrillStepAnswer(TypedDict):
    """What became of one step."""

    step: str
    done: bool
    note: str


class DrillAnswer(TypedDict):
    """A rehearsal of the backfill runbook as it stood in one version of the data movement."""

    id: int
    sync: str
    version: int
    runbook_digest: str
    drilled_at: datetime
    passed: bool
    minutes: int | None
    steps: list[DrillStepAnswer]
    note: str
    recorded_at: datetime
    recorded_by: str


def job_answer(job: BackfillJob, now: datetime) -> BackfillJobAnswer:
    """The job of a backfill that is loaded with it."""
    progress = progress_of(job, now)
    return {
        "backfill": job.backfill.key,
        "id": job.backfill.human_id,
        "state": job.state,
        "stalled": progress.stalled,
        "reason": job.reason,
        "partitions": {
            "total": progress.total,
            "pending": progress.pending,
            "running": progress.running,
            "done": progress.done,
            "failed": progress.failed,
            "overdue": progress.overdue,
        },
        "rows": progress.rows,
        "rows_per_second": progress.rows_per_second,
        "seconds_left": progress.seconds_left,
        "started_at": job.started_at,
        "last_sign_at": progress.last_sign_at,
        "ended_at": job.ended_at,
        "verified_by": job.verified_by,
        "verification": job.verification,
        "url": job.backfill.get_absolute_url(),
    }


def part_answer(part: Partition) -> BackfillPartAnswer:
    """One part."""
    return {
        "number": part.number,
        "since": part.since,
        "until": part.until,
        "state": part.state,
        "worker": part.worker,
        "lease": part.lease,
        "lease_until": part.lease_until,
        "attempts": part.attempts,
        "rows": part.rows,
        "started_at": part.started_at,
        "ended_at": part.ended_at,
        "note": part.note,
    }


def claim_answer(claim: Claim) -> BackfillClaimAnswer:
    """What was handed out."""
    return {
        "job": JobState(claim.job.state).value,
        "partition": part_answer(claim.partition) if claim.partition is not None else None,
        "streams": claim.job.backfill.document["streams"],
        "again_seconds": AGAIN_SECONDS if claim.again else None,
    }


def line_answer(line: BackfillLine) -> BackfillLineAnswer:
    """One line of the log."""
    return {"at": line.at, "by": line.actor_name, "text": line.text}


def drill_answer(drill: Drill) -> DrillAnswer:
    """One drill, with its data movement."""
    return {
        "id": drill.pk,
        "sync": drill.connector.key,
        "version": drill.connector_version,
        "runbook_digest": drill.runbook_digest,
        "drilled_at": drill.drilled_at,
        "passed": drill.passed,
        "minutes": drill.minutes,
        "steps": drill.steps,
        "note": drill.note,
        "recorded_at": drill.recorded_at,
        "recorded_by": drill.recorded_by,
    }
