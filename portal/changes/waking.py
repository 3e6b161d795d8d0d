"""What happens to changes by the clock alone: reminders, expiry, applying at the agreed time.

Every worker runs `tick` every few seconds; it takes no argument, each change is one transaction under its row lock, and running
it twice at once is harmless.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes.applying import apply_if_ready, hold_back, locked
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.reads import helpful_signers
from portal.changes.services import close
from portal.changes.telling import tell
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Refusal

logger = logging.getLogger(__name__)
ACTOR = Actor.system("changes")
BATCH = 200


def tick() -> dict[str, int]:
    """Look at every change whose time has come. Returns how often what was done."""
    counts: dict[str, int] = {}
    now = database_now()
    due = ChangeRequest.objects.filter(wake_at__lte=now).order_by("wake_at").values_list("pk", flat=True)
    for change_id in list(due[:BATCH]):
        done = wake(change_id, now=now)
        counts[done] = counts.get(done, 0) + 1
    return counts


@transaction.atomic
def wake(change_id: int, *, now: datetime) -> str:
    """Do what one change's time has come for. Returns what was done; empty when another worker was first."""
    change = locked(change_id)
    if change.wake_at is None or change.wake_at > now:
        return ""
    if change.state == ChangeState.IN_REVIEW and change.expires_at is not None and change.expires_at <= now:
        return _end(change, "expired", _("Nobody signed it in time."), now=now)
    if change.state == ChangeState.IN_REVIEW and change.apply_before is not None and change.apply_before <= now:
        return _end(change, "window_closed", _("Its window closed before it was signed."), now=now)
    if change.state == ChangeState.IN_REVIEW and change.remind_at is not None and change.remind_at <= now:
        return _remind(change, now=now)
    if change.state == ChangeState.APPROVED:
        return _apply(change, now=now)
    change.set_wake()
    change.save()
    return "none"


def _end(change: ChangeRequest, done: str, reason: str, *, now: datetime) -> str:
    close(change, ChangeState.WITHDRAWN, reason=reason, now=now)
    record(actor=ACTOR, action=f"change.{done}", kind=change.kind, key=change.key, now=now,
           before=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    tell(change, done, actor=ACTOR, occasion=_occasion(change, now), team=True)
    return done


def _remind(change: ChangeRequest, *, now: datetime) -> str:
    change.remind_at = None
    change.set_wake()
    change.save()
    tell(change, "reminder", actor=ACTOR, occasion=_occasion(change, now), team=True, signers=helpful_signers(change),
         sign_by=change.sign_by and change.sign_by.isoformat())  # fmt: skip
    return "reminder"


def _apply(change: ChangeRequest, *, now: datetime) -> str:
    if change.apply_before is not None and change.apply_before <= now:
        return _end(change, "window_closed", _("Its window closed before it could be applied."), now=now)
    try:
        with transaction.atomic():
            applied = apply_if_ready(change, actor=ACTOR, now=now)
    except Refusal as refusal:
        change = locked(change.pk)
        hold_back(change, refusal, now=now)
        tell(change, "held_back", actor=ACTOR, occasion=_occasion(change, now), team=True)
        logger.warning("%s is signed and cannot be applied: %s", change.human_id, refusal.message)
        return "held_back"
    if applied:
        return "applied"
    # Another of its set is not ready; whoever completes the set applies it.
    change.wake_at = change.apply_before
    change.save()
    return "waits"


def _occasion(change: ChangeRequest, now: datetime) -> str:
    """Under the row lock each round happens once, so its moment names it."""
    return f"{change.proposal_number}:{now.isoformat()}"
