"""What was learned: written by one person, approved by another, and then it stays."""

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Forbidden, Missing
from portal.roles import Permission
from severity.models import Incident, IncidentReview, IncidentState
from severity.rules import Level
from severity.services.base import locked, need_text, refuse_unless, write

MOST = 10_000


def digest_of(incident_id: int, what_happened: str, cause: str, follow_up: str) -> str:
    """What an approval is bound to: sha256 of the whole review, in hex; each part with its length before it."""
    parts = (str(incident_id), what_happened, cause, follow_up)
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


@transaction.atomic
def write_review(
    *, actor: Actor, incident_id: int, now: datetime, what_happened: str = "", cause: str = "", follow_up: str = ""
) -> Incident:
    """Write the review of a V2 or V3 that is over, or write it anew as long as nobody has approved it."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, IncidentState.RESOLVED)
    if incident.merged_into_id is not None:
        raise Conflict("merged", _("It is reviewed with INC-%d, which went on for it.") % incident.merged_into_id)
    if incident.severity < Level.V2:
        raise Conflict("severity", _("Only a V2 or V3 is reviewed."))
    parts = {
        "what_happened": need_text(what_happened, _("Say what happened."), "what_happened", MOST),
        "cause": need_text(cause, _("Say what it came from."), "cause", MOST),
        "follow_up": need_text(follow_up, _("Say what follows from it."), "follow_up", MOST),
    }
    known = IncidentReview.objects.filter(incident=incident).first()
    if known is not None and known.approved_at is not None:
        raise Conflict("approved", _("The review is approved, and stays as it is."))
    user = require(actor, Permission.WORK_INCIDENT)
    digest = digest_of(incident.pk, **parts)
    IncidentReview.objects.update_or_create(
        incident=incident, defaults={**parts, "author": user, "written_at": now, "digest": digest}
    )
    return write(incident, actor=actor, what="review_written", text=parts["cause"], now=now,
                 before=incident.fingerprint, people=(incident.commander_id,))  # fmt: skip


@transaction.atomic
def approve_review(*, actor: Actor, incident_id: int, now: datetime, digest: str = "") -> Incident:
    """Approve a review that somebody else wrote, as it was read: bound to its digest. Who wrote any version may not."""
    incident = locked(actor, incident_id, Permission.SIGN)
    review = IncidentReview.objects.filter(incident=incident).first()
    if review is None:
        raise Missing("no_review", _("%s has no review yet.") % incident.human_id)
    if review.approved_at is not None:
        raise Conflict("approved", _("The review is approved already."))
    if review.digest != digest:
        raise Conflict("digest", _("The review was written anew meanwhile: read it again."))
    user = require(actor, Permission.SIGN)
    wrote = incident.timeline.filter(what="review_written", actor_name=actor.name).exists()
    if wrote or review.author_id == user.pk:
        raise Forbidden("four_eyes", _("Somebody else must approve what you wrote."))
    review.approved_by, review.approved_at = user, now
    review.save(update_fields=["approved_by", "approved_at"])
    return write(incident, actor=actor, what="review_approved", text="", now=now, before=incident.fingerprint,
                 people=(review.author_id, incident.commander_id), reviewed=True)  # fmt: skip
