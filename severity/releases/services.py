"""Writing about release candidates: rows by people, attestations by CI, a candidate in one call. Promotions are changes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes import services as changes
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.services import Draft
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import Team
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.registry.documents import Document
from portal.registry.models import EntryState
from portal.roles import Permission
from severity.gate.rules import next_stage
from severity.models import Attestation, ReadinessStatement, ReleaseCandidate
from severity.readiness import BY_PEOPLE, COMPUTED, Dimension, RowStatus
from severity.releases.attesting import Attested, Key, load_key, read

MOST_EVIDENCE = 20


@dataclass(frozen=True)
class Statement:
    """What somebody says of a row: `evidence` is a list of title and address, `owner` a team's key."""

    dimension: str
    status: str
    owner: str
    evidence: Sequence[Mapping[str, str]]
    note: str = ""


def candidate(key: str, *, lock: bool = False) -> ReleaseCandidate:
    """The release of this key, in either case. Raises Missing."""
    rows = ReleaseCandidate.objects.select_related("owner")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(key=key.lower()[:60]).first()
    if found is None:
        raise Missing("no_such_release", _("There is no release “%s”.") % key[:60])
    return found


@transaction.atomic
def say(*, actor: Actor, key: str, statement: Statement, now: datetime) -> ReadinessStatement:
    """Set one row of a release, with evidence and the team that answers for it. The newest statement counts."""
    user = require(actor, Permission.SET_READINESS)
    release = candidate(key, lock=True)
    if release.state != EntryState.ACTIVE:
        raise Conflict("not_active", _("%s is not active any more.") % release.human_id)
    owner = Team.objects.filter(key=statement.owner).first()
    problems = _problems(statement)
    if owner is None:
        problems.append(Problem("owner", _("There is no team “%s”.") % statement.owner[:60], "unknown_team"))
    if problems or owner is None:
        raise Invalid("statement", _("The row was not set: some of it is wrong."), problems)
    evidence = [{"title": one["title"].strip(), "address": one["address"].strip()} for one in statement.evidence]
    made = ReadinessStatement.objects.create(
        release=release, dimension=statement.dimension, status=statement.status, note=statement.note.strip(),
        evidence=evidence, owner=owner, by=user, at=now,
    )  # fmt: skip
    record(actor=actor, action="release.row", kind="release", key=release.key, now=now,
           detail=f"{made.dimension}: {made.status}; {made.note}")  # fmt: skip
    return made


def _problems(statement: Statement) -> list[Problem]:
    found = []
    if statement.dimension in COMPUTED:
        message = _("The portal computes this row; mend what it is made of.")
        found.append(Problem("dimension", message, "computed"))
    elif statement.dimension not in BY_PEOPLE:
        known = ", ".join(BY_PEOPLE)
        found.append(Problem("dimension", _("There is no such row. Rows: %s.") % known, "unknown_row"))
    if statement.status not in RowStatus.values:
        found.append(Problem("status", _("One of %s.") % ", ".join(RowStatus.values), "status"))
    elif statement.status != RowStatus.OK and not statement.note.strip():
        found.append(Problem("note", _("Say what stands in the way."), "required"))
    if len(statement.note) > 2000:
        found.append(Problem("note", _("At most %d characters.") % 2000, "max_length"))
    if not 1 <= len(statement.evidence) <= MOST_EVIDENCE:
        message = _("One to %d pieces of evidence: what somebody looked at to say so.") % MOST_EVIDENCE
        found.append(Problem("evidence", message, "required"))
    for number, one in enumerate(statement.evidence[:MOST_EVIDENCE]):
        title, address = one.get("title", "").strip(), one.get("address", "").strip()
        if not 0 < len(title) <= 200:
            found.append(Problem(f"evidence.{number}.title", _("What it is, in at most 200 characters."), "title"))
        if not address.startswith(("https://", "/")) or len(address) > 500 or not address.isprintable():
            message = _("An address: https://… or a page of the portal, /….")
            found.append(Problem(f"evidence.{number}.address", message, "address"))
        elif address.startswith("//"):
            found.append(Problem(f"evidence.{number}.address", _("Write the address whole."), "address"))
    if "\0" in statement.note or any("\0" in text for one in statement.evidence for text in one.values()):
        found.append(Problem("", _("It holds a NUL character."), "nul_character"))
    return found


