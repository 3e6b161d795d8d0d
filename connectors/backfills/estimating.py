"""What a backfill will take and who will feel it, before anybody signs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.backfills.documents import partitions_of
from connectors.backfills.drilled import drilled
from connectors.backfills.runbooks import digest_today
from connectors.consumers import consumers_of
from connectors.models import Backfill, BackfillJob, Connector, ConnectorKind, RunState, SyncRun, SyncState
from connectors.models.backfill import JOB_OVER
from portal.operations.services import database_now
from portal.registry.documents import Document
from portal.registry.kinds import Impact
from portal.registry.times import moment_of

TYPICAL_RUNS, SCHEDULED = 20, 100
MOST_READERS = 60
WINDOW = timedelta(days=7)


@dataclass(frozen=True)
class Guess:
    """How many rows a window holds, about, and what says so."""

    rows: int
    told: str


def rows_of(connector: Connector, since: datetime, until: datetime) -> Guess | None:
    """From the runs of the window, or else from what a run typically brings and how often it runs; None if nobody knows."""
    loaded = SyncRun.objects.filter(connector=connector, state=RunState.SUCCEEDED, rows__isnull=False)
    known = loaded.filter(started_at__gte=since, started_at__lt=until).aggregate(rows=Sum("rows"), runs=Count("id"))
    if known["runs"]:
        told = ngettext("by the one run of that window", "by the %(n)s runs of that window", known["runs"])
        return Guess(int(known["rows"]), told % {"n": known["runs"]})
    typical = SyncState.objects.filter(connector=connector).values_list("typical_rows", flat=True).first()
    if typical is None:
        newest = sorted(one.rows or 0 for one in loaded.order_by("-started_at").only("rows")[:TYPICAL_RUNS])
        typical = newest[len(newest) // 2] if newest else None
    if typical is None:
        return None
    runs = max(round((until - since) / _interval(connector)), 1)
    told = _("by a typical run of %(rows)s rows, %(runs)s times") % {"rows": f"{typical:,}", "runs": f"{runs:,}"}
    return Guess(typical * runs, told)


def _interval(connector: Connector) -> timedelta:
    """How far apart its runs are, on the average of the next ones."""
    sync = connector.document["data_movement"]
    times = croniter(sync["schedule"], database_now().astimezone(ZoneInfo(sync["time_zone"])))
    try:
        begin: datetime = times.get_next(datetime)
        last: datetime = begin
        for _number in range(SCHEDULED):
            last = times.get_next(datetime)
    except CroniterError:
        # A day that there never is.
        return WINDOW
    return (last - begin) / SCHEDULED


def overlapping(connector: Connector, since: datetime, until: datetime) -> list[BackfillJob]:
    """The backfills in work of the same data movement that load a part of the window."""
    jobs = BackfillJob.objects.filter(
        backfill__connector=connector,
        backfill__window_from__lt=until,
        backfill__window_to__gt=since,
    ).exclude(state__in=JOB_OVER)
    return list(jobs.select_related("backfill").order_by("id")[:5])


def movement(key: object) -> Connector | None:
    """The data movement of this key."""
    return Connector.objects.filter(key=str(key)[:60], kind=ConnectorKind.DATA_MOVEMENT).select_related("owner").first()


def impact_of(key: str, before: Document | None, after: Document) -> list[Impact]:
    """Rows, cost, parts, what is reloaded, who reads it, and how well the runbook is rehearsed."""
    connector, since, until = (
        movement(after.get("sync")),
        moment_of(after.get("window_from")),
        moment_of(after.get("window_to")),
    )
    estimate = after.get("estimate") if isinstance(after.get("estimate"), dict) else {}
    found = []
    if estimate and estimate.get("rows") is not None:
        found.append(Impact(_("rows, as its author thinks"), str(estimate["rows"])))
    if estimate and estimate.get("cost"):
        found.append(Impact(_("cost"), str(estimate["cost"])))
    if estimate and estimate.get("downstream"):
        found.append(Impact(_("downstream, as its author says"), str(estimate["downstream"])))
    if connector is None:
        return found
    address = connector.get_absolute_url()
    if since is not None and until is not None and since < until:
        guess = rows_of(connector, since, until)
        rows = f"{guess.rows:,} {guess.told}" if guess else _("nobody knows: no run with rows was reported")
        found.insert(0, Impact(_("rows, about"), rows))
        hours = after.get("partition_hours")
        if isinstance(hours, int) and hours > 0:
            number = len(partitions_of(since, until, hours))
            told = ngettext("one part of %(hours)s h", "%(n)s parts of %(hours)s h", number)
            found.append(Impact(_("worked in"), told % {"n": f"{number:,}", "hours": hours}))
        if before is None:
            found += [
                Impact(
                    _("overlaps, and is refused while that is in work"),
                    job.backfill.human_id,
                    job.backfill.get_absolute_url(),
                )
                for job in overlapping(connector, since, until)
                if job.backfill.key != key
            ]
    sync = connector.document["data_movement"]
    found.append(Impact(_("loads again"), f"{connector.name}: {sync['destination']['dataset']}", address))
    found += [Impact(one.words, one.called, one.address) for one in consumers_of(connector)[:MOST_READERS]]
    found.append(Impact(_("runbook"), str(drilled(connector, database_now()).told), f"{address}?tab=runbook"))
    return found


def advice(document: Document) -> list[str]:
    """What an author should look at while writing: a runbook that nobody has rehearsed of late."""
    connector = movement(document.get("sync"))
    if connector is None:
        return []
    state = drilled(connector, database_now())
    return [] if state.tested else [str(state.told)]


def blank(asked: Mapping[str, str]) -> Document:
    """What the wizard opens with; after `?sync=crm-to-warehouse`, with the last week of it and what that will take."""
    connector = movement(asked.get("sync", ""))
    if connector is None:
        return {"sync": asked.get("sync", "")[:60], "partition_hours": 24}
    until = database_now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    until = moment_of(asked.get("to")) or until
    since = moment_of(asked.get("from")) or until - WINDOW
    guess = rows_of(connector, since, until) if since < until else None
    number = Backfill.objects.filter(connector=connector).count() + 1
    readers = consumers_of(connector)
    return {
        "key": f"{connector.key[:50]}-bf-{number}",
        "name": _("Backfill %(number)s of %(name)s") % {"number": number, "name": connector.name[:90]},
        "owner": connector.owner.key,
        "sync": connector.key,
        "window_from": since.isoformat(),
        "window_to": until.isoformat(),
        "partition_hours": 24,
        "streams": [],
        "estimate": {
            "rows": guess.rows if guess else None,
            "cost": "",
            "downstream": ", ".join(dict.fromkeys(one.called for one in readers))[:1000],
        },
        "runbook_digest": digest_today(connector.key),
    }
