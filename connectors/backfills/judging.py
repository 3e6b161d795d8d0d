"""What stands against a backfill, how strictly it is signed, and the job that its approval makes."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from connectors.backfills import wording
from connectors.backfills.documents import partitions_of
from connectors.backfills.estimating import movement, overlapping
from connectors.backfills.runbooks import digest_today
from connectors.models import Backfill, BackfillJob, BackfillLine, Partition, SyncState
from connectors.models.backfill import JOB_OVER
from connectors.rules import floor_of
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Conflict, Problem
from portal.registry.documents import Document
from portal.registry.models import EntryState
from portal.registry.rules import Floor
from portal.registry.times import moment_of

STATES = frozenset({EntryState.ACTIVE.value, EntryState.RETIRED.value})
FIXED = ("sync", "window_from", "window_to", "partition_hours", "streams")


def floor(document: Document) -> Floor:
    """As strict as a change of the data movement itself; and it writes, whatever the contract says."""
    connector = movement(document.get("sync"))
    return replace(floor_of(connector.document), read_only=False) if connector is not None else Floor(read_only=False)


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """An active data movement, a window that is over and that no other backfill works on, streams that it has.

    Once registered, what is loaded stays as it was signed: only its words change, and the job is cancelled as a job.
    """
    if before is not None:
        message = _("What was approved to be loaded is fixed: cancel the job and register another backfill.")
        return [Problem(name, message, "fixed") for name in FIXED if before[name] != after[name]]
    connector = movement(after["sync"])
    if connector is None:
        return [Problem("sync", _("There is no data movement “%s”.") % after["sync"], "no_such_sync")]
    found = []
    if connector.state != EntryState.ACTIVE:
        found.append(Problem("sync", _("“%s” is not active.") % connector.key, "sync_not_active"))
    known = connector.document["data_movement"]["source"]["streams"]
    found += [
        Problem(
            "streams",
            _("“%(key)s” has no stream “%(stream)s”.") % {"key": connector.key, "stream": stream},
            "no_such_stream",
        )
        for stream in after["streams"]
        if stream not in known
    ][:20]
    if after["runbook_digest"] != digest_today(connector.key):
        message = _("The runbook has changed meanwhile: look at it, and leave this empty to follow today's.")
        found.append(Problem("runbook_digest", message, "runbook_moved"))
    since, until = moment_of(after["window_from"]), moment_of(after["window_to"])
    assert since is not None
    assert until is not None
    if until > database_now():
        found.append(Problem("window_to", _("It lies ahead: only what is past is loaded again."), "ahead"))
    return found + [
        Problem("window_from", _overlaps(job), "overlaps")
        for job in overlapping(connector, since, until)
        if job.backfill.key != after["key"]
    ]


def _overlaps(job: BackfillJob) -> str:
    told = _("%(id)s (%(key)s) is in work on a part of this window: wait for it, or cancel it.")
    return told % {"id": job.backfill.human_id, "key": job.backfill.key}


def retiring_problems(entry: Any) -> list[Problem]:
    """A backfill in work stays: its job is cancelled first."""
    job = BackfillJob.objects.filter(backfill=entry).exclude(state__in=JOB_OVER).first()
    if job is None:
        return []
    return [Problem("", _("Its job is not over: %s. Cancel or finish it first.") % job.get_state_display(), "in_work")]


def in_work(connector: Any) -> list[Problem]:
    """A data movement is not retired under a backfill that loads it."""
    jobs = (
        BackfillJob.objects.filter(backfill__connector=connector).exclude(state__in=JOB_OVER).select_related("backfill")
    )
    told = _("%(id)s (%(key)s) is in work on it: wait for it, or cancel it.")
    return [
        Problem("", told % {"id": job.backfill.human_id, "key": job.backfill.key}, "in_work")
        for job in jobs.order_by("id")[:20]
    ]


def settle(entry: Backfill, actor: Actor, now: datetime) -> None:
    """Make the job with all its parts when the plan is approved.

    The row of the data movement is locked meanwhile, so that of two overlapping plans that are approved at the same moment the
    second is refused. Raises Conflict.
    """
    if BackfillJob.objects.filter(backfill=entry).exists():
        return
    SyncState.objects.get_or_create(connector_id=entry.connector_id)
    SyncState.objects.select_for_update(no_key=True, of=("self",)).get(connector_id=entry.connector_id)
    for other in overlapping(entry.connector, entry.window_from, entry.window_to):
        raise Conflict("overlaps", _overlaps(other))
    job = BackfillJob.objects.create(backfill=entry)
    parts = partitions_of(entry.window_from, entry.window_to, entry.document["partition_hours"])
    Partition.objects.bulk_create(
        Partition(job=job, number=number, since=since, until=until)
        for number, (since, until) in enumerate(parts, start=1)
    )
    text = wording.APPROVED_ONE if len(parts) == 1 else wording.APPROVED % {"n": len(parts)}
    BackfillLine.objects.create(job=job, at=now, actor_name=actor.name, text=text)
