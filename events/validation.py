"""Validating events against what is registered. Compiled validators are kept per process, found by the digest of a version.

A version never changes once it stands, so a kept validator is never stale; what can change is which version an event may name,
and that is asked of the database once a request.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from events import envelope
from events.line import STANDING, lookup
from events.models import EventFamily, EventSchema
from events.schemas import Unresolved, bundled, validator_of
from portal.refusals import Problem
from portal.registry.models import EntryState

MOST_ERRORS = 20
KEPT = 500


@dataclass(frozen=True)
class Outcome:
    """What became of one event: accepted or not, by which version, and what is wrong with pointers into the envelope."""

    accepted: bool
    family: str | None
    version: str | None
    problems: tuple[Problem, ...] = ()


@lru_cache(KEPT)
def _compiled(text: bytes) -> jsonschema_rs.Validator:
    return validator_of(orjson.loads(text))


class Registered:
    """The families and versions that the events of one request name, each read once."""

    def __init__(self) -> None:
        self._families: dict[str, EventFamily | None] = {}
        self._validators: dict[tuple[str, str], jsonschema_rs.Validator | str] = {}

    def family(self, key: str) -> EventFamily | None:
        """The family if it takes events."""
        if key not in self._families:
            rows = EventFamily.objects.filter(key=key, state__in=[EntryState.ACTIVE, EntryState.DEPRECATED])
            self._families[key] = rows.first()
        return self._families[key]

    def validator(self, family: str, number: str) -> jsonschema_rs.Validator | str:
        """The validator of a version that stands, or why there is none."""
        if (family, number) not in self._validators:
            self._validators[family, number] = self._made(family, number)
        return self._validators[family, number]

    def _made(self, family: str, number: str) -> jsonschema_rs.Validator | str:
        major, minor, patch = (int(part) for part in number.split("."))
        found = EventSchema.objects.filter(
            family=family, major=major, minor=minor, patch=patch, state__in=STANDING
        ).first()
        if found is None:
            return f"There is no version {number} of “{family}” that stands."
        try:
            whole = bundled(found.document["schema"], lookup)
        except Unresolved as error:
            return str(error)
        return _compiled(orjson.dumps(whole))

    def judge(self, event: object) -> Outcome:
        """Judge one event in its envelope. Never raises, whatever it is given."""
        try:
            return self._judged(event)
        except ValueError as error:
            # The validator gives up on what is nested deeper than it follows.
            return Outcome(False, None, None, (Problem("", f"The event cannot be judged: {error}.", "too_deep"),))

    def _judged(self, event: object) -> Outcome:
        problems = envelope.problems_of(event)
        if problems or not isinstance(event, dict):
            return Outcome(False, None, None, tuple(problems[:MOST_ERRORS]))
        key, number = event["event_type"], event["schema_version"]
        family = self.family(key)
        if family is None:
            message = f"There is no event family “{key}” that stands."
            return Outcome(False, key, None, (Problem("/event_type", message, "unknown_family"),))
        problems = envelope.problems_of(event, family.document["envelope"])
        validator = self.validator(key, number)
        if isinstance(validator, str):
            problems.append(Problem("/schema_version", validator, "unknown_version"))
            return Outcome(False, key, None, tuple(problems[:MOST_ERRORS]))
        for error in validator.iter_errors(event["data"]):
            if len(problems) >= MOST_ERRORS:
                break
            where = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error.instance_path)
            problems.append(Problem(f"/data{where}", error.message[:300], "data"))
        return Outcome(not problems, key, number, tuple(problems))


def judged(events: Iterable[Any]) -> list[Outcome]:
    """Judge many events of one request."""
    registered = Registered()
    return [registered.judge(event) for event in events]
