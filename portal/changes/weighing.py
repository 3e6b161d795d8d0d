"""What would become of a change if it were submitted now: the checks and the judgement of a submission, nothing written."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from portal.changes.freezing import check_base, evidence_problems, problems_of, refuse_forbidden, row_of
from portal.changes.models import ChangeRequest
from portal.changes.signing import judgement_of
from portal.policy import reads
from portal.policy.rules import Judgement, Row
from portal.refusals import Problem, Refusal
from portal.registry.models import Entry


@dataclass(frozen=True)
class Weighed:
    """Everything that stands against submitting, and what the policy makes of it once the document is sound."""

    problems: list[Problem] = field(default_factory=list)
    evidence_problems: list[Problem] = field(default_factory=list)
    judgement: Judgement | None = None
    row: Row | None = None
    commits: bool = False
    evidence_needed: bool | None = None

    @property
    def ready(self) -> bool:
        """Whether it could be submitted as it is."""
        return not self.problems and not self.evidence_problems


def weigh(change: ChangeRequest, entry: Entry | None) -> Weighed:
    """Weigh a change, saved or not, against its object as it stands."""
    problems: list[Problem] = []
    try:
        check_base(change, entry)
    except Refusal as refusal:
        problems.append(Problem("base_version", refusal.message, refusal.rule))
    document, found = problems_of(change, entry)
    problems += found
    if found:
        # Whether evidence is needed cannot be said yet; what is there already is checked.
        return Weighed(problems, evidence_problems(change)[1] if change.evidence else [])
    if entry is not None and entry.document == document and entry.state == change.to_state:
        message = _("The proposal does not differ from version %d.") % entry.version
        problems.append(Problem("document", message, "no_change"))
    policy = reads.in_force()
    judgement = judgement_of(change, document, entry, policy)
    try:
        refuse_forbidden(judgement)
    except Refusal as refusal:
        problems += refusal.problems or [Problem("", refusal.message, refusal.rule)]
    row, commits = row_of(judgement, policy, change.author_actor_type)
    needed = judgement.evidence or not commits
    missing = evidence_problems(change)[1] if needed or change.evidence else []
    return Weighed(problems, missing if needed else [], judgement, row, commits, needed)
