"""What the API takes and says of data syncs. The types are what its description is made from."""

from datetime import datetime
from typing import Any, TypedDict

from rest_framework import serializers

from connectors.models import BreakingNotice, RunState, SyncRun, SyncState
from connectors.syncs import reads
from connectors.syncs.keeping import Taken
from connectors.syncs.notices import MOST_DETAIL, MOST_NAME, MOST_REASON, MOST_TITLE
from connectors.syncs.rules import MOST_AT_ONCE, MOST_CONSUMERS
from portal.registry.documents import StrictSerializer


class StreamBody(serializers.Serializer[Any]):
    """A stream of a run; one that the document does not know is kept and told."""

    name = serializers.CharField(max_length=120)
    mode = serializers.CharField(max_length=40, required=False)
    cursor = serializers.CharField(max_length=200, required=False)
    rows = serializers.IntegerField(min_value=0, required=False)
    state = serializers.ChoiceField(RunState.choices, required=False)
    schema_changed_at = serializers.DateTimeField(required=False)


class RunBody(serializers.Serializer[Any]):
    """A run as its scheduler knows it; read by `connectors.syncs.reading`. Unknown fields are refused."""

    run = serializers.CharField(max_length=120, help_text="The scheduler's own key of the run: told twice, kept once.")
    state = serializers.ChoiceField(RunState.choices)
    started_at = serializers.DateTimeField(help_text="With its zone; never changes.")
    ended_at = serializers.DateTimeField(required=False, help_text="Needed unless it is running.")
    data_until = serializers.DateTimeField(required=False, help_text="How new the newest data is; else when it ended.")
    rows = serializers.IntegerField(min_value=0, required=False)
    bytes = serializers.IntegerField(min_value=0, required=False)
    streams = StreamBody(many=True, required=False)
    note = serializers.CharField(max_length=500, required=False, help_text="Plain words; never a secret.")


class NamedRunBody(RunBody):
    """The same with the key or id of its sync."""

    sync = serializers.CharField(max_length=60)


class RunsBody(serializers.Serializer[Any]):
    """Several runs of one sync."""

    runs = RunBody(many=True, help_text=f"At most {MOST_AT_ONCE}.")


class NamedRunsBody(serializers.Serializer[Any]):
    """Several runs of several syncs."""

    runs = NamedRunBody(many=True, help_text=f"At most {MOST_AT_ONCE}.")


class PauseBody(StrictSerializer):
    """Until when nobody is told that its data is late, and why."""

    until = serializers.DateTimeField()
    reason = serializers.CharField(max_length=MOST_REASON)


class PauseManyBody(PauseBody):
    """The same for several."""

    syncs = serializers.ListField(
        child=serializers.CharField(max_length=60), min_length=1, max_length=MOST_AT_ONCE, help_text="Keys or ids."
    )


class BreakingBody(StrictSerializer):
    """A breaking change that is to be announced."""

    title = serializers.CharField(max_length=MOST_TITLE)
    detail = serializers.CharField(max_length=MOST_DETAIL, required=False, allow_blank=True, default="")
    deadline = serializers.DateTimeField(help_text="At least seven days ahead.")
    consumers = serializers.ListField(
        child=serializers.CharField(max_length=MOST_NAME),
        required=False,
        default=list,
        max_length=MOST_CONSUMERS,
        help_text="Who must move; those that the registry knows, if none is named.",
    )


class MovedBody(StrictSerializer):
    """Who has moved."""

    consumers = serializers.ListField(child=serializers.CharField(max_length=MOST_NAME), max_length=MOST_CONSUMERS)


class CloseBody(StrictSerializer):
    """Why the notice ends."""

    reason = serializers.CharField(max_length=MOST_REASON)


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
