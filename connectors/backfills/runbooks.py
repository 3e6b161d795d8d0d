"""The backfill runbook of a data movement: its digest, and the versions it has had."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.fields.json import KeyTransform

from connectors.models import Connector, ConnectorKind
from portal.registry.documents import Document, digest

MOST_VERSIONS = 500


def runbook_of(document: Document) -> Document:
    """The runbook in the document of a data movement."""
    found: Document = document["data_movement"]["backfill_runbook"]
    return found


def digest_today(key: str) -> str:
    """The digest of today's runbook of the data movement of this key; empty where there is none."""
    rows = Connector.objects.filter(key=key, kind=ConnectorKind.DATA_MOVEMENT)
    found = rows.values_list(_part(), flat=True).first()
    return digest(found) if isinstance(found, dict) else ""


def _part() -> Any:
    return KeyTransform("backfill_runbook", KeyTransform("data_movement", F("document")))


@dataclass(frozen=True)
class RunbookVersion:
    """The runbook as it stood from one version of the connector on."""

    number: int
    connector_version: int
    since: datetime
    by: str
    change_id: int
    digest: str
    summary: str
    steps: list[str]

    @property
    def change(self) -> str:
        """CHG-17."""
        return f"CHG-{self.change_id}"


def versions_of(connector: Connector) -> list[RunbookVersion]:
    """The versions of the runbook, the newest first: those versions of the connector in which its digest changed."""
    history: Any = Connector.history.model
    rows = (
        history._default_manager.filter(id=connector.pk)
        .order_by("-version")
        .values_list("version", "history_date", "actor_name", "change_id", _part())[:MOST_VERSIONS]
    )
    found: list[RunbookVersion] = []
    for version, at, by, change_id, runbook in reversed(rows):
        now = digest(runbook)
        if not found or found[-1].digest != now:
            steps, summary = list(runbook["steps"]), runbook["summary"]
            found.append(RunbookVersion(len(found) + 1, version, at, by, change_id, now, summary, steps))
    return found[::-1]
