"""Delivering notices: e-mail to the members of the team, signed webhooks to the endpoints that want the topic.

A notice is expanded into deliveries once; a delivery is leased, sent outside any transaction, then confirmed. A worker that
dies in between sends again: at least once, with the same `webhook-id`, so that receivers can tell a repeat.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from standardwebhooks.webhooks import Webhook

from portal.operations.services import beat
from portal.outbound.client import Timeouts, client
from portal.outbound.errors import OutboundError
from portal.outbound.secrets import CredentialError, resolve
from portal.outbox.models import Delivery, WebhookEndpoint

logger = logging.getLogger(__name__)

BATCH = 100
SENDERS = 4
# So few at a time that all are over before their lease is, even if each takes its whole timeout.
SEND_BATCH = 12
ROUNDS = 20
LEASE_SECONDS = 60
GIVE_UP_AFTER = 14  # attempts; the pauses double from 10 s to 2 h: about a day in all
TIMEOUTS = Timeouts(connect=5, read=10, total=15)

# Deliveries of every due notice, made once by the unique constraint; the notice itself is then done.
_EXPAND = """
WITH due AS (
  SELECT id, topic, team_key FROM outbox_outboxevent WHERE due_at <= statement_timestamp()
  ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
),
mails AS (
  INSERT INTO outbox_delivery (event_id, channel, receiver)
  SELECT DISTINCT due.id, 'email', person.email
  FROM due JOIN people_team team ON team.key = due.team_key
  JOIN people_team_members member ON member.team_id = team.id
  JOIN people_user person ON person.id = member.user_id
  WHERE person.is_active AND person.email <> ''
  ON CONFLICT (event_id, channel, receiver) DO NOTHING
),
hooks AS (
  INSERT INTO outbox_delivery (event_id, channel, receiver)
  SELECT due.id, 'webhook', endpoint.name
  FROM due JOIN outbox_webhookendpoint endpoint
    ON endpoint.active AND (endpoint.topics = '[]'::jsonb OR endpoint.topics @> to_jsonb(due.topic::text))
  ON CONFLICT (event_id, channel, receiver) DO NOTHING
),
done AS (UPDATE outbox_outboxevent event SET due_at = NULL FROM due WHERE event.id = due.id)
SELECT count(*) FROM due
"""
_LEASE = """
UPDATE outbox_delivery SET due_at = statement_timestamp() + %(lease)s * interval '1 second', attempts = attempts + 1
WHERE id IN (SELECT id FROM outbox_delivery WHERE due_at <= statement_timestamp()
             ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
"""


@dataclass(frozen=True)
class Sent:
    """What became of one attempt; an empty error is success."""

    delivery_id: int
    attempts: int
    error: str = ""


def tick() -> dict[str, int]:
    """Expand what is due, send what is leased. Returns counts."""
    expanded = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_EXPAND, {"limit": BATCH})
            found = int(cursor.fetchone()[0])
        expanded += found
        if found < BATCH:
            break
    sent: list[Sent] = []
    for _round in range(ROUNDS):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LEASE, {"lease": LEASE_SECONDS, "limit": SEND_BATCH})
            ids = [row[0] for row in cursor.fetchall()]
        sent += _send_all(ids)
        if len(ids) < SEND_BATCH:
            break
    failed = sum(bool(one.error) for one in sent)
    counts = {"expanded": expanded, "sent": len(sent) - failed, "failed": failed}
    beat("portal.outbox.delivery", dict(counts))
    return counts


def _send_all(ids: list[int]) -> list[Sent]:
    if not ids:
        return []
    deliveries = list(Delivery.objects.select_related("event").filter(pk__in=ids))
    endpoints = {endpoint.name: endpoint for endpoint in WebhookEndpoint.objects.filter(active=True)}
    # Threads only talk to the outside; the database is written here.
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="delivery") as pool:
        sent = list(pool.map(lambda delivery: _send(delivery, endpoints.get(delivery.receiver)), deliveries))
    for one in sent:
        _confirm(one)
    return sent


def _send(delivery: Delivery, endpoint: WebhookEndpoint | None) -> Sent:
    try:
        if delivery.channel == Delivery.Channel.EMAIL:
            _mail(delivery)
        elif endpoint is None:
            return Sent(delivery.pk, GIVE_UP_AFTER, "The endpoint is gone or switched off.")
        else:
            _post(delivery, endpoint)
    except (OutboundError, CredentialError, OSError) as error:
        return Sent(delivery.pk, delivery.attempts, str(error)[:500] or type(error).__name__)
    except Exception as error:
        logger.exception("a delivery failed in an unforeseen way")
        return Sent(delivery.pk, delivery.attempts, f"{type(error).__name__}: {error}"[:500])
    return Sent(delivery.pk, delivery.attempts)


def _mail(delivery: Delivery) -> None:
    event = delivery.event
    address = f"{settings.PUBLIC_URL}{event.payload.get('url', '/')}"
    EmailMessage(
        subject=event.subject.replace("\n", " ")[:200],
        body=f"{event.subject}\n\n{address}\n",
        to=[delivery.receiver],
        headers={"Message-ID": f"<delivery-{delivery.pk}@{settings.PUBLIC_URL.partition('//')[2].partition(':')[0]}>"},
    ).send()


def _post(delivery: Delivery, endpoint: WebhookEndpoint) -> None:
    secret = resolve(endpoint.secret_ref, secret_dir=settings.SECRET_DIR)
    now = datetime.now(UTC)
    event = delivery.event
    body = orjson.dumps({"type": event.topic, "timestamp": event.created_at, "data": event.payload}).decode()
    identity = f"msg_{delivery.event_id}_{delivery.pk}"
    headers = [
        ("content-type", "application/json"),
        ("webhook-id", identity),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", Webhook(secret).sign(identity, now, body)),
    ]
    answer = client().request("POST", endpoint.url, headers=headers, body=body.encode(), timeouts=TIMEOUTS)
    if not 200 <= answer.status < 300:
        raise OSError(f"The receiver answered {answer.status}.")


def _confirm(sent: Sent) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if not sent.error:
            cursor.execute(
                "UPDATE outbox_delivery SET due_at = NULL, delivered_at = statement_timestamp(), last_error = ''"
                " WHERE id = %s",
                [sent.delivery_id],
            )
        elif sent.attempts >= GIVE_UP_AFTER:
            cursor.execute(
                "UPDATE outbox_delivery SET due_at = NULL, last_error = %s WHERE id = %s",
                [f"Given up: {sent.error}", sent.delivery_id],
            )
        else:
            cursor.execute(
                "UPDATE outbox_delivery SET last_error = %s, due_at = statement_timestamp()"
                " + least(7200, 10 * 2 ^ (attempts - 1)) * interval '1 second' WHERE id = %s",
                [sent.error, sent.delivery_id],
            )
