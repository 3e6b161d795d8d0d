"""Putting a change before its approvers: everything is checked, judged and frozen as a proposal."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from portal.changes.evidence import check_evidence
from portal.changes.models import Attachment, ChangeRequest, ChangeState, Proposal
from portal.changes.rules import may_commit
from portal.changes.signing import current_entry_of, judgement_of
from portal.people.actors import Actor
from portal.policy import reads
from portal.policy.rules import ActionClass, Judgement, Policy, Row
from portal.refusals import Conflict, Invalid, Problem, Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.models import Entry, EntryState

# Reminders go out when half of the approval SLA is over.
REMIND_AT = 0.5


def moved_on(change: ChangeRequest, standing: int) -> Refusal:
    """The refusal that names the conflict between a change and its object."""
    if change.base_version == 0:
        text = _("“%(key)s” has been registered meanwhile; propose a change of it instead.")
    else:
        text = _("“%(key)s” moved on to version %(standing)d since this was made from version %(base)d; rebase it.")
    return Conflict("base_version", text % {"key": change.key, "standing": standing, "base": change.base_version})


def check_base(change: ChangeRequest, entry: Entry | None) -> None:
    """Refuse a change whose object has moved on. Raises Conflict."""
    standing = entry.version if entry else 0
    if standing != change.base_version:
        raise moved_on(change, standing)


def problems_of(change: ChangeRequest, entry: Entry | None) -> tuple[Document, list[Problem]]:
    """Everything that stands against submitting, evidence apart: the normalised document and the problems."""
    kind = kinds.get(change.kind)
    document, problems = kind.check(change.document)
    if change.key and document.get("key") != change.key:
        problems.append(Problem("key", _("The key is fixed: “%s”.") % change.key, "key_fixed"))
    if not problems:
        problems = kind.transition_problems(entry.document if entry else None, document)
    if change.to_state not in kind.states:
        state = EntryState(change.to_state).label
        problems = [*problems, Problem("", _("Nothing of this kind can be %s.") % str(state).lower(), "state")]
    if entry is not None and change.to_state == EntryState.RETIRED != entry.state:
        problems = [*problems, *kind.retiring_problems(entry)]
    if not problems:
        problems = kind.state_problems(entry, document, change.to_state)
    return document, problems


def evidence_problems(change: ChangeRequest) -> tuple[Document, list[Problem]]:
    """What is missing from the evidence pack: the normalised pack and the problems."""
    evidence, problems = check_evidence(change.evidence)
    if problems:
        return evidence, problems
    named = {one["digest"] for one in evidence["attachments"]}
    known = set(Attachment.objects.filter(digest__in=named).values_list("digest", flat=True)) if named else set()
    return evidence, [
        Problem(f"evidence.attachments.{number}.digest", _("No file with this digest was uploaded."), "no_such_file")
        for number, one in enumerate(evidence["attachments"])
        if one["digest"] not in known
    ]


def normalise(change: ChangeRequest) -> None:
    """Bring sound content into its normal form, so that the same told in other words keeps its digest."""
    document, problems = kinds.get(change.kind).check(change.document)
    if not problems:
        change.document = document
    evidence, missing = check_evidence(change.evidence)
    if not missing:
        change.evidence = evidence
    change.take_digest()


def check_window(change: ChangeRequest, now: datetime) -> None:
    """Refuse a change whose window is over before anybody could sign it. Raises Invalid."""
    if change.apply_before is not None and change.apply_before <= now:
        message = _("The window has closed already.")
        raise Invalid("window", message, [Problem("apply_before", message, "window")])


def freeze(change: ChangeRequest, *, actor: Actor, now: datetime) -> Judgement:
    """Check everything and put a new proposal before the approvers; the caller saves the change.

    Raises Conflict when the object moved on, Invalid with every problem and its path otherwise.
    """
    assert actor.user is not None
    entry = current_entry_of(change)
    check_base(change, entry)
    document, problems = problems_of(change, entry)
    if problems:
        raise Invalid("incomplete", _("%d thing(s) must be put right before this can be submitted.")
                      % len(problems), problems)  # fmt: skip
    refuse_no_change(change, document, entry)
    check_window(change, now)
    policy = reads.in_force()
    judgement = judgement_of(change, document, entry, policy)
    refuse_forbidden(judgement)
    row, commits = row_of(judgement, policy, change.author_actor_type, actor.actor_type)
    change.evidence_needed = judgement.evidence or not commits
    if change.evidence_needed:
        change.evidence, missing = evidence_problems(change)
        if missing:
            raise Invalid("evidence", _("This change needs an evidence pack: %d thing(s) are missing.")
                          % len(missing), missing)  # fmt: skip
    change.document = document
    change.parts = changed_parts(entry.document if entry else None, document)
    change.required_class = row.name
    change.action_class = ActionClass.A if commits else ActionClass.B
    change.policy_rule, change.policy_version = judgement.rule, judgement.policy_version
    change.take_digest()
    change.proposal_number += 1
    change.held_back = ""
    change.state = ChangeState.IN_REVIEW
    change.submitted_at = now
    change.decided_at = None
    set_clocks(change, row.sla_minutes, row.expires_days, now)
    Proposal.objects.create(
        change=change, number=change.proposal_number, base_version=change.base_version,
        to_state=change.to_state, document=document, evidence=change.evidence, digest=change.digest,
        apply_after=change.apply_after, apply_before=change.apply_before,
        required_class=change.required_class, policy_rule=change.policy_rule,
        policy_version=change.policy_version, author=actor.user, at=now,
    )  # fmt: skip
    return judgement


def refuse_no_change(change: ChangeRequest, document: Document, entry: Entry | None) -> None:
    """Refuse what would write a version like the one that stands. Raises Invalid."""
    if entry is not None and entry.document == document and entry.state == change.to_state:
        raise Invalid("no_change", _("The proposal does not differ from version %d.") % entry.version)


def row_of(judgement: Judgement, policy: Policy, *actor_types: str) -> tuple[Row, bool]:
    """Who must sign what actors of these types wrote and submitted, and whether it applies without a signature."""
    commits = all(may_commit(one, judgement.action_class) for one in actor_types)
    return (judgement.row if commits or judgement.approval else policy.row(1)), commits


def changed_parts(before: Document | None, after: Document) -> list[str]:
    """The paths, two levels deep, at which two documents differ; none for a registration, which is new all over."""
    if before is None:
        return []
    found = []
    for key in dict.fromkeys([*after, *before]):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += [f"{key}.{name}" for name in dict.fromkeys([*new, *old]) if old.get(name) != new.get(name)]
        elif old != new:
            found.append(key)
    return found


def refuse_forbidden(judgement: Judgement) -> None:
    """Refuse class C with the name of the rule. Raises Invalid."""
    if judgement.action_class != ActionClass.C:
        return
    cause, _colon, detail = judgement.rule.partition(":")
    if cause == "forbidden":
        raise Invalid(judgement.rule, _("The policy forbids any change with %s.") % detail.replace("_", " and "))
    raise Invalid(
        judgement.rule,
        _("Approval class A%(declared)d is below the least class A%(least)d that rule “%(rule)s” demands.")
        % {"declared": judgement.approval, "least": judgement.least_approval, "rule": detail},
        [Problem("approval_class", _("Declare A%d or higher.") % judgement.least_approval, judgement.rule)],
    )


def set_clocks(change: ChangeRequest, sla_minutes: int, expires_days: int, now: datetime) -> None:
    """Start the clocks of a change that waits for signatures."""
    _over(change, now)
    sla = timedelta(minutes=sla_minutes)
    change.sign_by = change.sign_clock = now + sla if sla_minutes else None
    change.remind_at = now + sla * REMIND_AT if sla_minutes else None
    change.expires_at = now + timedelta(days=expires_days) if expires_days else None
    change.set_wake()


def stop_clocks(change: ChangeRequest, now: datetime) -> None:
    """Nothing more is waited for: what was judged late is over."""
    _over(change, now)
    change.sign_clock = change.remind_at = change.expires_at = None
    change.set_wake()


def _over(change: ChangeRequest, now: datetime) -> None:
    """A clock that has fired is judged anew."""
    if change.sign_by is not None and change.sign_clock is None:
        change.judge_at = now
    change.sign_by = None
