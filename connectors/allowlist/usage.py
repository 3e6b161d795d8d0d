"""What was asked of a connector, or by an agent: answers of the last day and of the last thirty, those not yet counted too."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from connectors.models import Connector

DAY, MONTH = timedelta(hours=24), timedelta(days=30)
# Should nobody count for long, no more than the newest of them are looked at.
UNCOUNTED = 10_000
MOST_ROWS = 2_000

_CALLS = """
SELECT connector_key, agent, operation, reason,
       coalesce(sum(calls) FILTER (WHERE at >= %(day)s), 0)::bigint, sum(calls)::bigint, max(last_at)
FROM (
  SELECT connector_key, agent, operation, reason, hour AS at, calls, last_at FROM connectors_callcount
  WHERE {column} = %(value)s AND hour >= %(month)s
  UNION ALL
  SELECT connector_key, agent, operation, reason, at, 1, at FROM (
    SELECT * FROM connectors_calldecision ORDER BY id DESC LIMIT %(uncounted)s
  ) newest WHERE {uncounted} = %(name)s AND at >= %(month)s
) calls
GROUP BY 1, 2, 3, 4 ORDER BY 6 DESC LIMIT %(most)s
"""
_BY_CONNECTOR = _CALLS.format(column="connector_id", uncounted="connector_key")
_BY_AGENT = _CALLS.format(column="agent", uncounted="agent")


@dataclass
class Usage:
    """Calls that were allowed and refused. Days begin with an hour."""

    day: int = 0
    month: int = 0
    refused_day: int = 0
    refused_month: int = 0
    last_at: datetime | None = None
    # Of the month, by reason.
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, reason: str, day: int, month: int, last_at: datetime) -> None:
        """Count answers of one reason; an empty one allows."""
        if reason:
            self.refused_day += day
            self.refused_month += month
            self.reasons[reason] = self.reasons.get(reason, 0) + month
        else:
            self.day += day
            self.month += month
        self.last_at = max(self.last_at, last_at) if self.last_at else last_at


@dataclass(frozen=True)
class Asked:
    """What was asked, by one thing and another."""

    total: Usage = field(default_factory=Usage)
    by_operation: dict[str, Usage] = field(default_factory=dict)
    by_agent: dict[str, Usage] = field(default_factory=dict)
    by_connector: dict[str, Usage] = field(default_factory=dict)


def of_connector(connector: Connector, now: datetime) -> Asked:
    """What agents asked of a connector."""
    return _read(_BY_CONNECTOR, connector.pk, connector.key, now)


def of_agent(agent: str, now: datetime) -> Asked:
    """What one agent asked."""
    return _read(_BY_AGENT, agent, agent, now)


def _read(statement: str, value: Any, name: str, now: datetime) -> Asked:
    hour = now.replace(minute=0, second=0, microsecond=0)
    bounds: dict[str, Any] = {"day": hour - DAY, "month": hour - MONTH, "uncounted": UNCOUNTED, "most": MOST_ROWS}
    found = Asked()
    with connection.cursor() as cursor:
        cursor.execute(statement, bounds | {"value": value, "name": name})
        for connector_key, agent, operation, reason, day, month, last_at in cursor.fetchall():
            for usage in (
                found.total,
                found.by_operation.setdefault(operation, Usage()),
                found.by_agent.setdefault(agent, Usage()),
                found.by_connector.setdefault(connector_key, Usage()),
            ):
                usage.add(reason, day, month, last_at)
    return found
