"""What a measured point is, as pure judgement: exact numbers, instants with a zone, dimensions that the metric declares."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from django.utils.translation import gettext as _

from metrics.rules import AMOUNT_PATTERN
from portal.refusals import Problem

MOST_POINTS = 5_000
MOST_PROBLEMS = 20
# A measurement is of the past; so much is for clocks that differ and for days that begin earlier elsewhere.
AHEAD = timedelta(days=1)
MOST_DIMENSION = 200
# An index holds the place of a point, and takes no more.
MOST_PLACE_BYTES = 1_000
_AMOUNT = re.compile(AMOUNT_PATTERN)
_LARGEST = Decimal(10) ** 20
_FINEST = Decimal(1).scaleb(-12)
# Arithmetic with all digits that a value may have.
_WIDE = Context(prec=40)
_KEYS = ("at", "value", "dimensions")


@dataclass(frozen=True)
class Point:
    """One value at one instant, whole or split by dimensions (name → value)."""

    at: datetime
    value: Decimal
    dimensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it belongs: of two points of one metric in one place the later sent one stands."""
        return self.at, json.dumps(dict(self.dimensions), sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Bounds:
    """What a metric takes: the dimensions it declares, and between which instants."""

    dimensions: frozenset[str]
    first: datetime
    last: datetime
    # Why nothing earlier is taken, in words.
    too_early: str


class _WrongError(Exception):
    """What is wrong with a part of a point."""

    def __init__(self, path: str, message: str, code: str) -> None:
        super().__init__(message)
        self.path, self.code = path, code


def plain(value: Decimal) -> str:
    """A value as people write it: 1500000.5, without exponent and needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def points_of(given: Iterable[object], bounds: Bounds) -> tuple[list[Point], list[Problem]]:
    """The points that were sent, each place once, and what is wrong with them (the first few), by `points.<number>.<part>`."""
    found: dict[tuple[datetime, str], Point] = {}
    problems: list[Problem] = []
    for number, one in enumerate(given):
        try:
            point = _point(one, bounds)
            known = found.setdefault(point.place, point)
            if known.value != point.value:
                raise _WrongError("", _("Another value for the same place stands in this request."), "twice")
        except _WrongError as wrong:
            path = f"points.{number}.{wrong.path}".rstrip(".")
            problems.append(Problem(path, str(wrong), wrong.code))
            if len(problems) == MOST_PROBLEMS:
                break
    return list(found.values()), problems


def _point(one: object, bounds: Bounds) -> Point:
    if not isinstance(one, dict):
        raise _WrongError(
            "", _("A point is an object with at, value and, if it is split, dimensions."), "not_an_object"
        )
    unknown = sorted(set(one) - set(_KEYS))
    if unknown:
        known = ", ".join(_KEYS)
        raise _WrongError(unknown[0][:60], _("Unknown key. Known here: %(known)s.") % {"known": known}, "unknown_key")
    for name in _KEYS[:2]:
        if one.get(name) is None:
            raise _WrongError(name, _("This field is required."), "required")
    dimensions = one.get("dimensions")
    return Point(
        instant(one["at"], bounds), exact(one["value"]), {} if dimensions is None else split(dimensions, bounds)
    )


def instant(text: object, bounds: Bounds) -> datetime:
    """An instant as ISO 8601 text with a zone, within the bounds, in UTC."""
    problem = _("Write an instant with its zone, as 2026-01-31T00:00:00+03:00.")
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) and len(text) <= 40 else "")
        if moment.utcoffset() is None:
            raise _WrongError("at", problem, "zone")
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _WrongError("at", problem, "instant") from None
    if moment > bounds.last:
        raise _WrongError("at", _("That is in the future: a value is measured first."), "future")
    if moment < bounds.first:
        raise _WrongError("at", bounds.too_early, "too_early")
    return moment


def exact(given: object) -> Decimal:
    """A number exactly as written in text; a JSON number with a fraction is a binary one, and is rounded to 12 places."""
    whole = isinstance(given, int) and not isinstance(given, bool)
    value = None
    if whole or (isinstance(given, str) and _AMOUNT.fullmatch(given)):
        value = Decimal(str(given))
    elif isinstance(given, float) and math.isfinite(given) and abs(given) < _LARGEST:
        value = Decimal(repr(given)).quantize(_FINEST, context=_WIDE)
    if value is None or value.copy_abs() >= _LARGEST:
        message = _("Write a number, or its exact text: at most 20 digits, a point and at most 12 more digits.")
        raise _WrongError("value", message, "number")
    return value if value else Decimal(0)


def split(given: object, bounds: Bounds) -> dict[str, str]:
    """By what a point is split: names that the metric declares, each with a text."""
    if not isinstance(given, dict):
        raise _WrongError("dimensions", _("An object of names and texts."), "not_an_object")
    for name, value in given.items():
        where = f"dimensions.{name[:60]}"
        if name not in bounds.dimensions:
            known = ", ".join(sorted(bounds.dimensions)) or _("none")
            message = _("The metric declares no such dimension. Declared: %(known)s.") % {"known": known}
            raise _WrongError(where, message, "unknown_dimension")
        if not isinstance(value, str) or not value.strip() or len(value) > MOST_DIMENSION:
            raise _WrongError(where, _("A text of 1 to %d characters.") % MOST_DIMENSION, "dimension")
    if len(json.dumps(given, ensure_ascii=False).encode()) > MOST_PLACE_BYTES:
        raise _WrongError("dimensions", _("Longer than %d bytes in all.") % MOST_PLACE_BYTES, "too_large")
    return dict[str, Any](given)


def outside(value: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    """Whether a value is out of a stated range; a bound that is None is no bound."""
    return (low is not None and value < low) or (high is not None and value > high)
