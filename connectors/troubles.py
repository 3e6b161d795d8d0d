"""What the incidents of a connector say of it: the last thirty days, and the worst that is open now.

Reached through the relation that they bring: this app knows nothing of what opens and ends them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from connectors.models import Connector
from portal.registry.kinds import Column
from portal.registry.models import VersionRecord
from portal.web import marks

DAYS_SHOWN, MOST_READ, OPEN_SHOWN = 30, 5000, 5
Span = tuple[int, datetime, datetime | None]


@dataclass(frozen=True)
class Day:
    """A day, how many incidents were open in it, and how bad the worst was (0 to 3); `known` from its registration on."""

    day: datetime
    number: int
    worst: int | None
    known: bool

    @property
    def level(self) -> str:
        """V0 to V3, or empty."""
        return "" if self.worst is None else f"V{self.worst}"


def days(spans: Iterable[Span], midnight: datetime, now: datetime, since: datetime) -> list[Day]:
    """The last days up to today, the oldest first, from (severity, opened, resolved) of incidents.

    `midnight` is the begin of today, `since` the moment from which anything is known.
    """
    known: Sequence[Span] = list(spans)
    found = []
    for back in range(DAYS_SHOWN - 1, -1, -1):
        begin = midnight - timedelta(days=back)
        end = min(begin + timedelta(days=1), now)
        levels = [
            level for level, opened, ended in known if opened < end and (ended is None or ended >= begin)
        ]  # fmt: skip
        found.append(Day(begin, len(levels), max(levels, default=None), since < end))
    return found


def summary(entry: Connector, now: datetime) -> dict[str, Any]:
    """For the Summary tab: its last days, those with trouble, and what is open."""
    incidents: Any = entry.incidents
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=DAYS_SHOWN)
    rows = incidents.filter(Q(resolved_at__isnull=True) | Q(resolved_at__gte=since)).order_by("-id")
    spans = list(rows.values_list("severity", "opened_at", "resolved_at")[:MOST_READ])
    told = days(spans, midnight, now, entry.created_at)
    return {
        "trouble_days": told,
        "troubled": [day for day in told if day.number],
        "open_incidents": list(incidents.filter(resolved_at__isnull=True).order_by("-severity", "id")[:OPEN_SHOWN]),
        "open_number": sum(1 for _level, _opened, ended in spans if ended is None),
    }


def column() -> Column:
    """The column of a list that tells the worst open incident of each connector, and how many there are."""
    related: Any = Connector._meta.get_field("incidents").related_model
    rows = related._default_manager.filter(connector_id=OuterRef("id"), resolved_at__isnull=True).order_by()
    told = rows.values("connector_id").annotate(told=JSONObject(worst=Max("severity"), number=Count("id")))
    return Column("incident", _("Open incident"), _cell, needs={"open_incidents": Subquery(told.values("told")[:1])})


def _cell(row: Any, now: datetime) -> SafeString:
    if isinstance(row, VersionRecord) or row.open_incidents is None:
        return format_html('<span class="faint">{}</span>', "–")
    open_ = row.open_incidents
    return marks.severity(
        f"V{open_['worst']}", count=open_["number"], href=f"{row.get_absolute_url()}?tab=incidents"
    )  # fmt: skip
