"""Does one schema accept everything that another one accepts? The engine, pure; the portal calls it through `guarded.py`.

The library's answer is experimental and may be "unknown": unknown counts as no. Whatever it says, an event that shows the
difference is looked for and checked against both schemas; where one is found, the answer is no, for certain.
"""

import time
from collections.abc import Iterable
from enum import StrEnum
from itertools import chain, islice
from typing import Any, NamedTuple

import jsonschema_rs
import orjson
from jsonschema_rs import canonical

from events.schemas.bounds import PATTERNS
from events.schemas.samples import PROBES, candidates, from_pattern, mutations
from events.schemas.walking import DRAFT_07, Schema, dialect_of, walk

# How long an event that shows the difference is looked for, in seconds.
SEARCH_SECONDS = 0.25
# How long a smaller one is looked for once there is one.
BETTER_SECONDS = 0.001
MOST_PROBES = 160
_NAMES = ("properties", "required", "dependentRequired", "dependentSchemas", "dependencies")
_EDGES = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "minLength",
                    "maxLength", "minItems", "maxItems", "prefixItems", "required", "minProperties", "maxProperties",
                    "contains", "propertyNames", "patternProperties"})  # fmt: skip
ENOUGH = 12


class Answer(StrEnum):
    """Whether everything is accepted."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Shown(NamedTuple):
    """The answer, and an event that the narrower schema accepts and the wider one refuses, if one was found."""

    answer: Answer
    event: dict[str, Any] | None = None


def validator_of(schema: Schema) -> jsonschema_rs.Validator:
    """The validator by which everything in the portal judges events. `format` is an annotation (docs/decisions/0005)."""
    draft = jsonschema_rs.Draft7Validator if dialect_of(schema) == DRAFT_07 else jsonschema_rs.Draft202012Validator
    return draft(schema, validate_formats=False, pattern_options=PATTERNS, offline=True)


def covers(wider: Schema, narrower: Schema) -> Shown:
    """Whether `wider` accepts every event that `narrower` accepts. Both are bundled. Never raises for a sound schema."""
    if wider == narrower:
        return Shown(Answer.YES)
    search = _Search(wider, narrower)
    # What is plain to see is seen at once: the library takes far longer to say that something is missing.
    event = search.among(search.bases)
    if event is not None:
        return Shown(Answer.NO, event)
    answer, rest = _judged(wider, narrower)
    if answer is Answer.YES:
        return Shown(answer)
    event = search.difference(rest)
    return Shown(Answer.NO if event is not None else answer, event)


def _judged(wider: Schema, narrower: Schema) -> tuple[Answer, Schema | None]:
    try:
        wide, narrow = _canonical(wider), _canonical(narrower)
        contained = wide.covers(narrow)
        if contained is canonical.Containment.YES:
            return Answer.YES, None
        answer = Answer.NO if contained is canonical.Containment.NO else Answer.UNKNOWN
    except (canonical.CanonicalizationError, jsonschema_rs.ValidationError, ValueError):
        return Answer.UNKNOWN, None
    try:
        return answer, narrow.subtract(wide).to_json_schema()
    except (canonical.CanonicalizationError, ValueError):
        return answer, None


def _canonical(schema: Schema) -> jsonschema_rs.CanonicalSchema:
    draft = jsonschema_rs.Draft7 if dialect_of(schema) == DRAFT_07 else jsonschema_rs.Draft202012
    return jsonschema_rs.canonicalize(
        schema, draft=draft, validate_formats=False, pattern_options=PATTERNS, offline=True
    )


class _Search:
    """Looks for an event that `narrower` accepts and `wider` refuses; what it finds is always checked against both."""

    def __init__(self, wider: Schema, narrower: Schema) -> None:
        self.wider, self.narrower = wider, narrower
        self.accepts, self.takes = validator_of(narrower), validator_of(wider)
        self.bases = [event for event in candidates(narrower, narrower) if isinstance(event, dict)]
        self.end = time.monotonic() + SEARCH_SECONDS

    def among(self, events: Iterable[Any]) -> dict[str, Any] | None:
        """The smallest of the first few that show the difference: it shows it best."""
        found: list[dict[str, Any]] = []
        end = self.end
        for event in events:
            if time.monotonic() > end or len(found) >= ENOUGH:
                break
            if isinstance(event, dict) and self.accepts.is_valid(event) and not self.takes.is_valid(event):
                found.append(event)
                end = min(end, time.monotonic() + BETTER_SECONDS)
        return min(found, key=lambda event: len(orjson.dumps(event)), default=None)

    def difference(self, rest: Schema | None) -> dict[str, Any] | None:
        """Look further: where the library says that something is lost, and around the events that `narrower` accepts."""
        lost = candidates(rest, rest) if isinstance(rest, dict) else iter(())
        probes = _probes(self.wider, self.narrower)
        grown = (event for base in self.bases[:6] for event in mutations(base, probes))
        twice = (
            event
            for base in self.bases[:2]
            for once in mutations(base, probes[:20])
            if self.accepts.is_valid(once)
            for event in mutations(once, probes[:20])
        )
        return self.among(chain(lost, grown, twice))


def _probes(*schemas: Schema) -> list[Any]:
    """Values at the edges of what the two schemas say, and some of every sort."""
    found: list[Any] = []
    for schema in schemas:
        for _pointer, one in walk(schema):
            if not isinstance(one, dict):
                continue
            found += (one.get("enum") or [])[:10]
            found += [one["const"]] if "const" in one else []
            if _EDGES & set(one):
                found += list(candidates({key: value for key, value in one.items() if key != "$ref"}, schema))[:8]
            found += _with_names(one, schema)
    distinct: list[Any] = []
    for value in chain(found, PROBES):
        if len(distinct) < MOST_PROBES and not any(value == one and type(value) is type(one) for one in distinct):
            distinct.append(value)
    return distinct


def _with_names(one: dict[str, Any], root: Schema) -> list[Any]:
    """Objects that carry the fields which a schema speaks of, and one field too many."""
    names = [str(name) for keyword in _NAMES for name in one.get(keyword) or ()]
    names += [made for pattern in one.get("patternProperties") or () if (made := from_pattern(pattern, 1))]
    plain: tuple[Any, ...] = (None, 0, 0.5, "a", {})
    found: list[Any] = [{name: value} for name in dict.fromkeys(names) for value in plain][:30]
    for name in ("minProperties", "maxProperties"):
        found += [{f"f{index}": 1 for index in range(int(one[name]) + 1)}] if 0 <= one.get(name, -1) < 50 else []
    if one.get("properties"):
        whole = next((event for event in islice(candidates(one, root), 1, 2) if isinstance(event, dict)), {})
        found += [whole, *islice(mutations(whole, [None, 0.5, "a"]), 12)]
    return found
