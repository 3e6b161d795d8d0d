"""Releases, brought into being through real changes; and a world in which everything that the gate asks for is well."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from metrics.models import Checkpoint, CheckpointRun, CheckpointState, Dataset
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import beat, database_now
from portal.registry.documents import digest
from severity.models import GateException, Incident, ReleaseCandidate
from severity.opening import Found, open_incident
from severity.readiness import BY_PEOPLE
from severity.releases import services as releases
from severity.releases.services import Statement
from severity.rules import DECLARED, Level
from tests.people import actor, team, user
from tests.registering import EVIDENCE, approved

COMMIT = "8be4aa9f0c6d1b2e3a4958676f5e4d3c2b1a0f9e"
LOOKED_AT = [{"title": "What was looked at", "address": "https://docs.example.com/checks"}]


def release_document(key: str = "r-2026.12", **more: Any) -> dict[str, Any]:
    """A release candidate."""
    return {
        "key": key,
        "name": "December release",
        "description": "New partner statements; faster sync of contacts.",
        "owner": "crm-team",
        "repository": "https://git.example.com/platform/agents",
        "commit": COMMIT,
        "build": "ci-4711",
        "stage": "dev",
        "notes": "",
    } | more


def proposed(kind: str, document: dict[str, Any], *, by: str = "amal", **draft: Any) -> ChangeRequest:
    """A submitted change of an entry."""
    team(document["owner"])
    wanted = Draft(document=document, evidence=EVIDENCE, **draft)
    change = services.propose(actor=actor(by), kind_name=kind, key=document["key"], draft=wanted, now=database_now())
    return services.submit(actor=actor(by), change_id=change.pk, now=database_now())


def release(key: str = "r-2026.12", **more: Any) -> ReleaseCandidate:
    """A candidate at dev."""
    change = proposed("release", release_document(key, **more))
    assert change.state == "applied", change.state
    return ReleaseCandidate.objects.get(key=key)


def promotion(key: str = "r-2026.12") -> ChangeRequest:
    """The change that promotes a release by one stage, before its approvers."""
    change = releases.request_promotion(actor=actor("amal"), key=key, now=database_now())
    services.edit(actor=actor("amal"), change_id=change.pk, draft=Draft(evidence=EVIDENCE), now=database_now())
    return services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())


def signed(change: ChangeRequest) -> ChangeRequest:
    """The change after as many signed it as its class asks for."""
    return approved(change, *{"A1": ("omar",), "A2": ("omar", "huda")}[change.required_class])


def promoted(key: str = "r-2026.12", *, to: str) -> ReleaseCandidate:
    """The release after it was promoted, step by step, to this stage."""
    while ReleaseCandidate.objects.get(key=key).stage != to:
        signed(promotion(key))
    return ReleaseCandidate.objects.get(key=key)


def said(
    key: str = "r-2026.12", dimension: str = "docs_truth", status: str = "ok", note: str = "", by: str = "amal",
    ago: timedelta = timedelta(),
) -> None:  # fmt: skip
    """Somebody sets a row, or did so a while ago."""
    team("crm-team")
    releases.say(
        actor=actor(by), key=key, now=database_now() - ago,
        statement=Statement(dimension=dimension, status=status, owner="crm-team", evidence=LOOKED_AT, note=note),
    )  # fmt: skip


def provenance(commit: str = COMMIT, builder: str = "https://ci.example.com/runner") -> dict[str, Any]:
    """An in-toto statement with SLSA provenance v1."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "agents.tar.gz", "digest": {"sha256": "ab" * 32}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://ci.example.com/build",
                "externalParameters": {},
                "resolvedDependencies": [
                    {"uri": "git+https://git.example.com/platform/agents", "digest": {"gitCommit": commit}}
                ],
            },
            "runDetails": {"builder": {"id": builder}},
        },
    }


