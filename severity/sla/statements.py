"""The statement behind the SLA watch: a union of branches, one a kind of clock.

Each branch reads the index of its own deadline, in order and no further than a page; what a page shows beside the clock (owner,
incident, target) is looked up for the rows of that page alone. So the first page costs the same however many clocks there are.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from severity.effects import quoted
from severity.freshness_statements import LATE_KEY, NOTICE_KEY
from severity.rules import APPROVAL_LATE, CERTIFICATION_OVER, CLOCK_RULES, FRESHNESS, NOTICE_LATE

NOW = "statement_timestamp()"
# The clocks of a task that somebody is held to, by the names of their rules.
TASK_RULES = tuple(rule.name for rule in CLOCK_RULES)


class ClockKind(TextChoices):
    """What a row of the watch is about."""

    TASK = "task", _("MCP task")
    SYNC = "sync", _("Data sync")
    APPROVAL = "approval", _("Approval")
    NOTICE = "notice", _("Breaking change")
    METRIC = "metric", _("Metric")


class ClockState(TextChoices):
    """How a clock stands. Late: its deadline has passed; breached: an incident says so and is not resolved."""

    BREACHED = "breached", _("Breached")
    LATE = "late", _("Late")
    DUE_SOON = "due_soon", _("Due soon")
    ON_TIME = "on_time", _("On time")
    PAUSED = "paused", _("Paused")
    NO_DATA = "no_data", _("No data")


@dataclass(frozen=True)
class Branch:
    """How one kind of clock is read. Every text is SQL over the row `x` and what `source` joins to it."""

    kind: ClockKind
    source: str
    where: str
    deadline: str
    since: str
    paused_until: str
    no_data: str
    keys: str
    """The dedup keys of its incidents: an array."""
    breached: str
    """Whether one of them is unresolved, told so that the index of incidents is read once and not once a row."""
    owner: str
    """The key of the team that owns it."""
    critical: str

    @property
    def rank(self) -> int:
        """Which of two clocks with one deadline comes first."""
        return list(ClockKind).index(self.kind)


_UNRESOLVED = "SELECT {0} FROM severity_incident i WHERE i.state <> 'resolved'"
_STANDS = "{0}.state IN ('active', 'deprecated')"
_TEAM = "(SELECT team.key FROM people_team team WHERE team.id = {0}.owner_id)"
_NEVER = "NULL::timestamptz"
_TASK_KEYS = ", ".join(f"'task:' || x.id || {quoted(':' + rule)}" for rule in TASK_RULES)
_BY_KEY = "{0} IN (" + _UNRESOLVED.format("i.dedup_key") + " AND i.rule = {1})"
_CHANGE_KEY = f"'change:' || x.id || {quoted(':' + APPROVAL_LATE.name)}"
_METRIC_KEY = f"'metric:' || x.id || {quoted(':' + CERTIFICATION_OVER.name)}"
_CRITICAL_CHANGE = (
    "coalesce((SELECT c.customer_impacting FROM connectors_connector c WHERE c.kind = x.kind AND c.key = x.key), false)"
)

BRANCHES = (
    Branch(
        kind=ClockKind.TASK,
        source="connectors_trackedtask x JOIN connectors_connector c ON c.id = x.connector_id",
        where="x.ended_at IS NULL",
        deadline="x.deadline_at",
        since="coalesce(x.started_at, x.accepted_at)",
        paused_until="x.paused_until",
        no_data="x.last_seen_at IS NULL AND x.state = 'start_unknown'",
        keys=f"ARRAY[{_TASK_KEYS}]",
        breached=f"x.id IN ({_UNRESOLVED.format('i.task_id')} AND i.task_id IS NOT NULL"
        f" AND i.rule IN ({', '.join(quoted(rule) for rule in TASK_RULES)}))",
        owner=_TEAM.format("x"),
        critical="c.customer_impacting",
    ),
    Branch(
        kind=ClockKind.SYNC,
        source="connectors_syncstate x JOIN connectors_connector c ON c.id = x.connector_id"
        " LEFT JOIN connectors_syncrun run ON run.id = x.last_success_id",
        where=f"x.fresh_until IS NOT NULL AND {_STANDS.format('c')}",
        deadline="x.fresh_until",
        since="coalesce(run.data_until, run.ended_at)",
        paused_until="x.paused_until",
        no_data="x.last_success_id IS NULL",
        keys=f"ARRAY[{LATE_KEY.format('x.connector_id')}]",
        breached=_BY_KEY.format(LATE_KEY.format("x.connector_id"), quoted(FRESHNESS.name)),
        owner=_TEAM.format("c"),
        critical="c.customer_impacting",
    ),
    Branch(
        kind=ClockKind.APPROVAL,
        source="changes_changerequest x",
        where="x.state = 'in_review' AND x.sign_by IS NOT NULL",
        deadline="x.sign_by",
        since="x.submitted_at",
        paused_until=_NEVER,
        no_data="false",
        keys=f"ARRAY[{_CHANGE_KEY}]",
        breached=_BY_KEY.format(_CHANGE_KEY, quoted(APPROVAL_LATE.name)),
        owner="x.document->>'owner'",
        critical=_CRITICAL_CHANGE,
    ),
    Branch(
        kind=ClockKind.NOTICE,
        source="connectors_breakingnotice x JOIN connectors_connector c ON c.id = x.connector_id",
        where=f"x.closed_at IS NULL AND {_STANDS.format('c')}",
        deadline="x.deadline",
        since="x.announced_at",
        paused_until=_NEVER,
        no_data="false",
        keys=f"ARRAY[{NOTICE_KEY.format('x.id')}]",
        breached=_BY_KEY.format(NOTICE_KEY.format("x.id"), quoted(NOTICE_LATE.name)),
        owner=_TEAM.format("c"),
        critical="c.customer_impacting",
    ),
    Branch(
        kind=ClockKind.METRIC,
        source="metrics_metric x",
        where=f"x.certified_until IS NOT NULL AND {_STANDS.format('x')}",
        deadline=f"((x.certified_until + 1)::timestamp AT TIME ZONE {quoted(settings.TIME_ZONE)})",
        since=_NEVER,
        paused_until=_NEVER,
        no_data="false",
        keys=f"ARRAY[{_METRIC_KEY}]",
        breached=_BY_KEY.format(_METRIC_KEY, quoted(CERTIFICATION_OVER.name)),
        owner=_TEAM.format("x"),
        critical="false",
    ),
)


def soon(branch: Branch) -> str:
    """How long before its deadline a clock is due soon: the last quarter of its span, an hour at most."""
    return f"LEAST(interval '1 hour', ({branch.deadline} - {branch.since}) / 4)"


def in_state(branch: Branch, state: ClockState) -> str:
    """Whether a clock stands so; the states exclude one another."""
    if state is ClockState.PAUSED:
        return f"{branch.paused_until} > {NOW}"
    runs = f"({branch.paused_until} IS NULL OR {branch.paused_until} <= {NOW})"
    if state is ClockState.BREACHED:
        return f"{runs} AND {branch.breached}"
    told = f"{runs} AND NOT ({branch.breached})"
    if state is ClockState.LATE:
        return f"{told} AND {branch.deadline} <= {NOW}"
    ahead = f"{told} AND {branch.deadline} > {NOW}"
    if state is ClockState.NO_DATA:
        return f"{ahead} AND ({branch.no_data})"
    near = f"{branch.deadline} <= {NOW} + {soon(branch)}"
    # The plain hour lets the index end the search.
    near = (
        f"{branch.deadline} <= {NOW} + interval '1 hour' AND {near}"
        if state is ClockState.DUE_SOON
        else f"NOT ({near})"
    )
    return f"{ahead} AND NOT ({branch.no_data}) AND {near}"


def rows_of(branch: Branch, conditions: str) -> str:
    """The clocks of one branch that come first, no more than `limit` of them."""
    return f"""(
  SELECT {branch.rank} AS rank, x.id, {branch.deadline} AS deadline, {branch.since} AS since,
    {branch.paused_until} AS paused_until, ({branch.no_data}) AS no_data, {soon(branch)} AS soon, {branch.keys} AS keys
  FROM {branch.source}
  WHERE {branch.where}{conditions}
  ORDER BY {branch.deadline}, x.id
  LIMIT %(limit)s
)"""


# What is shown of a page's rows beside their clocks.
PAGE = """
WITH page AS (
  SELECT * FROM ({union}) clocks ORDER BY deadline, rank, id LIMIT %(limit)s
)
SELECT page.rank, page.id, page.deadline, page.since,
  CASE WHEN page.paused_until > statement_timestamp() THEN page.paused_until END AS paused_until,
  CASE WHEN page.paused_until > statement_timestamp() THEN 'paused' WHEN incident.id IS NOT NULL THEN 'breached'
       WHEN page.deadline <= statement_timestamp() THEN 'late' WHEN page.no_data THEN 'no_data'
       WHEN page.deadline <= statement_timestamp() + page.soon THEN 'due_soon' ELSE 'on_time' END AS state,
  coalesce(task.operation, notice.title, change.summary, metric.name, connector.name) AS title,
  coalesce(connector.key, change.key, metric.key) AS key, coalesce(connector.name, '') AS connector_name,
  coalesce(connector.kind, change.kind, 'metric') AS kind,
  CASE WHEN task.id IS NOT NULL THEN task.deadline_seconds + task.extended_seconds
       WHEN sync.id IS NOT NULL THEN (connector.document->'data_movement'->>'freshness_seconds')::bigint
       ELSE extract(epoch FROM page.deadline - page.since)::bigint END AS target_seconds,
  CASE WHEN task.due_at < page.deadline THEN task.due_at END AS next_clock,
  coalesce(team.key, '') AS owner_key, coalesce(team.name, '') AS owner_name,
  coalesce(connector.customer_impacting, false) AS critical,
  incident.id AS incident_id, incident.severity AS incident_severity, incident.state AS incident_state
