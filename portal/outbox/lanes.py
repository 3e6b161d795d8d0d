"""The statements of delivery: expand notices, take lanes, lease deliveries, confirm attempts.

A lane is everything that goes to one receiver: one endpoint, or the mail server for all e-mails. A worker takes a lane
for a short while and has one delivery of it in flight; leases end by themselves when a worker dies. Each statement is
atomic by itself and only the database's clock counts, so any number of workers may do this at once.
"""

from dataclasses import dataclass

from django.db import connection, transaction

from portal.outbox.models import EMAIL_LANE, Delivery, WebhookEndpoint
from portal.outbox.rules import GIVE_UP_AFTER, GIVE_UP_DAYS, Outcome
from portal.outbox.senders import Parcel
from portal.people.models import User

EXPAND_BATCH = 100
# Longer than the longest attempt: a webhook ends after 15 s in all; a mail is a dozen steps of `EMAIL_TIMEOUT` at worst.
WEBHOOK_LEASE = 45
EMAIL_LEASE = 180

# Deliveries of every due notice, made once by the unique constraint, and their lanes; the notice itself is then done.
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
  WHERE person.is_active AND person.email <> '' ORDER BY due.id
  ON CONFLICT (event_id, channel, receiver) DO NOTHING RETURNING lane
),
hooks AS (
  INSERT INTO outbox_delivery (event_id, channel, receiver)
  SELECT due.id, 'webhook', endpoint.name
  FROM due JOIN outbox_webhookendpoint endpoint
    ON endpoint.active AND (endpoint.topics = '[]'::jsonb OR endpoint.topics @> to_jsonb(due.topic::text))
  ORDER BY due.id
  ON CONFLICT (event_id, channel, receiver) DO NOTHING RETURNING lane
),
lanes AS (
  INSERT INTO outbox_lane (name)
  SELECT lane FROM mails UNION SELECT lane FROM hooks ORDER BY 1
  ON CONFLICT (name) DO NOTHING
),
done AS (UPDATE outbox_outboxevent event SET due_at = NULL FROM due WHERE event.id = due.id)
SELECT count(*) FROM due
"""
# The lane that was served longest ago comes first: however much one receiver gets, the others have their turn.
_TAKE = """
UPDATE outbox_lane SET lease = lease + 1, served_at = statement_timestamp(), leased_until = statement_timestamp()
  + CASE name WHEN %(email)s THEN %(email_lease)s ELSE %(webhook_lease)s END * interval '1 second'