def trusted_keys() -> dict[str, Key]:
    """The keys whose signatures count, by name: the PEM files of ATTESTATION_KEYS. One that cannot be read is left out."""
    directory = settings.ATTESTATION_KEYS
    if not directory:
        return {}
    found = {}
    for path in sorted(Path(directory).glob("*.pem"))[:100]:
        try:
            found[path.stem] = load_key(path.read_bytes())
        except (OSError, ValueError):
            continue
    return found


@transaction.atomic
def attest(*, actor: Actor, key: str, given: object, now: datetime) -> tuple[Attestation, bool]:
    """Keep what CI attests of the build of a release. Returns it and whether it is new: sent again, it is kept once.

    Raises Invalid where it is of another commit, or its signature does not hold.
    """
    user = require(actor, Permission.ATTEST_BUILD)
    release = candidate(key, lock=True)
    attested = read(given, trusted_keys())
    _of_this_commit(attested, release)
    digest = hashlib.sha256(orjson.dumps(attested.statement, option=orjson.OPT_SORT_KEYS)).hexdigest()
    # The same statement signed by now is another piece of evidence than it was unsigned.
    digest = hashlib.sha256(f"{digest}|{attested.signed_by}".encode()).hexdigest()
    known = Attestation.objects.filter(release=release, digest=digest).first()
    if known is not None:
        return known, False
    made = Attestation.objects.create(
        release=release, received_at=now, sent_by=user, predicate_type=attested.predicate_type, builder=attested.builder,
        commit=release.commit, subjects=attested.subjects, signed_by=attested.signed_by, statement=attested.statement,
        digest=digest,
    )  # fmt: skip
    record(actor=actor, action="release.attest", kind="release", key=release.key, now=now, after=digest,
           detail=f"by {attested.builder}; signed by {attested.signed_by or 'nobody trusted'}")  # fmt: skip
    return made, True


def _of_this_commit(attested: Attested, release: ReleaseCandidate) -> None:
    if release.commit in attested.commits:
        return
    told = ", ".join(sorted(attested.commits))[:200] or _("none")
    message = _("It is of another commit: %(id)s is %(commit)s, the attestation names %(told)s.")
    message %= {"id": release.human_id, "commit": release.commit, "told": told}
    raise Invalid("other_commit", message, [Problem("attestation.predicate", message, "other_commit")])


@transaction.atomic
def from_ci(
    *, actor: Actor, document: Document, attestation: object | None, now: datetime
) -> tuple[ReleaseCandidate, bool]:
    """A candidate with its attestation in one call, all or nothing. Returns it and whether it is new.

    Told again it changes nothing; the same key with another commit or build is a conflict.
    """
    require(actor, Permission.ATTEST_BUILD)
    key = str(document.get("key", "")).lower()[:60]
    known = ReleaseCandidate.objects.filter(key=key).first()
    if known is not None:
        other = [name for name in ("commit", "build", "repository") if document.get(name) != known.document[name]]
        if other:
            message = _("%(id)s is registered with another %(what)s.")
            raise Conflict("other_build", message % {"id": known.human_id, "what": ", ".join(other)})
        release, new = known, False
    else:
        draft = Draft(
            document=dict(document) | {"key": key, "stage": "dev"}, summary=_("Register %s from CI") % key.upper()
        )
        change = changes.propose(actor=actor, kind_name="release", key=key, draft=draft, now=now, base_version=0)
        change = changes.submit(actor=actor, change_id=change.pk, now=now)
        if change.state != ChangeState.APPLIED:
            message = _("Registering a candidate needs a signature under the policy in force; propose it by hand.")
            raise Conflict("needs_signature", message)
        release, new = candidate(key), True
    if attestation is not None:
        attest(actor=actor, key=key, given=attestation, now=now)
    return release, new


def request_promotion(*, actor: Actor, key: str, now: datetime) -> ChangeRequest:
    """A draft change that promotes a release by one stage; submitted with its evidence, it is signed like any other."""
    release = candidate(key)
    to = next_stage(release.stage)
    if to is None:
        raise Conflict("stage", _("%s is at prod: there is no stage after that.") % release.human_id)
    document: dict[str, Any] = dict(release.document) | {"stage": to}
    summary = _("Promote %(id)s from %(stage)s to %(to)s") % {"id": release.human_id, "stage": release.stage, "to": to}
    return changes.propose(
        actor=actor, kind_name="release", key=release.key, draft=Draft(document=document, summary=summary), now=now,
        base_version=release.version,
    )  # fmt: skip


def label_of(dimension: str) -> str:
    """`docs_truth` → Docs truth."""
    return str(Dimension(dimension).label)
