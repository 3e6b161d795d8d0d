"""Writing events into the outbox, and what people do with their notices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.outbox.models import Choice, Delivery, Notice, OutboxEvent
from portal.outbox.rules import DEFAULTS, Reason, Ways
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Problem
from portal.roles import Permission, may


def publish(
    *,
    topic: str,
    subject: str,
    payload: dict[str, Any],
    dedup_key: str,
    team_key: str = "",
    people: Mapping[int, Reason] | None = None,
    caused_by: int | None = None,
    about: str = "",
    settles: bool = False,
    routed: bool = False,
) -> None:
    """Write an event in the running transaction; the same `dedup_key` is written once only.

    It is told to the team and to `people` (user id → why), except to the one who caused it.
    With `settles`, earlier calls for a signature on what it is `about` need nobody any more. With `routed`, routes hear too.
    """
    told = {str(user_id): reason.value for user_id, reason in (people or {}).items()}
    event = OutboxEvent(
        topic=topic, subject=subject[:300], payload=payload, dedup_key=dedup_key, team_key=team_key, people=told,
        caused_by=caused_by, about=about, settles=settles, **({"route_at": Now()} if routed else {}),
    )  # fmt: skip
    OutboxEvent.objects.bulk_create([event], ignore_conflicts=True)


def own(actor: Actor) -> User:
    """The person whose notices they are. Raises Forbidden for the portal itself."""
    if actor.user is None or not may(actor, Permission.VIEW):
        raise Forbidden("role", _("Notices belong to a person."))
    return actor.user


def ways_of(user: User) -> dict[Reason, Ways]:
    """How a person hears of things, for every reason."""
    chosen = {one.reason: Ways(one.in_portal, one.by_email) for one in Choice.objects.filter(user=user)}
    return {reason: chosen.get(reason.value, default) for reason, default in DEFAULTS.items()}


@transaction.atomic
def choose(*, actor: Actor, ways: Mapping[str, Ways], now: datetime) -> dict[Reason, Ways]:
    """Set how one hears of things oneself, for the reasons given. Returns how it is now, for all of them."""
    user = own(actor)
    unknown = [name for name in ways if name not in Reason.values]
    if unknown:
        known = ", ".join(Reason.values)
        problems = [Problem(name, _("Unknown reason. Known: %s.") % known, "unknown_key") for name in unknown]
        raise Invalid("reason", _("There is no such reason to hear of something."), problems)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    before = ways_of(user)
    changed = {Reason(name): way for name, way in ways.items() if before[Reason(name)] != way}
    for reason, way in changed.items():
        Choice.objects.update_or_create(
            user=user, reason=reason, defaults={"in_portal": way.in_portal, "by_email": way.by_email}
        )
    if changed:
        detail = "; ".join(
            f"{reason.value}: portal {'yes' if way.in_portal else 'no'}, e-mail {'yes' if way.by_email else 'no'}"
            for reason, way in changed.items()
        )
        record(actor=actor, action="notices.choose", kind="user", key=user.username, now=now, detail=detail)
    return before | changed


def read(*, actor: Actor, notice_id: int, now: datetime) -> Notice:
    """Mark one of one's own notices as read; somebody else's is not there. Reading is no act that is audited."""
    found = Notice.objects.select_related("event").filter(pk=notice_id, user=own(actor)).first()
    if found is None:
        raise Missing("no_such_notice", _("There is no notice %d of yours.") % notice_id)
    if found.read_at is None:
        Notice.objects.filter(pk=found.pk, read_at__isnull=True).update(read_at=now)
        found.read_at = now
    return found


def read_all(*, actor: Actor, until: int, now: datetime) -> int:
    """Mark one's own notices up to this number as read, so that none is marked that was never seen. Returns how many."""
    return Notice.objects.filter(user=own(actor), read_at__isnull=True, pk__lte=until).update(read_at=now)


@transaction.atomic
def send_again(*, actor: Actor, delivery_id: int, now: datetime) -> Delivery:
    """Try a delivery again that was given up, with a full number of attempts."""
    require(actor, Permission.SEND_AGAIN)
    found = Delivery.objects.select_for_update(no_key=True, of=("self",)).select_related("event")
    delivery = found.filter(pk=delivery_id).first()
    if delivery is None:
        raise Missing("no_such_delivery", _("There is no delivery %d.") % delivery_id)
    if delivery.delivered_at is not None:
        raise Conflict("delivered", _("It was delivered already."))
    if delivery.due_at is not None:
        raise Conflict("waiting", _("It is tried again by itself; nothing was given up."))
    delivery.attempts, delivery.due_at, delivery.created_at = 0, now, now
    delivery.save(update_fields=["attempts", "due_at", "created_at"])
    record(actor=actor, action="delivery.again", kind="delivery", key=str(delivery.pk), now=now,
           detail=f"{delivery.event.topic} to {delivery.receiver}")  # fmt: skip
    return delivery
