"""What stands against a decision, and what is written when it is accepted."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from metrics.decisions.rules import AROUND, GOVERNED, key_of, shown
from metrics.models import DecisionRecord, Ruling, Supersession
from portal.audit.services import record
from portal.people.actors import Actor
from portal.refusals import Conflict, Problem
from portal.registry.documents import Document
from portal.registry.rules import Floor


def floor(document: Document) -> Floor:
    """A decision that the portal itself goes by is signed by a function head, any other by a lead."""
    governed = any(one["topic"] in GOVERNED for one in document["decides"])
    return Floor(reversibility=1, approval=2 if governed else 1)


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """Accepted is accepted. A new one says which it takes the place of, and leaves no topic behind that they ruled."""
    if before is not None:
        message = _("A decision stays as it was accepted: write another one that supersedes it.")
        names = dict.fromkeys([*after, *before])
        return [Problem(name, message, "fixed") for name in names
                if name not in AROUND and before.get(name) != after.get(name)]  # fmt: skip
    return [*_superseded_problems(after), *_ruling_problems(after)]


def _superseded_problems(after: Document) -> list[Problem]:
    known = dict(
        DecisionRecord.objects.filter(key__in=after["supersedes"]).values_list("key", "superseded__newer__key")
    )
    found = []
    for number, key in enumerate(after["supersedes"]):
        path = f"supersedes.{number}"
        if key not in known:
            found.append(Problem(path, _("There is no accepted decision %s.") % shown(key), "unknown_decision"))
        elif known[key] is not None:
            words = _("%(older)s is superseded already, by %(newer)s: name that one.")
            message = words % {"older": shown(key), "newer": shown(known[key])}
            found.append(Problem(path, message, "superseded"))
    return found


def _ruling_problems(after: Document) -> list[Problem]:
    chosen = [one["topic"] for one in after["decides"]]
    found = []
    for ruling in Ruling.objects.filter(stands=True).select_related("decision").order_by("topic"):
        key = ruling.decision.key
        about = {"topic": ruling.topic, "key": shown(key), "choice": ruling.choice}
        if ruling.topic in chosen and key not in after["supersedes"]:
            words = _("“%(topic)s” is decided by %(key)s (%(choice)s): this one must supersede it.")
            found.append(Problem("supersedes", words % about, "topic_decided"))
        elif key in after["supersedes"] and ruling.topic not in chosen:
            words = _("%(key)s, which it supersedes, decides “%(topic)s” too: say what is chosen now.")
            found.append(Problem("decides", words % about, "topic_left"))
    return found


def blank(asked: Mapping[str, str]) -> Document:
    """What the form of a new decision opens with: the next number and, after `?supersedes=adr-0001`, what that one rules."""
    highest = DecisionRecord.objects.aggregate(highest=Max("number"))["highest"] or 0
    older = DecisionRecord.objects.filter(key=asked.get("supersedes", "")[:60], superseded__isnull=True).first()
    document: Document = {"key": key_of(highest + 1)}
    if older is not None:
        document |= {"supersedes": [older.key], "decides": older.document["decides"], "owner": older.document["owner"]}
    return document


def settle(decision: DecisionRecord, actor: Actor, now: datetime) -> None:
    """Write what a newly accepted decision rules and which ones it takes the place of.

    Runs in the transaction that applies the change. Raises Conflict where another decision was accepted meanwhile.
    """
    if decision.version > 1:
        return
    document = decision.document
    older = list(
        DecisionRecord.objects.filter(key__in=document["supersedes"]).order_by("pk").select_for_update(no_key=True)
    )
    try:
        with transaction.atomic():
            Supersession.objects.bulk_create([Supersession(older=one, newer=decision) for one in older])
            Ruling.objects.filter(decision__in=older, stands=True).update(stands=False)
            Ruling.objects.bulk_create(
                [Ruling(decision=decision, topic=one["topic"], choice=one["choice"]) for one in document["decides"]]
            )
    except IntegrityError as error:
        message = _("Another decision was accepted meanwhile that rules or supersedes the same; look at it first.")
        raise Conflict("decided_meanwhile", message) from error
    for one in older:
        record(actor=actor, action="decision.superseded", kind="decision", key=one.key, now=now,
               before=one.digest, after=one.digest, detail=f"by {decision.human_id}")  # fmt: skip
