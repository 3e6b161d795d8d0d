"""Maintenance: a time, planned or beginning now, in which the clocks of a connector's or a team's open tasks do not run.

The first sweep after its beginning moves the clocks, before it judges anything, by the whole of it and from its beginning on:
however late the sweep comes, the clocks stand where they would had it come at once. It ends by itself, as the clocks have been
moved past its end. What had passed before its beginning stays a slip.
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind, Maintenance
from connectors.models.task import CLOCKS
from connectors.pauses import LONGEST_PAUSE, reason_problems
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import Team
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission

_ANY_DUE = """
SELECT 1 FROM connectors_maintenance
WHERE begun_at IS NULL AND ended_at IS NULL AND starts_at <= statement_timestamp() LIMIT 1
"""
# Where a task is paused already, only what goes beyond counts.
_MOVED = ",\n    ".join(
    f"{clock}_clock = CASE WHEN t.{clock}_clock > held.starts_at THEN t.{clock}_clock + held.by ELSE t.{clock}_clock END"
    for clock in CLOCKS
)
# Not skipped when locked: whoever comes second waits, and judges only when the clocks stand right.
_BEGIN = f"""
WITH due AS (
  SELECT * FROM connectors_maintenance
  WHERE begun_at IS NULL AND ended_at IS NULL AND starts_at <= statement_timestamp()
  ORDER BY starts_at, id LIMIT 1 FOR NO KEY UPDATE
),
held AS MATERIALIZED (
  SELECT t.id, due.starts_at, due.until, due.reason, due.planned_by,
         due.until - greatest(due.starts_at, coalesce(t.paused_until, due.starts_at)) AS by
  FROM connectors_trackedtask t JOIN due ON t.connector_id = due.connector_id OR t.owner_id = due.team_id
  WHERE t.ended_at IS NULL
  ORDER BY t.id FOR NO KEY UPDATE OF t
),
moved AS (
  UPDATE connectors_trackedtask t SET
    {_MOVED},
    deadline_at = CASE WHEN t.deadline_clock > held.starts_at THEN t.deadline_at + held.by ELSE t.deadline_at END,
    stall_at = CASE WHEN t.stall_at > held.starts_at THEN t.stall_at + held.by ELSE t.stall_at END,
    paused_until = held.until, pause_reason = held.reason, paused_by = held.planned_by
  FROM held WHERE t.id = held.id AND held.by > interval '0'
  RETURNING t.id, t.state, t.remote_status, t.paused_until, t.pause_reason
),
begun AS (
  UPDATE connectors_maintenance m SET begun_at = statement_timestamp() FROM due WHERE m.id = due.id
),
noted AS (
  INSERT INTO connectors_observation (task_id, at, what, state, remote_status, detail)
  SELECT id, statement_timestamp(), 'paused', state, remote_status, left('Maintenance: ' || pause_reason, 500) FROM moved
)
SELECT (SELECT count(*) FROM due)
"""
_BACK = ",\n    ".join(
    f"{clock}_clock = CASE WHEN t.{clock}_clock > statement_timestamp() THEN t.{clock}_clock - held.by"
    f" ELSE t.{clock}_clock END"
    for clock in CLOCKS
)
_END = f"""
WITH held AS MATERIALIZED (
  SELECT t.id, %(until)s - %(now)s::timestamptz AS by FROM connectors_trackedtask t
  WHERE t.ended_at IS NULL AND t.paused_until = %(until)s
    AND (t.connector_id = %(connector)s::bigint OR t.owner_id = %(team)s::bigint)
  ORDER BY t.id FOR NO KEY UPDATE
),
moved AS (
  UPDATE connectors_trackedtask t SET
    {_BACK},
    deadline_at = CASE WHEN t.deadline_clock > statement_timestamp() THEN t.deadline_at - held.by ELSE t.deadline_at END,
    stall_at = CASE WHEN t.stall_at > statement_timestamp() THEN t.stall_at - held.by ELSE t.stall_at END,
    paused_until = NULL, pause_reason = '', paused_by = ''
  FROM held WHERE t.id = held.id
  RETURNING t.id, t.state, t.remote_status
)
INSERT INTO connectors_observation (task_id, at, what, state, remote_status, detail)
SELECT id, statement_timestamp(), 'resumed', state, remote_status, '' FROM moved
"""


def begin_due() -> int:
    """Move the clocks for every maintenance that has begun; how many had. Done twice at once it is done once."""
    begun = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_ANY_DUE)
            if cursor.fetchone() is None:
                return begun
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_BEGIN)
            begun += int(cursor.fetchone()[0])


def covered_until(connector: Connector, owner: Team, now: datetime) -> datetime | None:
    """The end of the maintenance that a task accepted now begins in, None without one."""
    running = Maintenance.objects.filter(
        Q(connector=connector) | Q(team=owner), starts_at__lte=now, until__gt=now, ended_at__isnull=True
    )
    found: datetime | None = running.aggregate(end=Max("until"))["end"]
    return found


@transaction.atomic
def plan(
    *, actor: Actor, connector_key: str = "", team_key: str = "", starts_at: datetime, until: datetime, reason: str,
    now: datetime,
) -> Maintenance:  # fmt: skip
    """Plan maintenance of one runtime tool or of one team's tasks; one that starts in the past starts now.

    Raises Forbidden or Invalid (with paths).
    """
    require(actor, Permission.MOVE_CLOCKS)
    problems = reason_problems(reason)
    starts_at = max(starts_at, now)
    if not starts_at < until <= starts_at + LONGEST_PAUSE:
        message = _("It must end after it starts, and within %d days.") % LONGEST_PAUSE.days
        problems.append(Problem("until", message, "out_of_bounds"))
    if starts_at > now + LONGEST_PAUSE:
        message = _("It must start within the next %d days.") % LONGEST_PAUSE.days
        problems.append(Problem("starts_at", message, "out_of_bounds"))
    connector, team = _target(connector_key, team_key, problems)
    if problems:
        raise Invalid("maintenance", problems[0].message, problems)
    made = Maintenance.objects.create(
        connector=connector, team=team, starts_at=starts_at, until=until, reason=reason.strip(), planned_by=actor.name,
        planned_at=now,
    )  # fmt: skip
    told = f"{starts_at.isoformat(timespec='seconds')} – {until.isoformat(timespec='seconds')}: {reason.strip()}"
    _audit(actor, "planned", made, told, now)
    return made


@transaction.atomic
def end(*, actor: Actor, maintenance_id: int, now: datetime) -> Maintenance:
    """End maintenance before its time, or have what is planned not take place. Raises Forbidden, Missing or Conflict (over)."""
    require(actor, Permission.MOVE_CLOCKS)
    found = Maintenance.objects.select_for_update(of=("self",), no_key=True).filter(pk=maintenance_id).first()
    if found is None:
        raise Missing("no_such_maintenance", _("There is no maintenance %d.") % maintenance_id)
    if found.ended_at is not None or found.until <= now:
        raise Conflict("over", _("It is over already."))
    if found.begun_at is not None:
        with connection.cursor() as cursor:
            values = {"until": found.until, "now": now, "connector": found.connector_id, "team": found.team_id}
            cursor.execute(_END, values)
    found.ended_at, found.ended_by = now, actor.name
    found.save()
    _audit(actor, "ended", found, "", now)
    return found


def _target(connector_key: str, team_key: str, problems: list[Problem]) -> tuple[Connector | None, Team | None]:
    if bool(connector_key) == bool(team_key):
        problems.append(Problem("connector", _("Name one connector or one team."), "one_target"))
        return None, None
    if team_key:
        team = Team.objects.filter(key=team_key[:60]).first()
        if team is None:
            problems.append(Problem("team", _("There is no team “%s”.") % team_key[:60], "no_such_team"))
        return None, team
    connector = Connector.objects.filter(key=connector_key[:60], kind=ConnectorKind.RUNTIME_TOOL).first()
    if connector is None:
        message = _("There is no runtime tool “%s”.") % connector_key[:60]
        problems.append(Problem("connector", message, "no_such_connector"))
    return connector, None


def _audit(actor: Actor, what: str, of: Maintenance, detail: str, now: datetime) -> None:
    kind, key = ("runtime_tool", of.connector.key) if of.connector else ("team", of.team.key if of.team else "")
    record(actor=actor, action=f"maintenance.{what}", kind=kind, key=key, now=now, detail=detail[:500])
