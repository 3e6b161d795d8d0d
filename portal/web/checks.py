"""What a change is checked for, one line each, for its review page."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from portal.changes.freezing import evidence_problems, problems_of
from portal.changes.models import ChangeRequest
from portal.changes.signing import judgement_of
from portal.policy.rules import ActionClass
from portal.refusals import Problem
from portal.registry import kinds
from portal.registry.models import Entry


@dataclass(frozen=True)
class Check:
    """One check: what it looks at, whether it passed, and what is wrong."""

    name: str
    passed: bool
    note: str = ""
    problems: list[Problem] = field(default_factory=list)


def checks_of(change: ChangeRequest, entry: Entry | None) -> list[Check]:
    """Every check of a change as it is now, in the order in which they matter."""
    kind = kinds.get(change.kind)
    clean, invalid = kind.check(change.document)
    found = [Check(_("The document is whole and valid"), not invalid, problems=invalid)]
    if invalid:
        return found
    wrong = problems_of(change, entry)[1]
    found.append(Check(_("The step from the version before is allowed"), not wrong, problems=wrong))
    standing = entry.version if entry else 0
    if change.open:
        current = standing == change.base_version
        note = "" if current else _("Version %d stands.") % standing
        found.append(Check(_("It is made from the version that stands"), current, note))
    judgement = judgement_of(change, clean, entry)
    allowed = judgement.action_class != ActionClass.C
    found.append(Check(_("The policy in force allows it"), allowed, "" if allowed else judgement.rule))
    if judgement.evidence or change.evidence_needed:
        missing = evidence_problems(change)[1]
        found.append(Check(_("The evidence pack is complete"), not missing, problems=missing))
    return found
