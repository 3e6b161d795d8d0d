"""The watchlist as page, API and CSV show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, cast
from urllib.parse import urlsplit

from connectors.models import Connector, ConnectorKind, ServerState
from connectors.tracking import ways
from portal.registry.models import STANDING
from severity.models import WatchlistRow
from severity.watchlist.rollup import DAYS

MOST = 1000


class WatchlistAnswer(TypedDict):
    """One server over some days. Rates are parts of one, times in seconds, intervals in milliseconds."""

    connector: str
    name: str
    server: str
    way: str
    days: int
    tasks: int
    ended: int
    slipped: int
    slip_rate: float | None
    lost: int
    expired: int
    failed: int
    cancelled_remotely: int
    start_unknown: int
    cancels: int
    cancels_honoured: int
    short_lived: int
    without_expiry: int
    refused: int
    drifted: int
    interval_least: int | None
    interval_median: int | None
    interval_most: int | None
    mtta: float | None
    mttr: float | None
    left_alone_until: datetime | None
    computed_at: datetime


_PLAIN = (
    "days", "tasks", "ended", "slipped", "slip_rate", "lost", "expired", "failed", "cancelled_remotely", "start_unknown",
    "cancels", "cancels_honoured", "short_lived", "without_expiry", "refused", "drifted", "interval_least", "interval_median",
    "interval_most", "mtta", "mttr", "computed_at",
)  # fmt: skip
CSV = tuple(WatchlistAnswer.__annotations__)


@dataclass(frozen=True)
class Watched:
    """One server with its rows by their days."""

    connector: Connector
    way: str
    server: str
    by_days: dict[int, WatchlistRow]
    left_alone_until: datetime | None


def watched(now: datetime) -> list[Watched]:
    """Every runtime tool that had tasks, the one that slips most over 30 days first."""
    tools = Connector.objects.filter(kind=ConnectorKind.RUNTIME_TOOL, state__in=STANDING, watchlist__isnull=False)
    rows: dict[int, dict[int, WatchlistRow]] = {}
    for row in WatchlistRow.objects.filter(connector__in=tools):
        rows.setdefault(row.connector_id, {})[row.days] = row
    alone = dict(ServerState.objects.filter(open_until__gt=now).values_list("connector_id", "open_until"))
    found = [
        Watched(one, _way(one), urlsplit(one.endpoint).netloc[:120], rows[one.pk], alone.get(one.pk))
        for one in Connector.objects.filter(pk__in=rows).select_related("owner")[:MOST]
    ]
    return sorted(found, key=lambda one: (-(_rate(one) or 0.0), one.connector.name))


def _rate(one: Watched) -> float | None:
    row = one.by_days.get(30)
    return row.slip_rate if row else None


def _way(connector: Connector) -> str:
    name = ways.name_of(connector.document)
    return str(name.label) if name else ""


def answers(now: datetime) -> list[WatchlistAnswer]:
    """A row for each server and number of days."""
    return [_answer(one, one.by_days[days]) for one in watched(now) for days in DAYS if days in one.by_days]


def _answer(one: Watched, row: WatchlistRow) -> WatchlistAnswer:
    name = ways.name_of(one.connector.document)
    told: dict[str, Any] = {field: getattr(row, field) for field in _PLAIN}
    told |= {"connector": one.connector.key, "name": one.connector.name, "server": one.server}
    told |= {"way": name.value if name else "", "left_alone_until": one.left_alone_until}
    return cast(WatchlistAnswer, {field: told[field] for field in CSV})
