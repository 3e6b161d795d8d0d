"""The watch over the portal itself: parts of it that show no life, and polls that fall behind, open incidents of their own.

Every worker looks, one at a time, in a thread that none of the watched parts shares. A look is one short transaction on the
row of the watch, so that an incident opens and ends once. What happened while nobody looked is unknown: after a gap, or a step
of the database's clock, everything is counted from then on. That nobody looks at all is told by `/-/readyz` and by the
silence of the heartbeat to the outside.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction

from connectors.tracking.lag import Lag, lag
from portal.operations import signs
from portal.operations.signs import LEAST_SILENCE, WATCH, Part, Silence
from portal.outbox.reads import behind_seconds
from portal.people.actors import Actor
from severity.models import Source
from severity.opening import Found, open_incident
from severity.recovering import recover
from severity.rules import PART_SILENT, POLLS_BEHIND, Rule

NAME = "severity.watching"
POLLS = "polls"
_ACTOR = Actor.system("watch")
_BEGIN = """
INSERT INTO operations_heartbeat (name, at, detail) VALUES (%s, statement_timestamp(), '{}') ON CONFLICT (name) DO NOTHING
"""
_TURN = """
SELECT at, detail, statement_timestamp()
FROM operations_heartbeat WHERE name = %s FOR NO KEY UPDATE SKIP LOCKED
"""
_DONE = "UPDATE operations_heartbeat SET at = %s, detail = %s::jsonb WHERE name = %s"
# The team that the operator named, else the first in which there is an administrator, else the first that has somebody.
_OWNER = """
SELECT team.id
FROM people_team team
  LEFT JOIN people_team_members member ON member.team_id = team.id
  LEFT JOIN people_user person ON person.id = member.user_id AND person.is_active AND person.actor_type = 'human'
GROUP BY team.id, team.key
ORDER BY (team.key = %s) DESC, coalesce(bool_or('administrator' = ANY(person.roles)), false) DESC,
  count(person.id) > 0 DESC, team.key
LIMIT 1
"""
_UNRESOLVED = "SELECT dedup_key FROM severity_incident WHERE dedup_key = ANY(%s) AND state <> 'resolved'"


@dataclass(frozen=True)
class _Cause:
    rule: Rule
    epoch: datetime
    subject: str
    told: str

    @property
    def key(self) -> str:
        return _key(self.rule, self.subject)


def _key(rule: Rule, subject: str) -> str:
    return f"watch:{rule.name}:{subject}"


def tick() -> dict[str, Any]:
    """One look. Returns what the watch found, as it stands in its row; nothing where another worker looks just now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BEGIN, [WATCH])
        cursor.execute(_TURN, [WATCH])
        row = cursor.fetchone()
        if row is None:
            return {}
        looked_at, before, now = row[0], orjson.loads(row[1]), row[2]
        since = signs.watched_since(looked_at=looked_at, since=_moment(before.get("since")), now=now)
        parts = signs.parts(without=NAME)
        beats = signs.heartbeats()
        silent = signs.silent(parts, beats, watched_since=since, now=now)
        polls = lag()
        behind = polls.oldest is not None and now - max(polls.oldest, since) > LEAST_SILENCE
        behind_since = (_moment(before.get("behind_since")) or now) if behind else None
        causes = [_silence(one, now) for one in silent]
        if behind_since is not None:
            causes.append(_behind(polls, behind_since))
        _open(causes)
        # Parts that were late and are not watched any more are looked at once more.
        watched = {part.name: part for part in parts}
        subjects = {*watched, *before.get("late", ())} - {POLLS}
        ended = {_key(PART_SILENT, subject): subject for subject in subjects - {cause.subject for cause in causes}}
        _end(ended, watched, beats, now)
        if polls.worst <= LEAST_SILENCE.total_seconds():
            _recover({_key(POLLS_BEHIND, POLLS): "Polls are done when they are due again."})
        found = {
            "since": since.isoformat(),
            "behind_since": behind_since.isoformat() if behind_since else None,
            "well": not causes,
            "late": [cause.subject for cause in causes],
            "lag": {"waiting": polls.waiting, "worst": polls.worst, "p95": polls.p95, "connector": polls.connector},
            "outbox": behind_seconds(),
        }
        cursor.execute(_DONE, [now, orjson.dumps(found).decode(), WATCH])
    return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _silence(one: Silence, now: datetime) -> _Cause:
    silence = (now - one.since).total_seconds()
    told = f"{PART_SILENT.told} {one.part.name}: expected every {one.part.seconds:g} s, silent for {silence:.0f} s."
    return _Cause(PART_SILENT, one.since, one.part.name, told)


def _behind(polls: Lag, since: datetime) -> _Cause:
    told = (
        f"{POLLS_BEHIND.told} {polls.waiting} wait, the longest for {polls.worst:.0f} s, of {polls.connector};"
        f" p95 {polls.p95:.0f} s."
    )
    return _Cause(POLLS_BEHIND, since, POLLS, told)


def _open(causes: list[_Cause]) -> None:
    """Open what is not open. The same cause, once resolved by a person, is not opened again while it lasts."""
    if not causes:
        return
    unresolved = _unresolved({cause.key for cause in causes})
    with connection.cursor() as cursor:
        cursor.execute(_OWNER, [settings.WATCH_TEAM])
        owner = cursor.fetchone()
    if owner is None:
        return
    for cause in causes:
        if cause.key in unresolved:
            continue
        found = Found(
            rule=cause.rule,
            source=Source.WATCH,
            dedup_key=cause.key,
            epoch=cause.epoch,
            title=f"{cause.rule.title}: {cause.subject}",
            told=cause.told,
            owner_id=owner[0],
            subject_kind="portal",
            subject_key=cause.subject,
            evidence=[{"kind": "portal", "reference": cause.subject, "note": cause.told}],
        )
        open_incident(found, actor=_ACTOR)


def _unresolved(keys: Iterable[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_UNRESOLVED, [sorted(keys)])
        return {key for (key,) in cursor.fetchall()}


def _end(ended: dict[str, str], watched: dict[str, Part], beats: dict[str, datetime], now: datetime) -> None:
    """End those whose cause is over: not by a new begin of the watch alone, but once the part has shown life."""
    told = {}
    for key, subject in ended.items():
        part, at = watched.get(subject), beats.get(subject)
        if part is None:
            told[key] = "It is not watched any more."
        elif at is not None and now - part.allowed <= at <= now + signs.AHEAD:
            told[key] = "It shows life again."
    _recover(told)


def _recover(told: dict[str, str]) -> None:
    for key in sorted(_unresolved(told)):
        recover(told=told[key], actor=_ACTOR, dedup_key=key)
