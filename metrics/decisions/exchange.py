"""Between files and the register of decisions: export, and import as change requests."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from metrics.decisions import adr
from metrics.decisions.rules import AROUND, number_of, shown
from metrics.models import DecisionRecord
from portal.changes import services
from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.changes.services import Draft
from portal.people.actors import Actor
from portal.refusals import Refusal
from portal.registry import kinds
from portal.registry.documents import Document

# What hands and tools leave beside decisions.
NOT_DECISIONS = frozenset({"readme.md", "index.md", "template.md", "adr-template.md", "0000-template.md"})
# What an import fills in where a file cannot tell it.
_ABSENT: Document = {"description": "", "owner": "", "date": "", "deciders": [], "consulted": [], "informed": []}


@dataclass(frozen=True)
class Opened:
    """What became of one file: a change, none because nothing is new, or a refusal; and what could not be carried."""

    path: str
    change: ChangeRequest | None
    note: str
    refused: bool = False
    left: list[str] = field(default_factory=list)


def export(root: Path, form: str) -> list[tuple[str, list[str]]]:
    """Write every decision that was ever accepted; the files that changed, and what each format cannot carry of them."""
    rows = list(DecisionRecord.objects.order_by("number").values_list("document", "superseded__newer__key"))
    known = {document["key"]: document for document, _newer in rows}
    root.mkdir(parents=True, exist_ok=True)
    found = []
    for document, newer in rows:
        path = root / adr.file_name(document)
        text = adr.write(document, form, newer, known).encode()
        if not path.exists() or path.read_bytes() != text:
            path.write_bytes(text)
            found.append((path.name, adr.lost(document, form)))
    return found


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The Markdown files under the paths that may be decisions, in order; links are not followed."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for place, folders, names in os.walk(path):
            folders[:] = sorted(one for one in folders if not one.startswith("."))
            for name in sorted(names):
                file = Path(place, name)
                if name.lower().endswith(".md") and name.lower() not in NOT_DECISIONS and not file.is_symlink():
                    yield file


def bytes_of(path: Path) -> bytes:
    """What stands in a file, one byte more than is allowed at most."""
    with path.open("rb") as file:
        return file.read(adr.MOST_BYTES + 1)


def open_changes(
    *, actor: Actor, paths: Iterable[Path], now: datetime, owner: str = "", deciders: Iterable[str] = ()
) -> list[Opened]:
    """Open a draft change for every file whose decision is not registered yet, the oldest number first.

    Each is a transaction of its own. What an open change says already is not opened again; `owner` and `deciders` stand in
    where a file names none.
    """
    found: dict[str, tuple[str, adr.Read]] = {}
    outcomes = []
    for path in files_of(paths):
        try:
            one = adr.read(path.name, bytes_of(path))
        except OSError as error:
            outcomes.append(Opened(str(path), None, f"It cannot be read: {error.strerror}.", refused=True))
            continue
        except adr.Unreadable as error:
            outcomes.append(Opened(f"{path}:{error.line}", None, str(error), refused=True))
            continue
        key = one.document["key"]
        if key in found:
            outcomes.append(Opened(str(path), None, f"{shown(key)} stands in {found[key][0]} too.", refused=True))
            continue
        found[key] = (str(path), one)
    _tie(found)
    more = {"owner": owner, "deciders": list(deciders)}
    for key in sorted(found, key=number_of):
        where, one = found[key]
        outcomes.append(_opened(actor, where, one, more, now))
    return outcomes


def _tie(found: dict[str, tuple[str, adr.Read]]) -> None:
    """What only the older file tells, that another took its place, is said by the newer one."""
    for key, (_path, one) in found.items():
        newer = found.get(one.superseded_by or "")
        if newer is not None and key not in newer[1].document["supersedes"]:
            newer[1].document["supersedes"].append(key)


def _opened(actor: Actor, path: str, one: adr.Read, more: Document, now: datetime) -> Opened:
    if one.status not in (adr.ACCEPTED, adr.SUPERSEDED, "proposed"):
        return Opened(path, None, f"It is {one.status}: left out.", left=one.left)
    document = _ABSENT | {name: value for name, value in more.items() if value} | one.document
    clean, problems = kinds.get("decision").check(document)
    key = clean["key"]
    standing = DecisionRecord.objects.filter(key=key).first()
    if standing is not None:
        registered = kinds.get("decision").check(standing.document)[0]
        differs = sorted(name for name in clean if name not in AROUND and clean[name] != registered.get(name))
        if differs:
            words = f"{shown(key)} was accepted otherwise ({', '.join(differs)}); a decision is never edited."
            return Opened(path, None, words, refused=True, left=one.left)
        return Opened(path, None, "is registered", left=one.left)
    waiting = ChangeRequest.objects.filter(kind="decision", key=key, state__in=OPEN_STATES, document=clean).first()
    if waiting is not None:
        return Opened(path, waiting, "is open already", left=one.left)
    try:
        with transaction.atomic():
            draft = Draft(document=clean, summary=f"Take {Path(path).name} from the files"[:200])
            change = services.propose(actor=actor, kind_name="decision", key=key, draft=draft, now=now)
    except Refusal as refusal:
        return Opened(path, None, refusal.message, refused=True, left=one.left)
    missing = _told(problems)
    return Opened(path, change, f"is a draft; {missing}" if missing else "is a draft", left=one.left)


def _told(problems: Iterable[Any]) -> str:
    return " ".join(f"{one.path}: {one.message}" for one in problems)