def all_said(key: str = "r-2026.12") -> None:
    """Every row that people set is said to be OK, and CI has attested the build."""
    for dimension in BY_PEOPLE:
        said(key, dimension.value)
    releases.attest(actor=actor("yusuf"), key=key, given=provenance(), now=database_now())


def watched(ago: float = 0.0) -> None:
    """The watch looked this many seconds ago."""
    beat("severity.sweep")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operations_heartbeat SET at = statement_timestamp() - %s * interval '1 second'"
            " WHERE name = 'severity.sweep'",
            [ago],
        )


def checkpoint(
    key: str = "invoices-daily", verdict: str = "pass", *, stale: timedelta = timedelta(days=1)
) -> Checkpoint:
    """A checkpoint with a newest run of this verdict, written beside the registry: only what the gate reads of it."""
    now, owner = database_now(), team("crm-team")
    change = ChangeRequest.objects.order_by("-id").first()
    common = {"owner": owner, "version": 1, "created_at": now, "updated_at": now, "state": "active"}
    document: dict[str, Any] = {"key": f"data-{key}", "name": key, "description": "", "columns": [], "consumers": []}
    dataset = Dataset(
        key=f"data-{key}", name=key, namespace="postgres://warehouse:5432", dataset=key, classification="internal",
        document=document, digest=digest(document), **common,
    )  # fmt: skip
    found = Checkpoint(
        key=key, name=key, dataset=dataset, dimension="data_quality", max_age_minutes=1440,
        document={"key": key, "description": ""}, digest=digest({"key": key}), **common,
    )  # fmt: skip
    for one in (dataset, found):
        one.applied_change_id, one.applied_by_name = change.pk if change else None, "tests"
        one._history_date = now
    dataset.save()
    found.dataset = dataset
    found.save()
    run = CheckpointRun.objects.create(
        checkpoint=found, run_key="1", tool="generic", run_at=now, received_at=now, sent_by=user("yusuf"), verdict=verdict,
        results=[], digest="0" * 64,
    )  # fmt: skip
    CheckpointState.objects.create(checkpoint=found, verdict=verdict, run=run, run_at=now, stale_at=now + stale)
    return found


def well(key: str = "r-2026.12") -> ReleaseCandidate:
    """A candidate at dev with which nothing is wrong."""
    found = release(key)
    all_said(key)
    checkpoint()
    watched()
    return found


def trouble(
    level: Level = Level.V2, dimension: str = "connector_health", key: str = "trouble:1", **more: Any
) -> Incident:
    """An incident that somebody declared."""
    now = database_now()
    fields: dict[str, Any] = {
        "rule": DECLARED, "source": "manual", "dedup_key": key, "epoch": now, "title": "Statements are wrong", "told": "Seen.",
        "owner_id": team("crm-team").pk, "subject_kind": "manual", "subject_key": key, "level": level,
        "dimension": dimension, "evidence": [{"kind": "log", "reference": "log:1", "note": "seen"}],
    } | more  # fmt: skip
    return open_incident(Found(**fields), actor=actor("yusuf"))[0]


def exception_document(incident: Incident, until: datetime, key: str = "exc-1", **more: Any) -> dict[str, Any]:
    """An exception for an incident."""
    return {
        "key": key,
        "name": "Archive late",
        "description": "Only the archive is late.",
        "owner": "crm-team",
        "incident": incident.human_id,
        "release": "r-2026.12",
        "reason": "Only the archive is late; nobody reads it before Sunday.",
        "expires_at": until.isoformat(),
    } | more


def excepted(incident: Incident, until: datetime, key: str = "exc-1", **more: Any) -> GateException:
    """An exception that was signed."""
    signed(proposed("exception", exception_document(incident, until, key, **more)))
    return GateException.objects.get(key=key)


def end_exception(exception: GateException, ago: float = 1.0) -> None:
    """Let the clock of an exception run out: its end is put into the past, as if time had gone on."""
    GateException.objects.filter(pk=exception.pk).update(expires_at=database_now() - timedelta(seconds=ago))
