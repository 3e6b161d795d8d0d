"""What stands against the lineage choice: it follows from an accepted decision, and from nothing else."""

from django.utils.translation import gettext as _

from metrics.choice.rules import TOPIC
from metrics.decisions.rules import shown
from metrics.models import DecisionRecord, Supersession
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.rules import Floor

# A line of decisions longer than this is no line of people.
MOST_STEPS = 1000


def floor(document: Document) -> Floor:
    """Signed by a function head, as the decision that it follows from."""
    return Floor(reversibility=1, approval=2)


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """The decision stands, names the topic and this choice, and supersedes the one that the choice follows from now."""
    key = after["decision"]
    decision = DecisionRecord.objects.filter(key=key).select_related("superseded__newer").first()
    if decision is None:
        words = _("There is no accepted decision %s: propose it, have it accepted, and come back.")
        return [Problem("decision", words % shown(key), "unknown_decision")]
    newer = getattr(decision, "superseded", None)
    if newer is not None:
        words = _("%(older)s is superseded by %(newer)s.")
        return [Problem("decision", words % {"older": shown(key), "newer": newer.newer.human_id}, "superseded")]
    chosen = decision.rulings.filter(topic=TOPIC).values_list("choice", flat=True).first()
    if chosen is None:
        words = _("%(key)s does not decide the topic “%(topic)s”.")
        return [Problem("decision", words % {"key": shown(key), "topic": TOPIC}, "other_topic")]
    if chosen != after["choice"]:
        words = _("%(key)s chooses “%(choice)s”.")
        return [Problem("choice", words % {"key": shown(key), "choice": chosen}, "other_choice")]
    if before is not None and before["decision"] != key and not _leads(before["decision"], key):
        words = _("%(new)s does not supersede %(old)s, which the choice follows from now.")
        about = {"new": shown(key), "old": shown(before["decision"])}
        return [Problem("decision", words % about, "not_superseding")]
    return []


def _leads(older: str, newer: str) -> bool:
    """Whether the line of those that took the place of the older one comes to the newer one."""
    step: str | None = older
    for _number in range(MOST_STEPS):
        step = Supersession.objects.filter(older__key=step).values_list("newer__key", flat=True).first()
        if step is None or step == newer:
            return step == newer
    return False
