"""Judging events by a bundle: one compiled schema for each version, envelope and policy of its family included."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jsonschema_rs

FORMAT = 1
MOST_PROBLEMS = 20
# Rules by which an event is refused that a newer bundle may take.
UNKNOWN = frozenset({"unknown_family", "unknown_version"})
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
# As the portal compiles them: patterns in time linear in the text, never a look-around.
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=2_000_000)
_NAMING = frozenset({"properties", "dependentSchemas"})
_ENTERING = frozenset({"items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "additionalProperties",
                       "unevaluatedProperties", "patternProperties", "propertyNames"})  # fmt: skip


class Problem(NamedTuple):
    """One thing wrong with an event: a JSON pointer into its envelope, and what."""

    pointer: str
    message: str


class Reason(NamedTuple):
    """Why an event was refused, in words of the registry alone: nothing in it comes from the event."""

    family: str
    version: str
    place: str
    rule: str


class Outcome(NamedTuple):
    """What became of one event. `deprecated`: its version is accepted, but on its way out."""

    accepted: bool
    deprecated: bool = False
    problems: tuple[Problem, ...] = ()
    reason: Reason | None = None


class RefusedError(ValueError):
    """An event is refused. `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        told = "; ".join(f"{one.pointer or '#'}: {one.message}" for one in outcome.problems[:3])
        super().__init__(f"The event is refused: {told}")
        self.outcome = outcome


class _Version:
    """One version: compiled when it is first asked for."""

    __slots__ = ("_schema", "_validator", "accepted", "name")

    def __init__(self, family: str, number: str, told: Mapping[str, Any]) -> None:
        self.name = (family, number)
        self.accepted = Outcome(True, bool(told["deprecated"]))
        self._schema = told["schema"]
        self._validator: Any = None

    @property
    def validator(self) -> Any:
        """Of the whole event."""
        if self._validator is None:
            old = self._schema.get("$schema") == DRAFT_07
            draft = jsonschema_rs.Draft7Validator if old else jsonschema_rs.Draft202012Validator
            self._validator = draft(self._schema, validate_formats=False, pattern_options=_PATTERNS, offline=True)
        return self._validator

    def refusal(self, event: object) -> Outcome:
        """What is wrong with an event that it does not accept."""
        problems: list[Problem] = []
        reason = None
        for error in self.validator.iter_errors(event):
            if len(problems) >= MOST_PROBLEMS:
                break
            problems.append(Problem(_pointer(error.instance_path), error.message[:300]))
            reason = reason or Reason(*self.name, *_why(error))
        return Outcome(False, self.accepted.deprecated, tuple(problems), reason)


class Bundle:
    """The schemas of events as they were downloaded. Never changes; a new download makes a new one."""

    def __init__(self, document: Mapping[str, Any], tag: str = "") -> None:
        if document.get("format") != FORMAT:
            raise ValueError(f"The bundle is not of format {FORMAT}; take the portal_client that fits the portal.")
        self.tag = tag
        self._versions: dict[str, dict[str, _Version]] = {
            family: {number: _Version(family, number, told) for number, told in versions.items()}
            for family, versions in document["families"].items()
        }
        # Filled as versions are asked for: the shortest way for what most events are.
        self._accepting: dict[str, dict[str, tuple[Callable[[object], bool], Outcome]]] = {}

    def judge(self, event: Any) -> Outcome:
        """Judge one event in its envelope. Never raises, whatever it is given."""
        try:
            accepts, accepted = self._accepting[event["event_type"]][event["schema_version"]]
            if accepts(event):
                return accepted
        except (KeyError, TypeError, ValueError):
            pass
        return self._explained(event)

    def _explained(self, event: Any) -> Outcome:
        """The long way: of a version that is asked for the first time, or of an event that is refused."""
        if not isinstance(event, dict):
            return _refused("", "An event is an object.", Reason("", "", "", "type"))
        family, number = event.get("event_type"), event.get("schema_version")
        if not isinstance(family, str) or family not in self._versions:
            return _refused(
                "/event_type", "There is no such event family.", Reason("", "", "/event_type", "unknown_family")
            )
        version = self._versions[family].get(number) if isinstance(number, str) else None
        if version is None:
            why = f"There is no such version of “{family}”."
            return _refused("/schema_version", why, Reason(family, "", "/schema_version", "unknown_version"))
        try:
            self._accepting.setdefault(family, {})[version.name[1]] = (version.validator.is_valid, version.accepted)
            return version.accepted if version.validator.is_valid(event) else version.refusal(event)
        except ValueError as error:
            # The validator gives up on what is nested deeper than it follows, or is no JSON.
            return _refused("", f"The event cannot be judged: {error}.", Reason("", "", "", "too_deep"))


def _refused(pointer: str, message: str, reason: Reason) -> Outcome:
    return Outcome(False, False, (Problem(pointer, message),), reason)


def _why(error: Any) -> tuple[str, str]:
    """Place and rule: the last step of the path is the rule, unless `false` stands there itself."""
    path, rule = list(error.evaluation_path), "false"
    if error.kind.name != "falseSchema":
        path, rule = path[:-1], str(error.schema_path[-1])
    return place_of(path)[:300], rule[:60]


def place_of(path: list[str | int]) -> str:
    """Where in an event an evaluation path of a schema leads: names of the schema, `*` for what the event itself names."""
    steps, found = iter(path), ""
    for step in steps:
        if step in _NAMING:
            found += "/" + str(next(steps, "")).replace("~", "~0").replace("/", "~1")
        elif step in _ENTERING:
            found += "/*"
            if step == "patternProperties":
                next(steps, "")
    return found


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
