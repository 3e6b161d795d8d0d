"""Between files of others and the dictionary: import as change requests, export of what stands."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import yaml
from django.db import transaction

from metrics.interchange import dbt, osi
from metrics.interchange.forms import MOST_BYTES, Taken, Unreadable
from metrics.models import Metric
from portal.changes import services
from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.changes.services import Draft
from portal.people.actors import Actor
from portal.people.models import Team
from portal.refusals import Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.models import EntryState

FORMATS = ("dbt", "osi")
__all__ = ["FORMATS", "Opened", "Unreadable", "export", "open_changes", "read"]


@dataclass(frozen=True)
class Opened:
    """What became of one metric of a file: a change, none because nothing is new, or a refusal; and what was lost."""

    place: str
    change: ChangeRequest | None
    note: str
    refused: bool = False
    lost: list[str] = field(default_factory=list)


def load(path: Path) -> Any:
    """The content of a JSON or YAML file. Raises Unreadable, OSError."""
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"It is larger than {MOST_BYTES // 1024 // 1024} MB.")
    try:
        if path.suffix.lower() in (".yaml", ".yml"):
            text = raw.decode("utf-8-sig")
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
                raise Unreadable("It has an alias (*name); write the value out.")
            return yaml.safe_load(text)
        return orjson.loads(raw)
    except (orjson.JSONDecodeError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"It cannot be read: {' '.join(str(error).split())[:200]}.") from None


def read(path: Path, form: str, manifest: Path | None, today: str) -> list[Taken]:
    """The metrics of a file of one of the forms; `manifest` is dbt's manifest.json. Raises Unreadable, OSError."""
    if form == "osi":
        return osi.read(load(path), today)
    return dbt.read(load(path), load(manifest) if manifest else None, today)


def open_changes(*, actor: Actor, taken: Iterable[Taken], now: datetime) -> list[Opened]:
    """Open a draft change for every metric that the dictionary does not say already; nothing is written around the approvals.

    Each is a transaction of its own. What an open change says already is not opened again; a metric without an owner is a draft
    that says so.
    """
    kind, teams = kinds.get("metric"), set(Team.objects.values_list("key", flat=True))
    seen: set[str] = set()
    found = []
    for one in taken:
        key = one.document["key"]
        lost = list(one.lost)
        if key in seen:
            found.append(Opened(one.place, None, f"“{key}” stands in the file twice.", refused=True, lost=lost))
            continue
        seen.add(key)
        if one.document["owner"] and one.document["owner"] not in teams:
            # An owner of theirs is no team of ours: the draft has none, and says so.
            lost.append(f"owner “{one.document['owner']}”, which is no team here")
            one.document["owner"] = ""
        clean, problems = kind.check(one.document)
        wrong = [problem for problem in problems if problem.path == "key"]
        if wrong:
            found.append(Opened(one.place, None, f"key “{key[:80]}”: {wrong[0].message}", refused=True, lost=lost))
            continue
        found.append(_opened(actor, one.place, clean, problems, lost, now))
    return found


def _opened(actor: Actor, place: str, clean: Document, problems: list[Any], lost: list[str], now: datetime) -> Opened:
    key = clean["key"]
    standing = Metric.objects.filter(key=key).first()
    if standing is not None and kinds.get("metric").check(standing.document)[0] == clean:
        return Opened(place, None, "is registered so", lost=lost)
    waiting = ChangeRequest.objects.filter(kind="metric", key=key, state__in=OPEN_STATES, document=clean).first()
    if waiting is not None:
        return Opened(place, waiting, "is open already", lost=lost)
    try:
        with transaction.atomic():
            draft = Draft(document=clean, summary=f"Take {key} from a file")
            change = services.propose(actor=actor, kind_name="metric", key=key, draft=draft, now=now)
    except Refusal as refusal:
        return Opened(place, None, refusal.message, refused=True, lost=lost)
    missing = " ".join(f"{one.path}: {one.message}" for one in problems)
    return Opened(place, change, f"is a draft; {missing}" if missing else "is a draft", lost=lost)


def export(form: str) -> tuple[bytes, dict[str, list[str]]]:
    """What stands, in one of the forms, and per key what is lost. The same dictionary gives the same bytes. One query."""
    rows = Metric.objects.filter(state__in=(EntryState.ACTIVE, EntryState.DEPRECATED)).order_by("key")
    told, lost = (dbt if form == "dbt" else osi).write(list(rows.values_list("document", flat=True)))
    return json.dumps(told, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n", lost
