"""The receivers of signed webhooks: who may be told, where, of what. Changed by administrators, each change audited."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.outbound.errors import OutboundRefused
from portal.outbound.guard import Guard
from portal.outbound.secrets import CredentialError, check_reference
from portal.outbox.models import Delivery, Lane, OutboxEvent, WebhookEndpoint
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission

TEST_TOPIC = "portal.test"
MAX_TOPICS = 50
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_TOPIC = re.compile(r"[a-z_]+(?:\.[a-z_]+)+", re.ASCII)


@dataclass(frozen=True)
class Receiver:
    """What an administrator says of an endpoint. No topics means all of them."""

    url: str
    secret_ref: str
    topics: Sequence[str] = ()
    active: bool = True


def _digest(endpoint: WebhookEndpoint) -> str:
    state = [endpoint.name, endpoint.url, endpoint.secret_ref, endpoint.topics, endpoint.active]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _checked(receiver: Receiver) -> None:
    problems = []
    try:
        Guard(settings.OUTBOUND_ALLOW).check_url(receiver.url)
    except OutboundRefused as error:
        problems.append(Problem("url", str(error), "address"))
    if len(receiver.url) > 500:
        problems.append(Problem("url", _("At most 500 characters."), "max_length"))
    try:
        check_reference(receiver.secret_ref)
    except CredentialError as error:
        problems.append(Problem("secret_ref", str(error), "reference"))
    if len(receiver.topics) > MAX_TOPICS:
        problems.append(Problem("topics", _("At most %d topics.") % MAX_TOPICS, "max_length"))
    for topic in receiver.topics[:MAX_TOPICS]:
        if len(topic) > 60 or not _TOPIC.fullmatch(topic):
            message = _("“%s” is no topic; topics look like change.applied or incident.opened.") % topic[:60]
            problems.append(Problem("topics", message, "topic"))
    if problems:
        raise Invalid("endpoint", _("The receiver is not complete."), problems)


def _take(endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    endpoint.url, endpoint.secret_ref = receiver.url, receiver.secret_ref
    endpoint.topics, endpoint.active = list(dict.fromkeys(receiver.topics)), receiver.active


def refuse_name(name: str, of: str) -> None:
    """Raise Invalid where a name is none that a receiver of notices can have, of whichever channel."""
    if len(name) > 60 or not _NAME.fullmatch(name) or name == "new":
        message = _("Use lower-case letters, digits and single hyphens, beginning with a letter.")
        raise Invalid(of, message, [Problem("name", message, "name")])


def tested(actor: Actor, channel: Delivery.Channel, pk: int, name: str, now: datetime) -> Delivery:
    """A test on its way to one receiver alone."""
    event = OutboxEvent.objects.create(
        topic=TEST_TOPIC, subject=_("A test, sent by %s") % actor.name, payload={"by": actor.name, "url": "/"},
        dedup_key=f"{TEST_TOPIC}:{channel}:{pk}:{now.isoformat()}", due_at=None,
    )  # fmt: skip
    Lane.objects.get_or_create(name=f"{channel}:{name}")
    return Delivery.objects.create(event=event, channel=channel, receiver=name)


@transaction.atomic
def add_endpoint(*, actor: Actor, name: str, receiver: Receiver, now: datetime) -> WebhookEndpoint:
    """Have a receiver told from now on. The name is fixed: it is what the delivery log calls it."""
    require(actor, Permission.MANAGE_ENDPOINTS)
    refuse_name(name, "endpoint")
    _checked(receiver)
    endpoint = WebhookEndpoint(name=name)
    _take(endpoint, receiver)
    try:
        with transaction.atomic():
            endpoint.save(force_insert=True)
    except IntegrityError:
        message = _("There is a receiver “%s” already.") % name
        raise Conflict("taken", message, [Problem("name", message, "taken")]) from None
    record(actor=actor, action="endpoint.add", kind="endpoint", key=name, now=now, after=_digest(endpoint),
           detail=receiver.url)  # fmt: skip
    return endpoint


@transaction.atomic
def change_endpoint(*, actor: Actor, name: str, receiver: Receiver, now: datetime) -> WebhookEndpoint:
    """Change a receiver, or switch it off: what is on its way to one that is off is not sent any more."""
    require(actor, Permission.MANAGE_ENDPOINTS)
    endpoint = _locked(name)
    _checked(receiver)
    before = _digest(endpoint)
    _take(endpoint, receiver)
    endpoint.save()
    record(actor=actor, action="endpoint.change", kind="endpoint", key=name, now=now, before=before,
           after=_digest(endpoint), detail=f"{receiver.url}, {'on' if receiver.active else 'off'}")  # fmt: skip
    return endpoint


def _locked(name: str) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(name=name).first()
    if endpoint is None:
        raise Missing("no_such_endpoint", _("There is no receiver “%s”.") % name[:60])
    return endpoint


@transaction.atomic
def send_test(*, actor: Actor, name: str, now: datetime) -> Delivery:
    """Send a test event to this receiver alone; the delivery log shows what became of it."""
    require(actor, Permission.MANAGE_ENDPOINTS)
    endpoint = _locked(name)
    if not endpoint.active:
        raise Conflict("off", _("“%s” is switched off.") % name)
    delivery = tested(actor, Delivery.Channel.WEBHOOK, endpoint.pk, name, now)
    record(actor=actor, action="endpoint.test", kind="endpoint", key=name, now=now)
    return delivery
