"""What the API says of data syncs. The types are what its description is made from."""

from datetime import datetime
from typing import Any, TypedDict

from connectors.models import BreakingNotice, SyncRun, SyncState
from connectors.syncs import reads
from connectors.syncs.keeping import Taken


class SyncAnswer(TypedDict):
    """A data sync as it stands now."""

    id: str
    key: str
    name: str
    owner: str
    state: str
    shown: str
    customer_impacting: bool
    source: str
    destination: str
    schedule: str
    time_zone: str
    freshness_seconds: int
    last_run_state: str | None
    last_success_at: datetime | None
    data_until: datetime | None
    fresh_until: datetime | None
    deadline_at: datetime | None
    rows_last: int | None
    rows_typical: int | None
    paused_until: datetime | None
    pause_reason: str
    breaking_change_due: datetime | None
    runbook_tested_at: datetime | None
    url: str


class SyncStreamAnswer(TypedDict):
    """A stream of a run as it was told."""

    name: str
    mode: str
    cursor: str
    rows: int | None
    state: str
    schema_changed_at: str | None


class SyncRunAnswer(TypedDict):
    """A run that is kept."""

    id: int
    run: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    data_until: datetime | None
    rows: int | None
    bytes: int | None
    streams: list[SyncStreamAnswer]
    note: str
    source: str
    reported_at: datetime
    reported_by: str


class SyncRunTakenAnswer(TypedDict):
    """What became of a report: `new`, `updated`, `repeated` or `late` (known, but newer news decides); and what is kept."""

    sync: str
    outcome: str
    streams_not_in_contract: list[str]
    run: SyncRunAnswer


class SyncRunRefusedAnswer(TypedDict):
    """A run of a batch that was not taken, by its place."""

    index: int
    rule: str
    reason: str
    places: list[str]


class SyncRunBatchAnswer(TypedDict):
    """What became of a batch."""

    taken: list[SyncRunTakenAnswer]
    refused: list[SyncRunRefusedAnswer]


class PauseAnswer(TypedDict):
    """How a sync is paused."""

    sync: str
    paused_until: datetime | None
    reason: str
    paused_by: str
    deadline_at: datetime | None


class PausedOneAnswer(TypedDict):
    """What became of one of several."""

    sync: str
    done: bool
    told: str


class PausedAnswer(TypedDict):
    """What became of each."""

    results: list[PausedOneAnswer]


class NoticeConsumerAnswer(TypedDict):
    """One that must move, and when it did."""

    name: str
    moved_at: datetime | None
    moved_by: str


class BreakingAnswer(TypedDict):
    """A breaking change that was announced."""

    id: int
    sync: str
    title: str
    detail: str
    deadline: datetime
    announced_at: datetime
    announced_by: str
    closed_at: datetime | None
    close_reason: str
    behind: list[str]
    consumers: list[NoticeConsumerAnswer]


def sync_answer(row: Any) -> SyncAnswer:
    """A row of `reads.listed`."""
    tested = row.drilled_at if reads.runbook_tested(row.runbook, row.drill_digest) else None
    return {
        "id": row.human_id,
        "key": row.key,
        "name": row.name,
        "owner": row.owner.key,
        "state": row.state,
        "shown": row.shown,
        "customer_impacting": row.customer_impacting,
        "source": row.source_system,
        "destination": row.destination_system,
        "schedule": row.schedule,
        "time_zone": row.time_zone,
        "freshness_seconds": row.freshness_seconds,
        "last_run_state": row.last_state,
        "last_success_at": row.success_at,
        "data_until": row.data_until,
        "fresh_until": row.fresh_until,
        "deadline_at": row.deadline_at,
        "rows_last": row.last_rows,
        "rows_typical": row.typical,
        "paused_until": row.paused_until,
        "pause_reason": row.pause_reason or "",
        "breaking_change_due": row.breaking_due,
        "runbook_tested_at": tested,
        "url": row.get_absolute_url(),
    }


def run_answer(run: SyncRun) -> SyncRunAnswer:
    """A run as it is kept."""
    return {
        "id": run.pk,
        "run": run.run_key,
        "state": run.state,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "data_until": run.data_until,
        "rows": run.rows,
        "bytes": run.bytes,
        "streams": run.streams,
        "note": run.note,
        "source": run.source,
        "reported_at": run.reported_at,
        "reported_by": run.reported_by,
    }


def taken_answer(one: Taken) -> SyncRunTakenAnswer:
    """What became of a report."""
    return {
        "sync": one.sync,
        "outcome": one.outcome,
        "streams_not_in_contract": one.not_in_contract,
        "run": run_answer(one.run),
    }


def pause_answer(state: SyncState) -> PauseAnswer:
    """How it is paused."""
    return {
        "sync": state.connector.key,
        "paused_until": state.paused_until,
        "reason": state.pause_reason,
        "paused_by": state.paused_by,
        "deadline_at": state.freshness_clock,
    }


def notice_answer(notice: BreakingNotice, key: str) -> BreakingAnswer:
    """A notice with who must move."""
    consumers = list(notice.consumers.all())
    return {
        "id": notice.pk,
        "sync": key,
        "title": notice.title,
        "detail": notice.detail,
        "deadline": notice.deadline,
        "announced_at": notice.announced_at,
        "announced_by": notice.announced_by,
        "closed_at": notice.closed_at,
        "close_reason": notice.close_reason,
        "behind": [one.name for one in consumers if one.moved_at is None],
        "consumers": [{"name": one.name, "moved_at": one.moved_at, "moved_by": one.moved_by} for one in consumers],
    }
