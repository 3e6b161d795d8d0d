"""How far the work on a backfill is: counted in one statement, judged by the clock that is passed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Greatest

from connectors.models import BackfillJob, JobState, PartitionState

# Nobody asked for a part for so long, though there is one.
SILENCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Progress:
    """The parts by how they stand, what was loaded, how fast, and how long it will take at that pace."""

    total: int
    pending: int
    running: int
    done: int
    failed: int
    # Of those that run, those whose lease is over: whoever held them is silent.
    overdue: int
    rows: int
    rows_per_second: float | None
    seconds_left: int | None
    last_sign_at: datetime | None
    stalled: bool

    @property
    def percent(self) -> int:
        """How many of a hundred parts are done."""
        return 100 * self.done // self.total if self.total else 0


def is_stalled(state: str, *, left: int, held: datetime | None, sign: datetime | None, now: datetime) -> bool:
    """Whether nobody works on a job that is at work: each lease is over, or nobody asked for a part for long.

    `held` is the latest end of a lease of a part at work, `sign` when a part was taken or ended last.
    """
    if state != JobState.RUNNING or (held is not None and held > now):
        return False
    return held is not None or (left > 0 and sign is not None and sign <= now - SILENCE)


def progress_of(job: BackfillJob, now: datetime) -> Progress:
    """Counted from the parts as they stand."""
    state, over = PartitionState, Q(state=PartitionState.RUNNING, lease_until__lte=now)
    counted = job.partitions.aggregate(
        total=Count("id"),
        **{f"n_{one.value}": Count("id", filter=Q(state=one)) for one in state},
        overdue=Count("id", filter=over),
        loaded=Sum("rows", filter=Q(state=state.DONE)),
        newest=Max("ended_at", filter=Q(state=state.DONE)),
        sign=Max(Greatest("started_at", "ended_at")),
        held=Max("lease_until", filter=Q(state=state.RUNNING)),
    )
    done, rows, left = counted["n_done"], int(counted["loaded"] or 0), counted["total"] - counted["n_done"]
    spent = (counted["newest"] - job.started_at).total_seconds() if counted["newest"] and job.started_at else 0
    alive = counted["n_running"] - counted["overdue"]
    at_work = job.state == JobState.RUNNING
    return Progress(
        total=counted["total"],
        pending=counted["n_pending"],
        running=counted["n_running"],
        done=done,
        failed=counted["n_failed"],
        overdue=counted["overdue"],
        rows=rows,
        rows_per_second=round(rows / spent, 2) if spent > 0 else None,
        seconds_left=round(left * spent / done) if at_work and done and spent > 0 and alive else None,
        last_sign_at=counted["sign"],
        stalled=is_stalled(job.state, left=left, held=counted["held"], sign=counted["sign"], now=now),
    )
