"""Reporting claims and correcting their verdicts: each leaves an event, an audit line and, unless verified, an incident."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from connectors.models import Connector
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import Team
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Problem
from portal.roles import Permission
from severity.claims import rules
from severity.models import Claim, ClaimEvent, Verdict
from severity.opening import Found, open_incident
from severity.recovering import recover


@dataclass(frozen=True)
class Judged:
    """A verdict with what it rests on: pieces of kind, reference, says and note."""

    verdict: str
    evidence: Sequence[Mapping[str, Any]]
    note: str = ""


@dataclass(frozen=True)
class Reported(Judged):
    """A claim held against evidence, as `ClaimBody` lets it through; `connector` and `owner` are keys."""

    reference: str = ""
    statement: str = ""
    claimed_by: str = ""
    actor_type: str = ""
    reversibility: str = ""
    about: Mapping[str, str] | None = None
    connector: str | None = None
    owner: str | None = None

    @property
    def digest(self) -> str:
        """The sha256 of all that was given."""
        return hashlib.sha256(orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)).hexdigest()


@transaction.atomic
def report(*, actor: Actor, given: Reported, now: datetime) -> tuple[Claim, bool]:
    """Keep a claim with its verdict. Returns it and whether it is new: told again by the same account, it is kept once.

    The same reference with another content is a conflict. Raises Invalid where the evidence does not bear the verdict.
    """
    user = require(actor, Permission.REPORT_CLAIM)
    # Each account names its own claims: nobody takes a name, or learns of one, that another has given.
    name, digest = f"{user.pk}/{given.reference}", given.digest
    known = _known(name, digest)
    if known is not None:
        return known, False
    connector, owner, problems = _places(given)
    fields = {
        "reference": given.reference, "statement": given.statement, "claimed_by": given.claimed_by,
        "about.key": (given.about or {}).get("key", ""),
    }  # fmt: skip
    problems += _problems(given, fields)
    if problems or owner is None:
        raise Invalid("claim", _("The claim was not taken: some of it is wrong."), problems)
    if not rules.worse(given.verdict, "partially_verified") and _own(actor, given.claimed_by):
        raise Forbidden(
            "own_claim", _("Nobody verifies a claim of their own; somebody else holds it against evidence.")
        )
    reversibility = rules.reversibility_of(given.reversibility, connector.reversibility_class if connector else "R0")
    about = given.about or {}
    claim = Claim(
        reference=name, statement=given.statement, claimed_by=given.claimed_by, actor_type=given.actor_type,
        subject_kind=about.get("kind", ""), subject_key=about.get("key", ""), connector=connector,
        reversibility=reversibility, verdict=given.verdict, evidence=_kept(given), note=given.note, owner=owner,
        reported_by=user, reported_at=now, judged_at=now, digest=digest,
    )  # fmt: skip
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError:
        # Told twice at the same moment: the other one is there now.
        known = _known(name, digest)
        if known is None:
            raise
        return known, False
    _follow(claim, actor, before="")
    return claim, True


@transaction.atomic
def correct(*, actor: Actor, claim_id: int, given: Judged, now: datetime, seen: int | None = None) -> Claim:
    """Give a claim another verdict. The one before stays in its events; the same again by the same account writes nothing.

    `seen` is the number of the verdict that was looked at; where another has come since, it is a conflict.
    """
    require(actor, Permission.REPORT_CLAIM)
    claim = (
        Claim.objects.select_related("owner", "connector", "incident")
        .defer("connector__document")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=claim_id)
        .first()
    )
    if claim is None:
        raise Missing("no_such_claim", _("There is no claim CLM-%d.") % claim_id)
    stands = claim.events.order_by("-id").first()
    if stands is not None and stands.actor_name == actor.name and _same(claim, given):
        return claim
    if seen is not None and stands is not None and stands.pk != seen:
        raise Conflict("judged_since", _("Somebody gave it another verdict since you looked. Look again."))
    problems = _problems(given, {})
    if problems:
        raise Invalid("claim", _("The verdict was not taken: some of it is wrong."), problems)
    if rules.worse(claim.verdict, than=given.verdict):
        _refuse_bettering(actor, claim)
    before = fingerprint(claim)
    claim.verdict, claim.evidence, claim.note = given.verdict, _kept(given), given.note
    # Each verdict is an occurrence of its own for the incident, whatever the clock does.
    claim.judged_at = max(now, claim.judged_at + timedelta(microseconds=1))
    claim.save(update_fields=["verdict", "evidence", "note", "judged_at"])
    _follow(claim, actor, before=before)
    return claim


def fingerprint(claim: Claim) -> str:
    """What stands of a claim, as a digest for the audit log."""
    told = [claim.pk, claim.digest, claim.verdict, claim.evidence, claim.note]
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _known(name: str, digest: str) -> Claim | None:
    known = Claim.objects.select_related("owner", "connector", "reported_by").filter(reference=name).first()
    if known is not None and known.digest != digest:
        message = _(
            "%s was reported under this reference with another content. Correct it, or name the new one otherwise."
        )
        raise Conflict("other_content", message % known.human_id)
    return known


def _places(given: Reported) -> tuple[Connector | None, Team | None, list[Problem]]:
    problems = []
    connector = None
    if given.connector is not None:
        rows = Connector.objects.select_related("owner").defer("document")
        connector = rows.filter(key=given.connector).first()
        if connector is None:
            message = _("There is no connector “%s”.") % given.connector
            problems.append(Problem("connector", message, "no_such_connector"))
    owner = connector.owner if connector is not None else None
    if given.owner is not None:
        owner = Team.objects.filter(key=given.owner).first()
        if owner is None:
            problems.append(Problem("owner", _("There is no team “%s”.") % given.owner, "unknown_team"))
    elif owner is None and not problems:
        problems.append(Problem("owner", _("Name the team that answers for it, or a connector."), "required"))
    return connector, owner, problems


def _problems(given: Judged, fields: Mapping[str, str]) -> list[Problem]:
    problems = rules.secrets_in({**fields, "note": given.note}, given.evidence)
    missing = rules.missing_for(given.verdict, given.evidence)
    if missing:
        message = _("The evidence does not bear this verdict: %s.") % _(missing)
        problems.append(Problem("evidence", message, "evidence"))
    return problems


def _own(actor: Actor, claimed_by: str) -> bool:
    full = actor.user.get_full_name() if actor.user is not None else ""
    return any(rules.same_name(claimed_by, name) for name in (actor.name, full) if name)


def _refuse_bettering(actor: Actor, claim: Claim) -> None:
    if not rules.may_better(actor.actor_type):
        message = _("An agent that observes or recommends makes a verdict worse, never better.")
        raise Forbidden("only_worse", message)
    if _own(actor, claim.claimed_by):
        message = _("Nobody betters the verdict on a claim of their own; somebody else holds it against evidence.")
        raise Forbidden("own_claim", message)


def _kept(given: Judged) -> list[dict[str, str]]:
    names = ("kind", "reference", "says", "note")
    return [{name: str(piece.get(name, "")) for name in names} for piece in given.evidence]


def _same(claim: Claim, given: Judged) -> bool:
    return (claim.verdict, claim.evidence, claim.note) == (given.verdict, _kept(given), given.note)


def _follow(claim: Claim, actor: Actor, before: str) -> None:
    """What follows from the verdict that stands now: its event, the incident, an audit line. The claim is locked or new."""
    ClaimEvent.objects.create(
        claim=claim, at=claim.judged_at, actor_name=actor.name, verdict=claim.verdict, evidence=claim.evidence,
        note=claim.note,
    )  # fmt: skip
    record(
        actor=actor, action="claim.correct" if before else "claim.report", kind="claim", key=claim.human_id,
        now=claim.judged_at, before=before, after=fingerprint(claim), detail=f"{claim.verdict}; {claim.note}",
    )  # fmt: skip
    rule = rules.rule_of(claim.verdict)
    if rule is None:
        told = f"{claim.human_id} is verified. {claim.note}".strip()
        recover(told=told, actor=actor, dedup_key=_dedup_key(claim))
        return
    # Kept in English, whoever corrects it; severity/wording.py reads it in other languages.
    with override("en"):
        told = f"{Verdict(claim.verdict).label}: {rule.told} {claim.note}".strip()
    found = Found(
        rule=rule, source="contradiction", dedup_key=_dedup_key(claim), epoch=claim.judged_at,
        title=f"Claim of {claim.claimed_by}: {claim.statement}", told=told, owner_id=claim.owner_id,
        subject_kind="claim", subject_key=claim.human_id, subject_id=claim.pk, connector_id=claim.connector_id,
        circumstance=rules.circumstance_of(claim.reversibility),
        evidence=rules.shown_by(claim.human_id, told, claim.evidence),
    )  # fmt: skip
    claim.incident, _what = open_incident(found, actor=actor)
    claim.save(update_fields=["incident"])


def _dedup_key(claim: Claim) -> str:
    return f"claim:{claim.pk}"
