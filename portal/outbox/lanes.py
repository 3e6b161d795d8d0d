"""The statements of delivery: expand events, take lanes, lease deliveries, confirm attempts.

A lane is everything that goes to one receiver: one endpoint, one room of a chat, or the mail server for all e-mails. A worker
takes a lane for a short while and has one delivery of it in flight; leases end by themselves when a worker dies. Each statement
is atomic by itself and only the database's clock counts, so any number of workers may do this at once.
"""

from dataclasses import asdict, dataclass
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from portal.outbox.models import CHAT_LANES, EMAIL_LANE, ChatRoom, Delivery, OutboxEvent, WebhookEndpoint
from portal.outbox.rules import DEFAULTS, GIVE_UP_AFTER, GIVE_UP_DAYS, Outcome, Reason
from portal.outbox.senders import Parcel
from portal.people.models import User
from portal.roles import TABLE, ActorType, Permission

EXPAND_BATCH = 100
# Longer than the longest attempt: a webhook ends after 15 s in all; a mail is a dozen steps of `EMAIL_TIMEOUT` at worst.
WEBHOOK_LEASE = 45
EMAIL_LEASE = 180

# Who hears of every due event, by each one's choice: notices in the portal and deliveries, made once by their unique
# constraints, and the lanes of these; the event itself is then done. Of incidents of a team that has nobody hear those who can
# give it somebody.
_EXPAND = """
WITH due AS (
  SELECT id, topic, team_key, people, caused_by, settles, by_route, mailed, broadcast, receivers
  FROM outbox_outboxevent WHERE due_at <= statement_timestamp()
  ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
),
ways AS (
  SELECT * FROM jsonb_to_recordset(%(defaults)s) AS ways(reason text, rank int, in_portal boolean, by_email boolean)
),
heard AS (
  SELECT due.id AS event_id, member.user_id, CASE WHEN due.topic LIKE 'incident.%%' THEN 'incident' ELSE 'team' END AS reason
  FROM due JOIN people_team team ON team.key = due.team_key AND NOT due.by_route
  JOIN people_team_members member ON member.team_id = team.id
  WHERE due.caused_by IS DISTINCT FROM member.user_id
  UNION ALL
  SELECT due.id, person.id, 'incident' FROM due JOIN people_team team ON team.key = due.team_key AND NOT due.by_route
  JOIN people_user person ON person.roles && %(managers)s::varchar[] AND person.is_active AND person.actor_type = 'human'
  WHERE due.topic LIKE 'incident.%%' AND due.caused_by IS DISTINCT FROM person.id AND NOT EXISTS (
    SELECT 1 FROM people_team_members member JOIN people_user one ON one.id = member.user_id
    WHERE member.team_id = team.id AND one.is_active AND one.actor_type = 'human')
  UNION ALL
  SELECT due.id, told.key::bigint, told.value FROM due, jsonb_each_text(due.people) told
  WHERE due.caused_by IS DISTINCT FROM told.key::bigint
),
wanted AS (
  SELECT heard.event_id, heard.user_id, ways.reason, ways.rank, person.email,
         coalesce(choice.in_portal, ways.in_portal) AS in_portal,
         due.mailed AND coalesce(choice.by_email, ways.by_email) AS by_email
  FROM heard JOIN ways ON ways.reason = heard.reason JOIN due ON due.id = heard.event_id
  JOIN people_user person ON person.id = heard.user_id AND person.is_active
  LEFT JOIN outbox_choice choice ON choice.user_id = heard.user_id AND choice.reason = heard.reason
),
notices AS (
  INSERT INTO outbox_notice (event_id, user_id, reason)
  SELECT DISTINCT ON (event_id, user_id) event_id, user_id, reason FROM wanted WHERE in_portal
  ORDER BY event_id, user_id, rank
  ON CONFLICT (user_id, event_id) DO NOTHING
),
mails AS (
  INSERT INTO outbox_delivery (event_id, channel, receiver)
  SELECT DISTINCT event_id, 'email', email FROM wanted WHERE by_email AND email <> '' ORDER BY event_id
  ON CONFLICT (event_id, channel, receiver) DO NOTHING RETURNING lane
),
hooks AS (
  INSERT INTO outbox_delivery (event_id, channel, receiver)
  SELECT due.id, 'webhook', endpoint.name
  FROM due JOIN outbox_webhookendpoint endpoint
    ON due.broadcast AND endpoint.active
    AND (endpoint.topics = '[]'::jsonb OR endpoint.topics @> to_jsonb(due.topic::text))
  UNION
  SELECT due.id, named.channel, named.receiver
  FROM due, jsonb_to_recordset(due.receivers) AS named(channel text, receiver text)
  ORDER BY 1
  ON CONFLICT (event_id, channel, receiver) DO NOTHING RETURNING lane
),
lanes AS (
  INSERT INTO outbox_lane (name)
  SELECT lane FROM mails UNION SELECT lane FROM hooks ORDER BY 1
  ON CONFLICT (name) DO NOTHING
),
done AS (UPDATE outbox_outboxevent event SET due_at = NULL FROM due WHERE event.id = due.id)
SELECT count(*), array_agg(id) FILTER (WHERE settles) FROM due
"""
# A call for a signature or review that is not needed any more is no news: it counts as read.
_SETTLE = """
UPDATE outbox_notice notice SET read_at = statement_timestamp()
FROM outbox_outboxevent asked JOIN outbox_outboxevent settled
  ON settled.about = asked.about AND asked.about <> '' AND asked.id < settled.id
WHERE settled.id = ANY(%(settled)s) AND notice.event_id = asked.id AND notice.reason = 'signer' AND notice.read_at IS NULL
"""
# The lane that was served longest ago comes first: however much one receiver gets, the others have their turn. The free lanes
# are looked for once: as a part of the condition, some plans would look again for every lane, and take more than the limit.
_TAKE = """
WITH free AS MATERIALIZED (
  SELECT name FROM outbox_lane lane
  WHERE leased_until <= statement_timestamp() AND open_at <= statement_timestamp() AND (failures > 0) = %(failing)s
    AND EXISTS (SELECT FROM outbox_delivery WHERE lane = lane.name AND due_at <= statement_timestamp())
  ORDER BY served_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE outbox_lane SET lease = lease + 1, served_at = statement_timestamp(), leased_until = statement_timestamp()
  + CASE outbox_lane.name WHEN %(email)s THEN %(email_lease)s ELSE %(webhook_lease)s END * interval '1 second'
FROM free WHERE outbox_lane.name = free.name
RETURNING outbox_lane.name, lease, failures
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

    @property
    def is_chat(self) -> bool:
        """Whether this is a room of a chat."""
        return self.name.startswith(CHAT_LANES)


def expand() -> int:
    """Make the notices and deliveries of due events; returns how many events there were."""
    ways = [{"reason": reason, "rank": rank} | asdict(DEFAULTS[reason]) for rank, reason in enumerate(Reason)]
    values: dict[str, Any] = {
        "limit": EXPAND_BATCH,
        "defaults": orjson.dumps(ways).decode(),
        "managers": sorted(TABLE[Permission.MANAGE_PEOPLE].roles),
    }
    expanded = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_EXPAND, values)
            found, settled = cursor.fetchone()
            if settled:
                cursor.execute(_SETTLE, {"settled": settled})
        expanded += int(found)
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
    url = secret_ref = language = ""
    if delivery.channel == Delivery.Channel.WEBHOOK:
        endpoint = WebhookEndpoint.objects.filter(name=delivery.receiver, active=True).first()
        if endpoint is None:
            return "The endpoint is gone or switched off."
        url, secret_ref = endpoint.url, endpoint.secret_ref
    elif delivery.channel == Delivery.Channel.CHAT:
        room = ChatRoom.objects.filter(name=delivery.receiver, active=True).first()
        if room is None:
            return "The room is gone or switched off."
        secret_ref = room.url_ref
    else:
        told = _still_told(event).filter(email=delivery.receiver).order_by("pk").values_list("language", flat=True)[:1]
        if not told:
            return "Nobody who is active and hears of this has the address any more."
        language = told[0]
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
        language=language,
    )


def _still_told(event: OutboxEvent) -> QuerySet[User]:
    """The active people who are of its team now, or were told by name; of a team that has nobody, who can change that."""
    told = Q(pk__in=[int(key) for key in event.people])
    if event.team_key:
        told |= Q(teams__key=event.team_key)
        somebody = User.objects.filter(teams__key=event.team_key, is_active=True, actor_type=ActorType.HUMAN)
        if event.topic.startswith("incident.") and not somebody.exists():
            told |= Q(roles__overlap=sorted(TABLE[Permission.MANAGE_PEOPLE].roles))
    return User.objects.filter(told, is_active=True)


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
