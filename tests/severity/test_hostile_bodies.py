"""No body makes a server error of what takes incidents, claims, results and releases: each part of valid ones is replaced."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from rest_framework.test import APIClient

from severity.rules import Level
from tests.connectors.backfills.world import backfill
from tests.connectors.syncs.world import sync
from tests.metrics.quality import checking
from tests.people import user
from tests.releases import world

pytestmark = pytest.mark.django_db

RAN = datetime(2026, 11, 25, tzinfo=UTC)
DEEP: Any = "leaf"
for _ in range(55):
    DEEP = [DEEP]
BAD: list[Any] = [
    None, True, -1, 0, 2**70, 1e300, "", "\x00", "x" * 100_000, "\ud800", "١٢٣", "V9", "INC-0", "INC-99999999999999999999",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", [], {}, [[]], [{}], [None], {"": {}}, DEEP, ["a"] * 2000,
]  # fmt: skip
EVIDENCE = [{"kind": "log", "reference": "log:1", "note": "seen"}]
SYNC_RUN: dict[str, Any] = {
    "run": "r1", "state": "succeeded", "started_at": RAN.isoformat(), "ended_at": RAN.isoformat(), "data_until": RAN.isoformat(),
    "rows": 1, "bytes": 1, "note": "Fine.", "streams": [
        {"name": "a", "mode": "full", "cursor": "1", "rows": 1, "state": "succeeded", "schema_changed_at": RAN.isoformat()},
    ],
}  # fmt: skip
ACTS: dict[str, dict[str, Any]] = {
    "acknowledge": {"text": "On it."}, "update": {"text": "Still."}, "impact": {"text": "All of them."},
    "measure": {"text": "By hand."}, "severity": {"severity": "V3", "text": "Worse.", "evidence": EVIDENCE},
    "command": {"to": "noor"}, "owner": {"owner": "crm-team", "text": "Theirs."}, "step": {"number": 1},
    "link": {"reference": "https://status.example/17"}, "unlink": {"id": 1}, "merge": {"into": "INC-1"},
    "review": {"what_happened": "a", "cause": "b", "follow_up": "c"}, "approve-review": {"digest": "0" * 64},
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "incidents/": {
        "title": "Lost orders", "severity": "V2", "owner": "crm-team", "impact": "All.", "text": "Seen.", "evidence": EVIDENCE,
        "dimension": "data_quality", "connector": "",
    },
    "incidents/report/": {
        "key": "pager:1", "status": "firing", "title": "Down", "severity": "V1", "owner": "crm-team", "evidence": EVIDENCE,
    },
    **{f"incidents/INC-{{incident}}/{name}/": body for name, body in ACTS.items()},
    "allowlist/decide/": {
        "agent": "support-agent", "connector": "crm-lookup", "operation": "lookup_customer", "environment": "prod",
    },
    "claims/": {
        "reference": "c-1", "statement": "The contact was updated.", "claimed_by": "crm-agent", "note": "", "owner": "crm-team",
        "actor_type": "executor_system", "reversibility": "R1", "verdict": "contradicted",
        "about": {"kind": "contact", "key": "C-1"},
        "evidence": [{"kind": "log", "reference": "log:1", "says": "contradicts", "note": "No such contact."}],
    },
    "claims/{claim}/correct/": {"verdict": "verified", "evidence": [{**EVIDENCE[0], "says": "supports"}], "note": ""},
    "releases/r-2026.12/rows/": {
        "dimension": "docs_truth", "status": "ok", "owner": "crm-team", "evidence": world.LOOKED_AT, "note": "",
    },
    "releases/r-2026.12/attestations/": {"attestation": world.provenance()},
    "releases/r-2026.12/promote/": {},
    "import/releases/": {name: part for name, part in world.release_document("r-2027.1").items() if name != "stage"}
    | {"attestation": world.provenance()},
    "checkpoints/orders-daily/results/": checking.result(at=RAN) | {"tool": "generic"},
    "checkpoints/results/": {"results": [{"checkpoint": "orders-daily", **checking.result("run-2", at=RAN)}]},
    "backfills/crm-november/claim/": {"worker": "w1", "lease_seconds": 60},
    "backfills/crm-november/partitions/1/": {
        "worker": "w1", "lease": 1, "state": "done", "rows": 7, "note": "Done.", "lease_seconds": 60,
    },
    "backfills/crm-november/retry/": {"reason": "Short.", "partitions": [1, 2]},
    **{f"backfills/crm-november/{act}/": {"reason": "Month end."} for act in ("pause", "cancel")},
    "backfills/crm-november/verify/": {"verification": "Row counts of both sides agree."},
    "syncs/crm-warehouse/drills/": {
        "passed": True, "drilled_at": "2026-11-25T00:00:00Z", "minutes": 30, "note": "Smooth.", "runbook_digest": "0" * 64,
        "steps": [{"number": 1, "done": True, "note": ""}],
    },
    "syncs/crm-warehouse/runs/": SYNC_RUN,
    "syncs/crm-warehouse/runs/batch/": {"runs": [SYNC_RUN]},
    "syncs/runs/batch/": {"runs": [SYNC_RUN | {"sync": "crm-warehouse"}]},
    "syncs/pause/": {"syncs": ["crm-warehouse"], "until": "2026-12-01T00:00:00Z", "reason": "Moves."},
    "syncs/crm-warehouse/pause/": {"until": "2026-12-01T00:00:00Z", "reason": "Moves."},
    "syncs/crm-warehouse/notices/": {
        "title": "A column goes", "detail": "Use the other.", "deadline": "2027-01-01T00:00:00Z", "consumers": ["board"],
    },
    "severity-table/dry-run/": {"document": {"rules": {}, "clocks": {}, "stale_days": 14}},
}  # fmt: skip


def spoilt(body: Any, *, every: int = 5) -> Iterator[Any]:
    """The bad values alone, and the body with its parts replaced by them, one at a time: all such, or one in `every`.

    The number of bad values is no multiple of `every`, so each place and, over the places, each value has its turn.
    """
    yield from BAD
    yield from islice(_trials(body), 0, None, every)


def _trials(body: Any) -> Iterator[Any]:

    def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            yield (*path, key)
            yield from places(value[key], (*path, key))

    for path in places(body, ()):
        for bad in BAD:
            copy = deepcopy(body)
            at = copy
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = bad
            yield copy


@pytest.fixture
def api(api_of: Callable[..., APIClient]) -> APIClient:
    """Somebody who may do everything that is tried here."""
    person = user("khalid")
    person.roles = ["executive", "engineer", "administrator", "operator"]
    person.save()
    user("noor")
    return api_of(person)


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.chaos)])
@pytest.mark.parametrize("address", BODIES)
def test_no_body_makes_a_server_error(api: APIClient, address: str, every: int) -> None:
    world.well()
    checking.checkpoint()
    if "backfills/" in address or "drills/" in address:
        backfill()
    else:
        sync()
    claim = api.post("/api/v1/claims/", BODIES["claims/"] | {"reference": "c-0"}, format="json").json()["human_id"]
    where = "/api/v1/" + address.format(incident=world.trouble(Level.V2).pk, claim=claim)
    wrong = []
    for body in spoilt(BODIES[address], every=every):
        try:
            sent = json.dumps(body)
        except (UnicodeEncodeError, ValueError):
            continue
        answer = api.post(where, sent, content_type="application/json")
        if answer.status_code >= 500:
            wrong.append((sent[:300], answer.status_code))
    assert wrong == []
