"""The worker's looking at jobs APIs: take syncs that are due under a lease, ask outside of any transaction, keep what was seen.

Whatever dies leaves nothing behind but a lease that runs out. Runs go in by the same service as reports.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from connectors.models import Connector, SyncRun, SyncState
from connectors.summary import path_in_document
from connectors.syncs import jobs_api
from connectors.syncs.jobs_api import MOST_PAGES, PAGE, Api, Looked
from connectors.syncs.keeping import UPDATED, Source, Taken, keep
from portal.operations.services import database_now
from portal.outbound.client import OutboundClient, client
from portal.people.actors import Actor

EVERY_SECONDS = 60
MOST_SECONDS = 3600
MOST_DOUBLINGS = 6
AT_ONCE, AHEAD = 8, 16
# Longer than all pages of a look take, with the wait for a thread before it.
LEASE_SECONDS = 180
MOST_DETAIL = 500
_ACTOR = Actor.system("jobs api")
# What is due is looked for once, whatever the plan of the join.
_CLAIM = """
WITH due AS MATERIALIZED (
  SELECT id FROM connectors_syncstate WHERE pull_at <= statement_timestamp() ORDER BY pull_at LIMIT %(most)s
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE connectors_syncstate s
SET pull_at = statement_timestamp() + %(lease)s * interval '1 second', pull_lease = s.pull_lease + 1
FROM due WHERE s.id = due.id
RETURNING s.id, s.pull_lease, s.connector_id, s.last_run_id
"""


@dataclass(frozen=True)
class Claimed:
    """A sync that is this worker's to look at, while its lease lasts."""

    state_id: int
    lease: int
    key: str
    api: Api
    newest: datetime | None


def tick() -> dict[str, int]:
    """Look at what is due: counts of what was looked at, kept and failed. Safe to call twice at once."""
    counts = {"looked": 0, "kept": 0, "failed": 0}
    taken = claim()
    if not taken:
        return counts
    via, now = client(), database_now()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="jobs api") as pool:
        for one, looked in zip(taken, pool.map(lambda held: _look(held, now, via), taken), strict=True):
            counts["looked"] += 1
            counts["kept"] += record(one, looked)
            counts["failed"] += bool(looked.failed)
    return counts


def claim(most: int = AHEAD) -> list[Claimed]:
    """Take what is due."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": LEASE_SECONDS, "most": most})
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    if not rows:
        return []
    profiles = {
        one["pk"]: one
        for one in Connector.objects.filter(pk__in=[row[2] for row in rows])
        .annotate(api=path_in_document("data_movement", "jobs_api"))
        .values("pk", "key", "api")
    }
    newest = dict(SyncRun.objects.filter(pk__in=[row[3] for row in rows if row[3]]).values_list("pk", "started_at"))
    return [
        Claimed(state, lease, profiles[pk]["key"], Api.of({"jobs_api": profiles[pk]["api"]}), newest.get(last))
        for state, lease, pk, last in rows
    ]


def _look(held: Claimed, now: datetime, via: OutboundClient) -> Looked:
    """The newest jobs; further pages as long as all of a page is newer than what is known."""
    found = Looked()
    for page in range(MOST_PAGES):
        looked = jobs_api.look(held.api, now, page=page, via=via)
        found.runs += looked.runs
        found.notes += looked.notes
        if looked.failed:
            found.failed, found.retry_after = looked.failed, looked.retry_after
            break
        oldest = min((run.started_at for run in looked.runs), default=None)
        if looked.jobs < PAGE or oldest is None or (held.newest is not None and oldest <= held.newest):
            break
    return found


@transaction.atomic
def record(held: Claimed, looked: Looked) -> int:
    """Keep what was seen, unless the lease is lost; how many runs are new or changed."""
    now = database_now()
    state = SyncState.objects.select_for_update(of=("self",), no_key=True).get(pk=held.state_id)
    if state.pull_lease != held.lease:
        return 0
    # The newest job comes first on the wire; the oldest is kept first.
    told = [(held.key, run) for run in sorted(looked.runs, key=lambda run: run.started_at)]
    answers = keep(source=Source(_ACTOR, "airbyte"), told=told, now=now) if told else []
    wait = float(EVERY_SECONDS)
    failures = 0
    if looked.failed:
        failures = state.pull_failures + 1
        wait = min(EVERY_SECONDS * 2.0 ** min(failures, MOST_DOUBLINGS), MOST_SECONDS)
        wait = max(wait, looked.retry_after or 0.0)
    detail = looked.failed or " ".join(dict.fromkeys(looked.notes))
    columns: dict[str, Any] = {
        "pull_at": now + timedelta(seconds=wait) if held.api.url else None,
        "pull_failures": failures,
        "pull_detail": detail[:MOST_DETAIL],
    }
    if not looked.failed:
        columns["pulled_at"] = now
    SyncState.objects.filter(pk=held.state_id).update(**columns)
    return sum(1 for one in answers if isinstance(one, Taken) and (one.created or one.outcome == UPDATED))


__all__ = ["Claimed", "claim", "record", "tick"]
