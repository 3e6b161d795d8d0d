"""What the pages show of backfills and of runbooks, beside their documents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.backfills import wording
from connectors.backfills.drilled import drilled
from connectors.backfills.progress import progress_of
from connectors.backfills.runbooks import runbook_of, versions_of
from connectors.models import Backfill, BackfillJob, Connector, Drill, JobState, PartitionState
from connectors.models.backfill import JOB_OVER
from portal.people.names import names_of
from portal.registry.documents import digest

PARTS, LINES, DRILLS, BACKFILLS = 25, 12, 10, 10
# What asks for words before it is done: title, and what it means.
ACTS = {
    "pause": (gettext_lazy("Pause"), gettext_lazy("Nothing more is handed out; whoever holds a part may finish it.")),
    "cancel": (
        gettext_lazy("Cancel the job"),
        gettext_lazy("It ends for ever. What was loaded stays loaded; the rest of the window needs another backfill."),
    ),
    "retry": (
        gettext_lazy("Try parts anew"),
        gettext_lazy("These parts are handed out again, with five attempts each."),
    ),
    "verify": (gettext_lazy("Verify"), gettext_lazy("Every part is done. It counts once somebody has looked.")),
}


def shown(entry: Backfill, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The Summary tab of a backfill: progress, a page of its parts, the end of its log, what can be done now."""
    job = BackfillJob.objects.select_related("backfill").get(backfill=entry)
    sync = entry.connector
    act = asked.get("act", "")
    title, told = ACTS.get(act, ("", ""))
    return at_work(job, asked, now) | {
        "sync": sync,
        "act": act if act in ACTS else "",
        "act_title": title,
        "act_told": told,
        "steps": runbook_of(sync.document)["steps"],
        "runbook_moved": digest(runbook_of(sync.document)) != entry.document["runbook_digest"],
    }


def at_work(job: BackfillJob, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What of it moves."""
    progress = progress_of(job, now)
    rows = job.partitions.order_by("number")
    only = asked.get("parts", "")
    if only in PartitionState.values:
        rows = rows.filter(state=only)
    page = Paginator(rows, PARTS).get_page(asked.get("page"))
    keep = f"parts={only}&" if only in PartitionState.values else ""
    lines = list(job.lines.all()[:LINES])
    names = names_of(one.actor_name for one in lines)
    return {
        "job": job,
        "reason": wording.LOG.words(job.reason),
        "over": job.state in JOB_OVER,
        "progress": progress,
        "word": "stalled" if progress.stalled else job.state,
        "parts": [
            {
                "part": one,
                "late": one.state == PartitionState.RUNNING and one.lease_until is not None and one.lease_until <= now,
            }
            for one in page
        ],
        "parts_columns": [
            {"label": _("Part")},
            {"label": _("From")},
            {"label": _("To")},
            {"label": _("State")},
            {"label": _("Worker")},
            {"label": _("Attempts"), "numeric": True},
            {"label": _("Rows"), "numeric": True},
            {"label": _("Note")},
        ],
        "parts_only": only,
        "parts_choices": [
            {"label": label, "href": f"?parts={value}#parts", "current": only == value, "count": number}
            for value, label, number in (
                ("", _("All"), progress.total),
                ("pending", PartitionState.PENDING.label, progress.pending),
                ("running", PartitionState.RUNNING.label, progress.running),
                ("done", PartitionState.DONE.label, progress.done),
                ("failed", PartitionState.FAILED.label, progress.failed),
            )
        ],
        "parts_previous": f"?{keep}page={page.previous_page_number()}#parts" if page.has_previous() else "",
        "parts_next": f"?{keep}page={page.next_page_number()}#parts" if page.has_next() else "",
        "parts_note": _("page %(number)s of %(all)s") % {"number": page.number, "all": page.paginator.num_pages},
        "lines": [
            {"at": one.at, "text": wording.LOG.words(one.text), "actor": names[one.actor_name], "shape": "dot"}
            for one in lines
        ],
        "acts": acts_of(job),
        "now_url": reverse("backfill-work", args=[job.backfill.key]) + (f"?{keep}page={page.number}"),
    }


def acts_of(job: BackfillJob) -> frozenset[str]:
    """What can be done with the job in its state."""
    found = {
        JobState.READY: {"pause", "cancel"},
        JobState.RUNNING: {"pause", "cancel"},
        JobState.PAUSED: {"resume", "cancel"},
        JobState.VERIFYING: {"verify", "retry", "cancel"},
        JobState.FAILED: {"retry", "cancel"},
    }.get(JobState(job.state), set())
    return frozenset(found)


def runbook_tab(entry: Connector, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The Runbook tab of a data movement: today's steps, what became of them in drills, the backfills that followed them."""
    versions = versions_of(entry)
    jobs = BackfillJob.objects.filter(backfill__connector=entry).select_related("backfill", "backfill__owner")
    return {
        "runbook": runbook_of(entry.document),
        "runbook_versions": versions,
        "runbook_now": versions[0] if versions else None,
        "drilled": drilled(entry, now),
        "drills": list(Drill.objects.filter(connector=entry)[:DRILLS]),
        "backfill_rows": [(job, progress_of(job, now)) for job in jobs.order_by("-id")[:BACKFILLS]],
        "start_url": f"{reverse('entry-new', args=['backfills'])}?sync={entry.key}",
    }
