"""A data movement, and backfills of it, brought about by signed changes."""

from copy import deepcopy
from typing import Any

from connectors.backfills import working
from connectors.backfills.working import Claim, Told
from connectors.models import Backfill, BackfillJob, Connector, Partition
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.documents import data_movement_document
from tests.people import actor, team
from tests.registering import EVIDENCE, SIGNERS, apply_connector, approved

SYNC = "crm-warehouse"
DOCUMENT: dict[str, Any] = {
    "key": "crm-november",
    "name": "CRM, first week of November",
    "description": "Amounts are loaded again with their tax.",
    "owner": "crm-team",
    "sync": SYNC,
    "window_from": "2026-11-01T00:00:00+03:00",
    "window_to": "2026-11-05T00:00:00+03:00",
    "partition_hours": 24,
    "streams": [],
    "reason": "Amounts were loaded without tax from 1 to 4 November.",
    "estimate": {"rows": 4000, "cost": "About 4 USD", "downstream": "The revenue dashboard; finance knows."},
}


def backfill_document(**changes: Any) -> dict[str, Any]:
    """A sound plan: four parts of a day."""
    return deepcopy(DOCUMENT) | changes


def sync(key: str = SYNC, **changes: Any) -> Connector:
    """The data movement, registered once."""
    known = Connector.objects.filter(key=key).first()
    return known or apply_connector(data_movement_document(key, changes))


def planned(*, by: str = "amal", **changes: Any) -> ChangeRequest:
    """A draft of a plan."""
    sync()
    team("crm-team")
    document = backfill_document(**changes)
    draft = Draft(document=document, evidence=EVIDENCE)
    return services.propose(actor=actor(by), kind_name="backfill", key=document["key"], draft=draft, now=database_now())


def submitted(**changes: Any) -> ChangeRequest:
    """A plan before its approvers."""
    change = planned(**changes)
    return services.submit(actor=actor(change.author.username), change_id=change.pk, now=database_now())


def backfill(**changes: Any) -> Backfill:
    """An approved backfill with its job."""
    change = submitted(**changes)
    change = approved(change, *SIGNERS[change.required_class])
    assert change.state == "applied", change.state
    return Backfill.objects.get(key=change.key)


def job(key: str = "crm-november") -> BackfillJob:
    """The job as it stands."""
    return BackfillJob.objects.get(backfill__key=key)


def part(number: int, key: str = "crm-november") -> Partition:
    """A part as it stands."""
    return Partition.objects.get(job__backfill__key=key, number=number)


def claim(worker: str = "w1", key: str = "crm-november", seconds: int = 300, **told: Any) -> Claim:
    """What a worker is handed out."""
    now = told.pop("now", None) or database_now()
    return working.claim(actor=actor("yusuf"), key=key, worker=worker, lease_seconds=seconds, now=now)


def taken(worker: str = "w1", **told: Any) -> Partition:
    """The part that a worker is handed out."""
    found = claim(worker, **told).partition
    assert found is not None
    return found


def say(of: Partition, state: str = "done", *, key: str = "crm-november", **told: Any) -> Partition:
    """What the holder of a part says of it."""
    now = told.pop("now", None) or database_now()
    words: dict[str, Any] = {"worker": of.worker, "lease": of.lease, "state": state, "rows": 10} | told
    return working.report(actor=actor("yusuf"), key=key, number=of.number, told=Told(**words), now=now)


def loaded(key: str = "crm-november") -> BackfillJob:
    """The job with every part done."""
    while (found := claim(key=key).partition) is not None:
        say(found, key=key)
    return job(key)
