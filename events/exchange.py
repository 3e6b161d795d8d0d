"""Between the files of a repository and the registry: export, import as change requests, and how the two differ."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from events import files
from events.models import EventFamily, EventSchema
from portal.changes import services
from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.changes.services import Draft
from portal.people.actors import Actor
from portal.refusals import Refusal
from portal.registry import kinds
from portal.registry.models import EntryState

REGISTERED = (EntryState.ACTIVE, EntryState.DEPRECATED, EntryState.RETIRED)


@dataclass(frozen=True)
class Difference:
    """One entry on which files and registry do not agree: `only_in_files`, `only_in_registry` or `differs`."""

    path: str
    kind: str
    key: str
    how: str


@dataclass(frozen=True)
class Opened:
    """What became of one difference: the change that was opened, the open one that says the same, or a refusal."""

    path: str
    change: ChangeRequest | None
    note: str = ""


def export(root: Path) -> list[str]:
    """Write everything that was ever registered; returns the files that changed."""
    families = [one.document for one in EventFamily.objects.filter(state__in=REGISTERED).order_by("key")]
    rows = EventSchema.objects.filter(state__in=REGISTERED).order_by("family", "major", "minor", "patch")
    return files.write(root, families, [one.document for one in rows])


def _documents(tree: files.Tree) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    found = {("event_family", key): (f"{key}/{files.FAMILY}", document) for key, document in tree.families.items()}
    for (family, number), document in tree.versions.items():
        found["event_schema", document["key"]] = (f"{family}/{number}.json", document)
    return found


def _registered() -> dict[tuple[str, str], dict[str, Any]]:
    rows: list[Any] = [*EventFamily.objects.all(), *EventSchema.objects.all()]
    found = {}
    for one in rows:
        kind = "event_family" if isinstance(one, EventFamily) else "event_schema"
        # In the normal form of today: a field that came later does not make an older document differ.
        found[kind, one.key] = kinds.get(kind).check(one.document)[0]
    return found


def drift(tree: files.Tree) -> list[Difference]:
    """Where files and registry differ, each document in its normal form."""
    there, here = _documents(tree), _registered()
    found = []
    for (kind, key), (path, document) in sorted(there.items()):
        clean, _problems = kinds.get(kind).check(document)
        if (kind, key) not in here:
            found.append(Difference(path, kind, key, "only_in_files"))
        elif here[kind, key] != clean:
            found.append(Difference(path, kind, key, "differs"))
    for kind, key in sorted(set(here) - set(there)):
        found.append(Difference("", kind, key, "only_in_registry"))
    return found


def open_changes(*, actor: Actor, tree: files.Tree, now: datetime) -> list[Opened]:
    """Open a draft change for whatever the files say otherwise; nothing is written around the approvals.

    What an open change says already is not opened again. Each is a transaction of its own.
    """
    there = _documents(tree)
    # Families first: their versions refer to them.
    found = sorted((one for one in drift(tree) if one.how != "only_in_registry"), key=lambda one: (one.kind, one.path))
    return [_opened(actor, one, there[one.kind, one.key][1], now) for one in found]


def _opened(actor: Actor, one: Difference, document: dict[str, Any], now: datetime) -> Opened:
    clean, _problems = kinds.get(one.kind).check(document)
    standing = ChangeRequest.objects.filter(kind=one.kind, key=one.key, state__in=OPEN_STATES, document=clean).first()
    if standing is not None:
        return Opened(one.path, standing, "is open already")
    try:
        with transaction.atomic():
            draft = Draft(document=clean, summary=f"Take {one.path} from the files")
            change = services.propose(actor=actor, kind_name=one.kind, key=one.key, draft=draft, now=now)
    except Refusal as refusal:
        return Opened(one.path, None, refusal.message)
    return Opened(one.path, change)
