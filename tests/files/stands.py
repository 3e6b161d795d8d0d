"""A registry of every kind, and a directory of its files."""

from pathlib import Path
from typing import Any

from portal.changes import decisions, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.files import exporting
from portal.files.planning import Plan, chosen, plan
from portal.operations.services import database_now
from portal.registry import kinds
from portal.registry.models import Entry
from tests.doors.stage import DOCUMENTS, TABLES
from tests.metrics.registering import alive
from tests.people import actor, team
from tests.registering import EVIDENCE, SIGNERS


def signed(change: ChangeRequest) -> ChangeRequest:
    """The change after as many people signed it as its class asks for."""
    for name in SIGNERS[change.required_class]:
        decisions.approve(actor=actor(name), change_id=change.pk, digest=change.digest, now=database_now())
    change.refresh_from_db()
    assert change.state == "applied", change.state
    return change


def registered(kind: str, document: dict[str, Any], **more: Any) -> Entry:
    """The entry of this kind, as the document says it."""
    team(document["owner"])
    by = actor("adam" if kind in TABLES else "amal")
    draft = Draft(document=document, evidence=EVIDENCE, **more)
    change = services.propose(actor=by, kind_name=kind, key="", draft=draft, now=database_now())
    change = services.submit(actor=by, change_id=change.pk, now=database_now())
    if change.state != "applied":
        signed(change)
    entry: Entry = kinds.get(kind).entries().get(key=document["key"])
    return entry


def one_of(kind: str) -> Entry:
    """An entry of this kind, registered."""
    alive()
    if kind == "event_schema":
        one_of("event_family")
    made = DOCUMENTS[kind]()
    found = kinds.get(kind).entries().filter(key=made["key"]).first()
    return found or registered(kind, made)


def export(root: Path, *names: str) -> list[str]:
    """The files that an export of these kinds, or of all, writes."""
    return list(exporting.export(root, chosen(names)))


def planned(root: Path, *names: str, strict: bool = False) -> Plan:
    """What the files of these kinds, or of all, would change."""
    return plan(root, chosen(names), named=bool(names), strict=strict)


def held(root: Path) -> dict[str, bytes]:
    """Every file below the directory."""
    return {str(one.relative_to(root)): one.read_bytes() for one in sorted(root.rglob("*")) if one.is_file()}


def replaced(root: Path, name: str, old: str, new: str) -> None:
    """A person edits a file."""
    text = (root / name).read_text()
    assert text.count(old) == 1, (old, text.count(old))
    (root / name).write_text(text.replace(old, new))
