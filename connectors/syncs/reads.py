"""What pages, API and CSV ask of data syncs: expressions that the database builds for lists, and what one page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Least, Now
from django.utils import timezone

from connectors.models import BreakingNotice, Connector, ConnectorKind, Drill, RunState, SyncRun, SyncState
from connectors.models.sync import NEVER
from connectors.summary import path_in_document
from connectors.syncs.keeping import not_in_contract
from connectors.syncs.rules import DAYS_SHOWN, SOON_PART, SOON_SECONDS, FreshDay, SyncShown, fresh_days
from portal.registry.documents import digest

RUNS_SHOWN, ALL_RUNS_SHOWN, STREAMS_OF, MOST_SUCCESSES = 10, 100, 20, 5000
_BASIS = Coalesce("last_success__data_until", "last_success__ended_at")
_SOON: Any = Least(
    ExpressionWrapper((F("fresh_until") - _BASIS) / Value(SOON_PART), output_field=DurationField()),
    Value(timedelta(seconds=SOON_SECONDS)),
)
# The first that holds is the word that a sync is shown with; if none does, it is on time.
_STEPS = (
    # By its place in the order, for that has an index.
    (SyncShown.OFF, Q(deadline_order=NEVER)),
    (SyncShown.PAUSED, Q(paused_until__gt=Now())),
    (SyncShown.LATE, Q(fresh_until__lte=Now())),
    (SyncShown.RUNNING, Q(last_run__state=RunState.RUNNING)),
    (SyncShown.NO_DATA, Q(last_success__isnull=True)),
    (SyncShown.DUE_SOON, Q(fresh_until__lte=Now() + _SOON)),
)
_SHOWN = Case(
    *(When(step, then=Value(word.value)) for word, step in _STEPS),
    default=Value(SyncShown.ON_TIME.value),
    output_field=CharField(),
)


def _exactly(words: Sequence[str]) -> Q:
    """The same of what is known, as conditions of which the planner knows how many rows they hold for."""
    found, before = Q(pk__in=[]), Q()
    for word, step in _STEPS:
        if word in words:
            found |= before & step
        before &= ~step
    return found | before if SyncShown.ON_TIME in words else found


def shown_as(words: Sequence[str]) -> Q:
    """Whether a sync is shown with one of these words now; of a row that is a sync or one of its versions."""
    return Q(id__in=SyncState.objects.filter(_exactly(words)).values("connector_id"))


def _known(expression: Any) -> Subquery:
    """What is known now of the sync of a row; the row may be one of its versions."""
    rows = SyncState.objects.filter(connector_id=OuterRef("id"), fresh_until__isnull=False)
    return Subquery(rows.annotate(wanted=expression).values("wanted")[:1])


def _drill(name: str) -> Subquery:
    rows = Drill.objects.filter(connector_id=OuterRef("id"), passed=True).order_by("-drilled_at", "-id")
    return Subquery(rows.values(name)[:1])


DEADLINE: dict[str, Any] = {"deadline_at": _known(F("deadline_order"))}
DEADLINE_ORDER: dict[str, Any] = {
    "deadline_order": Coalesce(
        Subquery(SyncState.objects.filter(connector_id=OuterRef("id")).values("deadline_order")),
        Value(NEVER),
        output_field=DateTimeField(),
    )
}
SHOWN: dict[str, Any] = {
    "shown": Coalesce(_known(_SHOWN), Value(SyncShown.OFF.value), output_field=CharField()),
}
SUCCESS: dict[str, Any] = {"success_at": _known(F("last_success__ended_at")), "fresh_until": _known(F("fresh_until"))}
ROWS: dict[str, Any] = {"last_rows": _known(F("last_success__rows")), "typical": _known(F("typical_rows"))}
PAUSE: dict[str, Any] = {"paused_until": _known(F("paused_until"))}
BREAKING: dict[str, Any] = {
    "breaking_due": Subquery(
        BreakingNotice.objects.filter(connector_id=OuterRef("id"), closed_at__isnull=True)
        .order_by("deadline")
        .values("deadline")[:1]
    )
}
DRILL: dict[str, Any] = {
    "drilled_at": _drill("drilled_at"),
    "drill_digest": _drill("runbook_digest"),
    "runbook": path_in_document("data_movement", "backfill_runbook"),
}
ROUTE: dict[str, Any] = {
    "source_system": KT("document__data_movement__source__system"),
    "destination_system": KT("document__data_movement__destination__system"),
}
SLA: dict[str, Any] = {
    "schedule": KT("document__data_movement__schedule"),
    "time_zone": KT("document__data_movement__time_zone"),
    "freshness_seconds": path_in_document("data_movement", "freshness_seconds"),
}
OPEN_NOTICE = Exists(BreakingNotice.objects.filter(connector_id=OuterRef("id"), closed_at__isnull=True))


def listed() -> QuerySet[Any]:
    """Data syncs with everything that the API's list says of each, without their documents."""
    needs = SHOWN | DEADLINE | DEADLINE_ORDER | SUCCESS | ROWS | PAUSE | BREAKING | DRILL | ROUTE | SLA
    reason = {
        "pause_reason": _known(F("pause_reason")), "data_until": _known(F("data_until")),
        "last_state": _known(F("last_run__state")),
    }  # fmt: skip
    rows = Connector.objects.filter(kind=ConnectorKind.DATA_MOVEMENT).select_related("owner").defer("document")
    found: QuerySet[Any] = rows.annotate(**needs, **reason)
    return found


