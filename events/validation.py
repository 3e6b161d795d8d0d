"""Validating events against what is registered. Compiled validators are kept per process, found by what they were made of.

A version never changes once it stands, so a kept validator is never stale; what can change is which version an event may name
and the policy of its family, and both are asked of the database once a request.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from events import envelope
from events.line import lookup
from events.models import EventFamily, EventSchema
from events.schemas import Schema, Unresolved, bundled, pointer_of, validator_of
from portal.refusals import Problem
from portal.registry.models import STANDING

MOST_ERRORS = 20
KEPT = 500
# Keywords whose next step in an evaluation path is a name that the schema gives.
_NAMING = frozenset({"properties", "dependentSchemas"})
# Keywords that lead into a value by a name or number that the event gives: told as `*`.
_ENTERING = frozenset({"items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "additionalProperties",
                       "unevaluatedProperties", "patternProperties", "propertyNames"})  # fmt: skip


class Reason(NamedTuple):
    """Why an event was refused, in words of the registry alone, so that it may be kept: nothing in it comes from the event."""

    place: str
    rule: str


@dataclass(frozen=True)
class Outcome:
    """What became of one event: accepted or not, by which version, and what is wrong with pointers into the envelope.

    A family or version is named only where it stands.
    """

    accepted: bool
    family: str | None
    version: str | None
    problems: tuple[Problem, ...] = ()
    reason: Reason | None = None


def reason_of(error: jsonschema_rs.ValidationError) -> Reason:
    """Why a schema refuses, in its own words: the last step of its path is the rule, unless `false` stands there itself."""
    path, rule = list(error.evaluation_path), "false"
    if error.kind.name != "falseSchema":
        path, rule = path[:-1], str(error.schema_path[-1])
    return Reason(place_of(path)[:300], rule[:60])


def place_of(path: list[str | int]) -> str:
    """Where in an event an evaluation path of the schema leads: names of the schema, `*` for what the event itself names."""
    steps = iter(path)
    found = []
    for step in steps:
        if step in _NAMING:
            found.append(str(next(steps, "")))
        elif step in _ENTERING:
            found.append("*")
            if step == "patternProperties":
                next(steps, "")
    return pointer_of(found)


@lru_cache(KEPT)
def _compiled(text: bytes) -> jsonschema_rs.Validator:
    return validator_of(orjson.loads(text))


class Version:
    """One version that stands: it accepts an event by one look, and says what is wrong by a second."""

    def __init__(self, family: EventFamily, number: str, schema: Schema) -> None:
        whole = bundled(schema, lookup)
        policy = family.document["envelope"]
        self._whole = _compiled(orjson.dumps(envelope.whole_schema(family.key, number, policy, whole)))
        self.accepts: Callable[[object], bool] = self._whole.is_valid
        self.accepted = Outcome(True, family.key, number)
        self._policy, self._data = policy, orjson.dumps(whole)

    def refusal(self, event: dict[str, Any]) -> Outcome:
        """What is wrong with an event that it does not accept."""
        problems = envelope.problems_of(event, self._policy)
        data = _compiled(self._data).iter_errors(event["data"]) if "data" in event else iter(())
        for error in data:
            if len(problems) >= MOST_ERRORS:
                break
            problems.append(Problem(f"/data{pointer_of(error.instance_path)}", error.message[:300], "data"))
        first = next(iter(self._whole.iter_errors(event)))
        return replace(self.accepted, accepted=False, problems=tuple(problems[:MOST_ERRORS]), reason=reason_of(first))


class Registered:
    """The families and versions that the events of one request name, each read once."""

    def __init__(self) -> None:
        self._families: dict[str, EventFamily] = {}
        self._versions: dict[tuple[str, str], Version | str] = {}
        self._numbers: dict[str, frozenset[str]] = {}

    @cached_property
    def _keys(self) -> frozenset[str]:
        """Asked once, so that a body full of names that there are not costs no query for each."""
        return frozenset(EventFamily.objects.filter(state__in=STANDING).values_list("key", flat=True))

    def family(self, key: str) -> EventFamily | None:
        """The family if it takes events."""
        if key not in self._keys:
            return None
        if key not in self._families:
            self._families[key] = EventFamily.objects.get(key=key)
        return self._families[key]

    def judge(self, event: object) -> Outcome:
        """Judge one event in its envelope. Never raises, whatever it is given."""
        try:
            return self._judged(event)
        except ValueError as error:
            # The validator gives up on what is nested deeper than it follows.
            message = f"The event cannot be judged: {error}."
            return Outcome(False, None, None, (Problem("", message, "too_deep"),), Reason("", "too_deep"))

    def _judged(self, event: object) -> Outcome:
        try:
            known = self._versions[event["event_type"], event["schema_version"]]  # type: ignore[index] # asked below
        except (KeyError, TypeError):
            known = ""
        if isinstance(known, Version) and known.accepts(event):
            return known.accepted
        return self._explained(event)

    def _explained(self, event: object) -> Outcome:
        """The long way: of a version that is asked for the first time, or of an event that is refused."""
        if not isinstance(event, dict):
            return _refused(Reason("", "type"), *envelope.problems_of(event))
        key, number = event.get("event_type"), event.get("schema_version")
        family = self.family(key) if isinstance(key, str) else None
        if family is None:
            named = [Problem("/event_type", f"There is no event family “{key}” that stands.", "unknown_family")]
            problems = envelope.problems_of(event) + (named if isinstance(key, str) else [])
            return _refused(Reason("/event_type", "unknown_family"), *problems)
        if not isinstance(number, str):
            number = ""
        if (family.key, number) not in self._versions:
            self._versions[family.key, number] = self._made(family, number)
        version = self._versions[family.key, number]
        if isinstance(version, str):
            problems = envelope.problems_of(event, family.document["envelope"])
            problems.append(Problem("/schema_version", version, "unknown_version"))
            return _refused(Reason("/schema_version", "unknown_version"), *problems, family=family.key)
        return version.accepted if version.accepts(event) else version.refusal(event)

    def _made(self, family: EventFamily, number: str) -> Version | str:
        if family.key not in self._numbers:
            rows = EventSchema.objects.filter(family=family.key, state__in=STANDING).only("major", "minor", "patch")
            self._numbers[family.key] = frozenset(one.number for one in rows)
        schema = lookup(family.key, number) if number in self._numbers[family.key] else None
        if schema is None:
            return f"There is no version {number} of “{family.key}” that stands."
        try:
            return Version(family, number, schema)
        except Unresolved as error:
            return str(error)


def _refused(reason: Reason, *problems: Problem, family: str | None = None) -> Outcome:
    return Outcome(False, family, None, problems[:MOST_ERRORS], reason)
