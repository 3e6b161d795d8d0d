"""What the generic pages of data syncs need: the columns of the list, its CSV, and the context of the tabs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from connectors import cells as connector_cells
from connectors.models import Connector
from connectors.syncs import cells, notices, reads
from portal.registry.kinds import Column
from portal.web import cells as common

COLUMNS = (
    Column("name", _("Name"), common.name, sort="name"),
    Column("chosen", _("Choose"), common.chosen),
    Column("route", _("Source → destination"), connector_cells.route, needs=reads.ROUTE),
    Column("owner", _("Owner"), common.owner),
    Column("schedule", _("Schedule"), connector_cells.schedule, needs=reads.SLA),
    Column("freshness", _("Freshness SLA"), connector_cells.freshness),
    Column("success", _("Last success"), cells.success, needs=reads.SUCCESS),
    Column("deadline", _("Deadline"), cells.deadline, sort="deadline", needs=reads.DEADLINE | reads.DEADLINE_ORDER),
    Column("shown", _("State"), cells.shown, needs=reads.SHOWN),
    Column("rows", _("Rows last / typical"), cells.rows, needs=reads.ROWS),
    Column("breaking", _("Breaking change due"), cells.breaking, needs=reads.BREAKING),
    Column("tested", _("Runbook tested"), cells.tested, needs=reads.DRILL),
    Column("life", _("Lifecycle"), common.state),
)


def _moment(name: str) -> Callable[[Any], object]:
    def read(row: Any) -> object:
        found = getattr(row, name)
        return found.isoformat() if found is not None else ""

    return read


EXPORTS: tuple[tuple[str, Callable[[Any], object]], ...] = (
    ("shown", lambda row: row.shown),
    ("source", lambda row: row.source_system),
    ("destination", lambda row: row.destination_system),
    ("schedule", lambda row: row.schedule),
    ("freshness_seconds", lambda row: row.freshness_seconds),
    ("last_success_at", _moment("success_at")),
    ("deadline_at", _moment("deadline_at")),
    ("rows_last", lambda row: row.last_rows),
    ("rows_typical", lambda row: row.typical),
    ("breaking_change_due", _moment("breaking_due")),
)


def summary(entry: Connector, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What the Summary tab shows beside the document."""
    newest = list(reads.runs_of(entry)[: reads.STREAMS_OF])
    days = reads.days_of(entry, now)
    return {
        "known": reads.state_of(entry),
        "word": reads.word_of(entry),
        "runs": newest[: reads.RUNS_SHOWN],
        "streams": reads.streams_of(entry, newest),
        "days": days,
        "late_days": [day for day in days if day.late_seconds],
        "readers": notices.known_consumers(entry),
        "notices": reads.notices_of(entry),
    }


def runs(entry: Connector, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What the tab of its runs shows."""
    return {"runs": list(reads.runs_of(entry)[: reads.ALL_RUNS_SHOWN]), "known": reads.state_of(entry)}


def sla(entry: Connector, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Target, its history, the days and what was told of lateness."""
    # Reached through the relation: this app knows nothing of what judges its syncs.
    incidents: Any = entry.incidents
    return {
        "known": reads.state_of(entry),
        "word": reads.word_of(entry),
        "days": reads.days_of(entry, now),
        "targets": reads.targets_of(entry),
        "incidents": list(incidents.filter(rule__in=["freshness", "sync_failed", "notice_late"]).order_by("-id")[:20]),
    }
