"""Importing: a description is read, judged by the rules of its kind, and perhaps opened as a draft change."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from connectors.importing import airbyte, openapi, server_json
from connectors.importing.taken import Notice, Taken, cut, kept
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.files.reading import Unreadable
from portal.files.reading import read as read_file
from portal.people.actors import Actor
from portal.people.models import KEY_PATTERN
from portal.refusals import Invalid, Problem
from portal.registry import kinds
from portal.registry.documents import Document, bounds_problem

FORMATS: dict[str, Callable[[dict[str, Any], list[str]], Taken]] = {
    "mcp": server_json.read,
    "openapi": openapi.read,
    "airbyte": airbyte.read,
}
MOST_BYTES = 8 * 1024 * 1024
MOST_CHOSEN = 50


@dataclass(frozen=True)
class Imported:
    """What came of a description: the draft as far as it goes, what is missing, and what to look at."""

    kind: str
    # Where it was taken from, and the digest of the file.
    origin: str
    document: Document
    filled: tuple[str, ...]
    missing: tuple[str, ...]
    problems: list[Problem]
    remarks: list[str]
    notices: list[Notice]


def imported(
    content: bytes, form: str, *, only: Sequence[str] = (), key: str = "", owner: str = ""
) -> Imported:  # fmt: skip
    """Read a description. Raises Invalid where it cannot be read or is not of its form; writes nothing and asks nobody."""
    read = FORMATS.get(form)
    if read is None:
        raise _refused("format", _("Known formats: %s.") % ", ".join(FORMATS))
    if key and not (re.fullmatch(KEY_PATTERN, key) and len(key) <= 60):
        raise _refused("key", _("Use lower-case letters, digits and single hyphens, beginning with a letter."))
    if len(only) > MOST_CHOSEN:
        raise _refused("only", _("Choose by at most %d tags and paths.") % MOST_CHOSEN)
    try:
        root = read_file(content, most_bytes=MOST_BYTES)
    except Unreadable as error:
        raise _refused("content", str(error)) from None
    if not isinstance(root, dict):
        raise _refused("content", _("A mapping is expected at the top."))
    root, unkept = kept(root)
    taken = read(root, [one for one in only if one])
    if unkept:
        taken.remark(_("%d texts held letters that cannot be kept; they are replaced.") % unkept)
    if key:
        taken.document["key"] = key
    if owner:
        taken.document["owner"] = owner[:60]
    return _judged(taken, hashlib.sha256(content).hexdigest())


def _judged(taken: Taken, digest: str) -> Imported:
    taken.finish()
    kind = kinds.get(taken.kind)
    unkept = bounds_problem(taken.document)
    if unkept is not None:
        # A single part of it, like one name, is larger or deeper than anything sound.
        raise _refused("content", unkept.message)
    _clean, problems = kind.check(taken.document)
    completeness = kind.completeness(problems)
    return Imported(
        kind=kind.name,
        origin=f"{cut(taken.origin, 300)} (sha256 {digest[:16]})",
        document=taken.document,
        filled=completeness.filled,
        missing=completeness.missing,
        problems=problems,
        remarks=taken.remarks,
        notices=taken.notices,
    )


def open_draft(*, actor: Actor, found: Imported, now: datetime) -> ChangeRequest:
    """Open a draft change that registers what was read. What was guessed or left out is told among its assumptions.

    Raises Conflict where the key is registered already, and what proposing raises.
    """
    lines = [f"- {one}" for one in found.remarks]
    evidence = {
        "sources": [cut(found.origin, 500)],
        "assumptions": cut("\n".join([_("Imported. To be looked over:"), *lines]), 5000),
    }
    draft = Draft(document=found.document, evidence=evidence)
    return services.propose(
        actor=actor,
        kind_name=found.kind,
        key=str(found.document.get("key", "")),
        draft=draft,
        base_version=0,
        now=now,
    )


def _refused(path: str, message: str) -> Invalid:
    return Invalid("import", message, [Problem(path, message, "import")])