WHERE name IN (
  SELECT name FROM outbox_lane lane
  WHERE leased_until <= statement_timestamp() AND open_at <= statement_timestamp() AND (failures > 0) = %(failing)s
    AND EXISTS (SELECT FROM outbox_delivery WHERE lane = lane.name AND due_at <= statement_timestamp())
  ORDER BY served_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
RETURNING name, lease, failures
"""
# The attempt is counted here: one that kills its worker counts too. A lane that somebody else took meanwhile gives none.
_LEASE = """
WITH mine AS (
  UPDATE outbox_lane SET leased_until = statement_timestamp() + %(seconds)s * interval '1 second'
  WHERE name = %(name)s AND lease = %(lease)s RETURNING name
)
UPDATE outbox_delivery SET attempts = attempts + 1, due_at = statement_timestamp() + %(seconds)s * interval '1 second'
WHERE id = (SELECT id FROM outbox_delivery
            WHERE lane = (SELECT name FROM mine) AND due_at <= statement_timestamp()
            ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
"""
# Every confirmation names its attempt: one that comes after its lease is over does not overwrite a newer attempt.
_SENT = """
UPDATE outbox_delivery SET due_at = NULL, delivered_at = statement_timestamp(), last_error = ''
WHERE id = %(id)s AND attempts = %(attempts)s AND delivered_at IS NULL
"""
_GIVEN_UP = """
UPDATE outbox_delivery SET due_at = NULL, last_error = 'Given up: ' || %(error)s
WHERE id = %(id)s AND attempts = %(attempts)s AND delivered_at IS NULL
"""
_LATER = """
UPDATE outbox_delivery SET due_at = statement_timestamp() + %(seconds)s * interval '1 second', last_error = %(error)s
WHERE id = %(id)s AND attempts = %(attempts)s AND delivered_at IS NULL
"""
_LANE_WORKS = "UPDATE outbox_lane SET failures = 0 WHERE name = %(name)s AND lease = %(lease)s AND failures > 0"
_LANE_STOPS = """
UPDATE outbox_lane SET failures = failures + 1, open_at = statement_timestamp() + %(seconds)s * interval '1 second'
WHERE name = %(name)s AND lease = %(lease)s
"""
_TOO_OLD = """
UPDATE outbox_delivery SET due_at = NULL, last_error = 'Given up: not delivered in ' || %(days)s || ' days. ' || %(error)s
WHERE lane = %(name)s AND due_at IS NOT NULL AND created_at < statement_timestamp() - %(days)s * interval '1 day'
"""
_RELEASE = "UPDATE outbox_lane SET leased_until = statement_timestamp() WHERE name = %(name)s AND lease = %(lease)s"


@dataclass(frozen=True)
class TakenLane:
    """A lane in the hands of this worker, for as long as `lease` is its newest lease."""

    name: str
    lease: int
    failures: int

    @property
    def is_email(self) -> bool:
        """Whether this is the mail server."""
        return self.name == EMAIL_LANE


def expand() -> int:
    """Make the deliveries of due notices; returns how many notices there were."""
    expanded = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_EXPAND, {"limit": EXPAND_BATCH})
            found = int(cursor.fetchone()[0])
        expanded += found
        if found < EXPAND_BATCH:
            return expanded


def take(limit: int, *, failing: bool) -> list[TakenLane]:
    """Take free lanes that have something due: those that work, or those whose last attempt failed."""
    if limit <= 0:
        return []
    values: dict[str, str | int | bool] = {
        "email": EMAIL_LANE,
        "email_lease": EMAIL_LEASE,
        "webhook_lease": WEBHOOK_LEASE,
        "failing": failing,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        return [TakenLane(*row) for row in cursor.fetchall()]


def lease(lane: TakenLane) -> Delivery | None:
    """The next due delivery of the lane, leased and its attempt counted; None if there is none or the lane is lost."""
    seconds = EMAIL_LEASE if lane.is_email else WEBHOOK_LEASE
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, {"name": lane.name, "lease": lane.lease, "seconds": seconds})
        row = cursor.fetchone()
    return Delivery.objects.select_related("event").get(pk=row[0]) if row else None


def parcel(delivery: Delivery) -> Parcel | str:
    """What to send, by how things stand now; or the reason why it must not be sent any more."""
    event = delivery.event
    url = secret_ref = ""
    if delivery.channel == Delivery.Channel.WEBHOOK:
        endpoint = WebhookEndpoint.objects.filter(name=delivery.receiver, active=True).first()
        if endpoint is None:
            return "The endpoint is gone or switched off."
        url, secret_ref = endpoint.url, endpoint.secret_ref
    elif not User.objects.filter(email=delivery.receiver, is_active=True, teams__key=event.team_key).exists():
        return "No active member of the team has this address any more."
    return Parcel(
        delivery_id=delivery.pk,
        event_id=event.pk,
        attempts=delivery.attempts,
        receiver=delivery.receiver,
        topic=event.topic,
        subject=event.subject,
        payload=event.payload,
        created_at=event.created_at,
        url=url,
        secret_ref=secret_ref,
    )


def confirm(
    lane: TakenLane, delivery_id: int, attempts: int, outcome: Outcome, *, later: float, lane_rest: float
) -> None:
    """Write down what became of one attempt: try again in `later` seconds, and at a stopped lane in `lane_rest`."""
    values: dict[str, str | int | float] = {
        "id": delivery_id,
        "attempts": attempts,
        "error": outcome.error,
        "seconds": later,
        "name": lane.name,
        "lease": lane.lease,
        "days": GIVE_UP_DAYS,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        if not outcome.error:
            cursor.execute(_SENT, values)
        elif outcome.permanent or attempts >= GIVE_UP_AFTER:
            cursor.execute(_GIVEN_UP, values)
        else:
            cursor.execute(_LATER, values)
        if outcome.stops_lane:
            cursor.execute(_TOO_OLD, values)
            cursor.execute(_LANE_STOPS, values | {"seconds": lane_rest})
        elif not outcome.error:
            cursor.execute(_LANE_WORKS, values)


def release(lane: TakenLane) -> None:
    """Let other workers have the lane."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"name": lane.name, "lease": lane.lease})