def runbook_tested(runbook: Mapping[str, Any] | None, drill_digest: str | None) -> bool:
    """Whether the newest drill that passed rehearsed the runbook as it stands."""
    return runbook is not None and drill_digest is not None and digest(runbook) == drill_digest


@dataclass(frozen=True)
class StreamRow:
    """A stream as the newest runs tell of it."""

    name: str
    mode: str
    cursor: str
    rows: int | None
    state: str
    fresh_at: datetime | None
    schema_changed_at: datetime | None
    declared: bool
    seen: bool


def word_of(connector: Connector) -> str:
    """The word that one sync is shown with, now."""
    found = Connector.objects.filter(pk=connector.pk).values_list(SHOWN["shown"], flat=True)
    return str(found[0])


def state_of(connector: Connector) -> SyncState:
    """What is known of a sync."""
    state, _made = SyncState.objects.select_related("last_run", "last_success").get_or_create(connector=connector)
    return state


def runs_of(connector: Connector) -> QuerySet[SyncRun]:
    """Its runs, the newest first."""
    return SyncRun.objects.filter(connector=connector)


def streams_of(connector: Connector, runs: list[SyncRun]) -> list[StreamRow]:
    """Its streams, those that the document declares and those that only runs tell of, by the newest run that names each."""
    declared: list[str] = connector.document["data_movement"]["source"]["streams"]
    newest: dict[str, tuple[SyncRun, dict[str, Any]]] = {}
    fresh: dict[str, datetime | None] = {}
    for run in runs:
        for one in run.streams:
            newest.setdefault(one["name"], (run, one))
            told = one["state"] or run.state
            if told == RunState.SUCCEEDED and run.state in (RunState.SUCCEEDED, RunState.RUNNING):
                fresh.setdefault(one["name"], run.data_until or run.ended_at)
    strange = set(not_in_contract([one for _run, one in newest.values()], frozenset(declared)))
    rows = []
    for name in dict.fromkeys([*declared, *newest]):
        found = newest.get(name)
        one = found[1] if found is not None else {}
        changed = one.get("schema_changed_at")
        rows.append(
            StreamRow(
                name=name,
                mode=one.get("mode", ""),
                cursor=one.get("cursor", ""),
                rows=one.get("rows"),
                state=(one.get("state") or found[0].state) if found is not None else "",
                fresh_at=fresh.get(name),
                schema_changed_at=datetime.fromisoformat(changed) if changed else None,
                declared=name not in strange,
                seen=found is not None,
            )
        )
    return rows


def days_of(connector: Connector, now: datetime) -> list[FreshDay]:
    """The last thirty days by today's SLA."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    window = timedelta(seconds=connector.document["data_movement"]["freshness_seconds"])
    since = midnight - timedelta(days=DAYS_SHOWN) - window
    rows = SyncRun.objects.filter(connector=connector, state=RunState.SUCCEEDED, started_at__gte=since)
    told = rows.order_by("-started_at", "-id").values_list("ended_at", Coalesce("data_until", "ended_at"))
    return fresh_days([(ended, basis) for ended, basis in told[:MOST_SUCCESSES] if ended], window, midnight, now)


def targets_of(connector: Connector) -> list[dict[str, Any]]:
    """Since when which freshness SLA holds, the newest first."""
    history: Any = type(connector).history.model
    rows = history._default_manager.filter(id=connector.pk).order_by("version")
    found: list[dict[str, Any]] = []
    told = rows.values("version", "history_date", "actor_name", "change_id", seconds=SLA["freshness_seconds"])
    for one in told[:500]:
        if not found or found[-1]["seconds"] != one["seconds"]:
            found.append(one)
    return found[::-1]


def notices_of(connector: Connector) -> list[BreakingNotice]:
    """Its notices, the open ones first, with their consumers."""
    rows = BreakingNotice.objects.filter(connector=connector).prefetch_related("consumers")
    return list(rows.order_by(F("closed_at").desc(nulls_first=True), "deadline", "id")[:20])