FROM page
  LEFT JOIN connectors_trackedtask task ON task.id = CASE page.rank WHEN 0 THEN page.id END
  LEFT JOIN connectors_syncstate sync ON sync.id = CASE page.rank WHEN 1 THEN page.id END
  LEFT JOIN changes_changerequest change ON change.id = CASE page.rank WHEN 2 THEN page.id END
  LEFT JOIN connectors_breakingnotice notice ON notice.id = CASE page.rank WHEN 3 THEN page.id END
  LEFT JOIN metrics_metric metric ON metric.id = CASE page.rank WHEN 4 THEN page.id END
  LEFT JOIN connectors_connector connector
    ON connector.id = coalesce(task.connector_id, sync.connector_id, notice.connector_id,
      (SELECT c.id FROM connectors_connector c WHERE c.kind = change.kind AND c.key = change.key))
  LEFT JOIN people_team team ON team.id = CASE
    WHEN change.id IS NOT NULL THEN (SELECT t.id FROM people_team t WHERE t.key = change.document->>'owner')
    ELSE coalesce(task.owner_id, metric.owner_id, connector.owner_id) END
  LEFT JOIN LATERAL (
    SELECT i.id, i.severity, i.state FROM severity_incident i
    WHERE i.state <> 'resolved' AND i.dedup_key = ANY(page.keys) ORDER BY i.severity DESC, i.id LIMIT 1
  ) incident ON true
ORDER BY page.deadline, page.rank, page.id
"""
