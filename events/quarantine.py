"""What was refused: counted by reason and day, with the first few of each reason to look at. Kept for 30 days.

Counting is no governed change and leaves no audit line: the rows are their own record of who reported what and when. Nothing of a
payload is kept unless the family says so; names of fields that only the event gave are told as `*`. A service that reports what
it refused by itself answers for the words of its report.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction
from django.db.models import Count

from events.models import EventFamily, EventSchema, QuarantinedEvent, RefusedEvents
from events.validation import Outcome
from portal.json_bounds import holds_nul, too_large_a_number
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.registry.models import STANDING

KEPT = timedelta(days=30)
MOST_REASONS = 500
MOST_A_DAY = 1_000
MOST_BYTES = 16 * 1024
_FORGOTTEN_AT_ONCE = 5_000
_SHORT = 200
# In the order of the unique constraint, so that two who count the same reasons never wait for each other in a circle.
_COUNT = """
INSERT INTO events_refusedevents AS t (day, family, version, place, rule, seen, last_at)
SELECT %(day)s, family, version, place, rule, seen, %(now)s
FROM unnest(%(families)s::text[], %(versions)s::text[], %(places)s::text[], %(rules)s::text[], %(seen)s::bigint[])
  AS given (family, version, place, rule, seen)
ORDER BY family, version, place, rule
ON CONFLICT (day, family, version, place, rule)
DO UPDATE SET seen = t.seen + excluded.seen, last_at = greatest(t.last_at, excluded.last_at)
RETURNING id, family, version, place, rule, seen
"""


class Why(NamedTuple):
    """One reason of one version of a family; family and version are empty where the event named none that stands."""

    family: str
    version: str
    place: str
    rule: str


_OTHER = Why("", "", "", "other")


@dataclass
class Tally:
    """Refusals of one request, gathered before they are written."""

    seen: Counter[Why] = field(default_factory=Counter)
    samples: dict[Why, list[Any]] = field(default_factory=dict)

    def add(self, outcome: Outcome, event: object) -> None:
        """Take one outcome; what was accepted counts for nothing."""
        if outcome.accepted or outcome.reason is None:
            return
        self.count(Why(outcome.family or "", outcome.version or "", *outcome.reason), 1, [event])

    def count(self, why: Why, seen: int, samples: Iterable[Any]) -> None:
        """Take several of one reason. Beyond the bound on reasons they are counted together."""
        if why not in self.seen and len(self.seen) >= MOST_REASONS:
            why = _OTHER
        self.seen[why] += seen
        kept = self.samples.setdefault(why, [])
        kept += list(samples)[: QuarantinedEvent.MOST - len(kept)]


@transaction.atomic
def keep(*, actor: Actor, tally: Tally, now: datetime) -> None:
    """Write what was gathered: one statement for the counts, one for the first few of each reason."""
    if not tally.seen or actor.user is None:
        return
    _bound(tally, now)
    whys = list(tally.seen)
    given: dict[str, Any] = {
        "day": now.date(),
        "now": now,
        "families": [one.family for one in whys],
        "versions": [one.version for one in whys],
        "places": [one.place for one in whys],
        "rules": [one.rule for one in whys],
        "seen": [tally.seen[one] for one in whys],
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, given)
        rows = [(row[0], Why(*row[1:5]), int(row[5])) for row in cursor.fetchall()]
    kept = _kept_whole({why.family for _id, why, _seen in rows})
    samples = [
        _sample(refused, number, event, actor, now, whole=why.family in kept)
        for refused, why, seen in rows
        for number, event in enumerate(tally.samples[why], seen - tally.seen[why] + 1)
        if number <= QuarantinedEvent.MOST
    ]
    QuarantinedEvent.objects.bulk_create(samples, ignore_conflicts=True)


def _bound(tally: Tally, now: datetime) -> None:
    """Past a number of reasons a day and family, those that are new are counted together."""
    families = {why.family for why in tally.seen}
    rows = RefusedEvents.objects.filter(day=now.date(), family__in=families).values("family").annotate(n=Count("id"))
    full = [family for family, count in rows.values_list("family", "n") if count >= MOST_A_DAY]
    if not full:
        return
    held = RefusedEvents.objects.filter(day=now.date(), family__in=full)
    known = {Why(*row) for row in held.values_list("family", "version", "place", "rule")}
    for why in [one for one in tally.seen if one.family in full and one not in known]:
        seen, samples = tally.seen.pop(why), tally.samples.pop(why, [])
        tally.count(Why(why.family, "", "", "other"), seen, samples)


def _kept_whole(families: set[str]) -> set[str]:
    rows = EventFamily.objects.filter(key__in=families, state__in=STANDING, document__keep_refused=True)
    return set(rows.values_list("key", flat=True))


def _sample(refused: int, number: int, event: Any, actor: Actor, now: datetime, *, whole: bool) -> QuarantinedEvent:
    told = event if isinstance(event, dict) else {}
    return QuarantinedEvent(
        refused_id=refused,
        number=number,
        at=now,
        reported_by=actor.user,
        event_id=_text(told.get("event_id")),
        source=_text(told.get("source")),
        event=_whole(event) if whole else None,
    )


def _text(value: object) -> str:
    return value[:_SHORT].replace("\0", "") if isinstance(value, str) else ""


def _whole(event: Any) -> Any:
    """The event, if the database can keep it and it is not too large."""
    try:
        text = orjson.dumps(event)
    except TypeError:
        return None
    keepable = len(text) <= MOST_BYTES and not holds_nul(text) and not too_large_a_number(event)
    return event if keepable else None


def standing(names: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of (family, version) that somebody reports, those that stand; a version is empty where none is named."""
    wanted = set(names)
    keys = {family for family, _version in wanted}
    known = set(EventFamily.objects.filter(key__in=keys, state__in=STANDING).values_list("key", flat=True))
    rows = EventSchema.objects.filter(family__in=known, state__in=STANDING).only("family", "major", "minor", "patch")
    numbers = {(one.family, one.number) for one in rows}
    return {name for name in wanted if name in numbers or (name[0] in known and not name[1])}


def tick() -> int:
    """Forget what is older than 30 days, in batches. Returns how many reasons went."""
    old, gone = (database_now() - KEPT).date(), 0
    while ids := list(RefusedEvents.objects.filter(day__lt=old).values_list("id", flat=True)[:_FORGOTTEN_AT_ONCE]):
        RefusedEvents.objects.filter(id__in=ids).delete()
        gone += len(ids)
    return gone
