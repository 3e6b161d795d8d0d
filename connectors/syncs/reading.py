"""Reading a reported run by an allow-list: bounded names, counts and instants; every problem is told with its place.

No message repeats a value that was sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _

from connectors.models import RunState
from connectors.syncs.rules import (
    AHEAD,
    MOST_COUNT,
    MOST_CURSOR,
    MOST_MODE,
    MOST_NOTE,
    MOST_RUN_KEY,
    MOST_STREAM,
    MOST_STREAMS,
)
from portal.refusals import Invalid, Problem
from portal.registry.documents import digest

_FIELDS = ("run", "state", "started_at", "ended_at", "data_until", "rows", "bytes", "streams", "note")
_STREAM = ("name", "mode", "cursor", "rows", "state", "schema_changed_at")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")
_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]*")
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_ENDED = frozenset(RunState.values) - {RunState.RUNNING.value}


@dataclass(frozen=True)
class Reported:
    """A run as it was told, sound in itself."""

    run_key: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    data_until: datetime | None
    rows: int | None
    bytes: int | None
    streams: list[dict[str, Any]]
    note: str

    @property
    def digest(self) -> str:
        """Of all that was told; equal for equal reports."""
        told = {
            "run": self.run_key,
            "state": self.state,
            "started_at": self.started_at.isoformat(),
            "ended_at": _iso(self.ended_at),
            "data_until": _iso(self.data_until),
            "rows": self.rows,
            "bytes": self.bytes,
            "streams": self.streams,
            "note": self.note,
        }
        return digest(told)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


@dataclass
class _Reader:
    """Takes fields from a body and gathers what is wrong with them."""

    now: datetime
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, message: str, code: str) -> None:
        self.problems.append(Problem(path, message, code))

    def unknown(self, body: Mapping[str, Any], known: tuple[str, ...], path: str = "") -> None:
        if not body.keys() <= set(known):
            self.wrong(path, _("Unknown fields. Known here: %s.") % ", ".join(known), "unknown_key")

    def name(self, value: object, path: str, most: int, *, blank: bool = False) -> str:
        if blank and (value is None or value == ""):
            return ""
        if not isinstance(value, str) or len(value) > most or not _PLAIN.fullmatch(value) or not value.strip():
            self.wrong(path, _("A text of 1 to %d plain characters is expected here.") % most, "text")
            return ""
        return value

    def note(self, value: object, path: str) -> str:
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > MOST_NOTE or not _TEXT.fullmatch(value):
            self.wrong(path, _("A text of at most %d characters is expected here.") % MOST_NOTE, "text")
            return ""
        return value

    def count(self, value: object, path: str) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_COUNT:
            self.wrong(path, _("A whole number from 0 to 2^53 is expected here."), "count")
            return None
        return value

    def moment(self, value: object, path: str, *, needed: bool = False) -> datetime | None:
        if value is None and not needed:
            return None
        try:
            found = parse_datetime(value.strip()) if isinstance(value, str) and len(value) <= 60 else None
            if found is not None and not is_naive(found):
                found = found.astimezone(UTC)
        except (ValueError, OverflowError):
            found = None
        if found is None or is_naive(found) or found < _FIRST:
            self.wrong(path, _("An instant with its zone is expected here, as 2026-01-31T00:00:00Z."), "instant")
            return None
        if found > self.now + AHEAD:
            self.wrong(path, _("It is in the future: look at the clock of whoever reports it."), "future")
            return None
        return found

    def state(self, value: object, path: str, *, blank: bool = False) -> str:
        if blank and (value is None or value == ""):
            return ""
        if not isinstance(value, str) or value not in RunState.values:
            self.wrong(path, _("Known states: %s.") % ", ".join(RunState.values), "state")
            return ""
        return value

    def stream(self, value: object, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(path, _("An object is expected here."), "not_an_object")
            return {}
        self.unknown(value, _STREAM, path)
        return {
            "name": self.name(value.get("name"), f"{path}.name", MOST_STREAM),
            "mode": self.name(value.get("mode"), f"{path}.mode", MOST_MODE, blank=True),
            "cursor": self.name(value.get("cursor"), f"{path}.cursor", MOST_CURSOR, blank=True),
            "rows": self.count(value.get("rows"), f"{path}.rows"),
            "state": self.state(value.get("state"), f"{path}.state", blank=True),
            "schema_changed_at": _iso(self.moment(value.get("schema_changed_at"), f"{path}.schema_changed_at")),
        }

    def streams(self, value: object) -> list[dict[str, Any]]:
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > MOST_STREAMS:
            self.wrong("streams", _("A list of at most %d is expected here.") % MOST_STREAMS, "list")
            return []
        found = [self.stream(one, f"streams.{number}") for number, one in enumerate(value)]
        names = [one.get("name") for one in found]
        if len(set(names)) < len(names) and not self.problems:
            self.wrong("streams", _("A stream is named twice."), "twice")
        return found


def read(body: object, now: datetime) -> Reported:
    """The run that a body tells. Raises Invalid with every problem and its place."""
    reader = _Reader(now)
    if not isinstance(body, dict):
        message = _("A run is an object.")
        raise Invalid("run", message, [Problem("", message, "not_an_object")])
    reader.unknown(body, _FIELDS)
    state = reader.state(body.get("state"), "state")
    started = reader.moment(body.get("started_at"), "started_at", needed=True)
    ended = reader.moment(body.get("ended_at"), "ended_at", needed=state in _ENDED)
    if state == RunState.RUNNING and body.get("ended_at") is not None:
        reader.wrong("ended_at", _("A run that is running has not ended."), "running")
    if started is not None and ended is not None and ended < started:
        reader.wrong("ended_at", _("It ended before it started."), "order")
    told: dict[str, Any] = {
        "run_key": reader.name(body.get("run"), "run", MOST_RUN_KEY),
        "data_until": reader.moment(body.get("data_until"), "data_until"),
        "rows": reader.count(body.get("rows"), "rows"),
        "bytes": reader.count(body.get("bytes"), "bytes"),
        "streams": reader.streams(body.get("streams")),
        "note": reader.note(body.get("note"), "note"),
    }
    if reader.problems or started is None:
        raise Invalid("run", _("The run is not taken."), reader.problems)
    return Reported(state=state, started_at=started, ended_at=ended, **told)
