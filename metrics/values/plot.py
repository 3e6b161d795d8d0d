"""The plot of measured values as places in per cent, so that the drawing stretches and its text does not. Pure.

Time runs from left to right in every language, as the numbers of the axis do.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from metrics.values.rules import outside, plain

# Points of more than so many values would cover each other; those outside of the range are drawn all the same.
MOST_DOTS = 130
# Marks nearer to each other than this share of the width are one, or a finger would not hit them.
NEAR = 8.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Mark:
    """Something that happened to a metric at an instant: what it is called, in words, and where it is told."""

    at: datetime
    label: str
    title: str
    address: str
    # V0 to V3 for an incident; empty for a version.
    tone: str = ""


@dataclass(frozen=True)
class Dot:
    """One value as it is drawn: per cent from the left and from the top, and its words."""

    x: str
    y: str
    at: datetime
    value: str
    outside: bool


@dataclass(frozen=True)
class Stroke:
    """A piece of the line between two values."""

    x1: str
    y1: str
    x2: str
    y2: str


@dataclass(frozen=True)
class Drawn:
    """One or several marks in one place."""

    x: str
    marks: tuple[Mark, ...]

    @property
    def tone(self) -> str:
        """The worst of them."""
        return max(mark.tone for mark in self.marks)


@dataclass(frozen=True)
class Band:
    """The stated range: per cent from the top and per cent high, and which of its edges are stated."""

    y: str
    height: str
    top: bool
    bottom: bool
    low: str


@dataclass(frozen=True)
class Plot:
    """Everything that is drawn. `ticks` are the labels of the value axis from the top, `times` three of the time axis."""

    strokes: tuple[Stroke, ...]
    dots: tuple[Dot, ...]
    band: Band | None
    incidents: tuple[Drawn, ...]
    versions: tuple[Drawn, ...]
    ticks: tuple[tuple[str, str], ...]
    times: tuple[datetime, ...]


def grouped(value: Decimal) -> str:
    """An exact value with its thousands apart: 1,250,000.5."""
    whole, point, rest = plain(value).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{point}{rest}"


def ticks_of(low: float, high: float) -> list[float]:
    """Round numbers at equal distances, from at most `low` to at least `high`; three to seven of them."""
    # Closer than digits tell apart, a scale would be noise.
    if high - low <= max(abs(low), abs(high)) * 1e-9:
        pad = max(abs(low), abs(high)) / 2 or 1.0
        low, high = low - pad, high + pad
    size = 10.0 ** math.floor(math.log10((high - low) / 5))
    step = next(size * one for one in _STEPS if size * one * 5.000001 >= high - low)
    first = math.floor(low / step + 1e-6)
    last = math.ceil(high / step - 1e-6)
    return [number * step for number in range(first, last + 1)]


def short(value: float, largest: float, step: float) -> str:
    """A label of the axis: 1.25M. All labels have the same scale."""
    scale, letter = next(((size, name) for size, name in _SCALES if largest >= size), (1.0, ""))
    text = f"{value / scale:.12f}".rstrip("0").rstrip(".") if step / scale >= 1e-9 else f"{value / scale:.6g}"
    return f"{'0' if text in ('-0', '') else text}{letter if value else ''}"


def plot(
    values: Sequence[tuple[datetime, Decimal]],
    *,
    low: Decimal | None,
    high: Decimal | None,
    incidents: Iterable[Mark] = (),
    versions: Iterable[Mark] = (),
    until: datetime,
) -> Plot:
    """Draw values (the oldest first, at least one) up to an instant, with the stated range and what happened meanwhile."""
    begin, end = values[0][0], max(until, values[-1][0])
    if end - begin < timedelta(minutes=1):
        begin, end = begin - timedelta(hours=12), end + timedelta(hours=12)
    numbers = [float(value) for _at, value in values]
    stated = [float(bound) for bound in (low, high) if bound is not None]
    ticks = ticks_of(min(numbers + stated), max(numbers + stated))
    bottom, top = ticks[0], ticks[-1]
    largest = max(abs(bottom), abs(top))

    def across(at: datetime) -> float:
        return 100 * ((at - begin) / (end - begin))

    def down(value: float) -> float:
        return 100 * ((top - value) / (top - bottom))

    places = [(across(at), down(number)) for (at, _value), number in zip(values, numbers, strict=True)]
    dots = [
        Dot(_share(x), _share(y), at, grouped(value), outside(value, low, high))
        for (x, y), (at, value) in zip(places, values, strict=True)
    ]
    return Plot(
        strokes=tuple(
            Stroke(_share(x1), _share(y1), _share(x2), _share(y2)) for (x1, y1), (x2, y2) in pairwise(places)
        ),
        dots=tuple(dot for dot in dots if len(dots) <= MOST_DOTS or dot.outside),
        band=_band(low, high, down),
        incidents=_drawn(incidents, across),
        versions=_drawn(versions, across),
        ticks=tuple((_share(down(one)), short(one, largest, ticks[1] - ticks[0])) for one in reversed(ticks)),
        times=(begin, begin + (end - begin) / 2, end),
    )


def _share(value: float) -> str:
    return f"{value:.2f}%"


def _band(low: Decimal | None, high: Decimal | None, down: Callable[[float], float]) -> Band | None:
    if low is None and high is None:
        return None
    above = 0.0 if high is None else down(float(high))
    below = 100.0 if low is None else down(float(low))
    return Band(_share(above), _share(below - above), high is not None, low is not None, _share(below))


def _drawn(marks: Iterable[Mark], across: Callable[[datetime], float]) -> tuple[Drawn, ...]:
    """The marks within the plot, those that would cover each other as one."""
    groups: list[tuple[float, list[Mark]]] = []
    for mark in sorted(marks, key=lambda one: one.at):
        x = across(mark.at)
        if not 0 <= x <= 100:
            continue
        if groups and x - groups[-1][0] < NEAR:
            groups[-1][1].append(mark)
        else:
            groups.append((x, [mark]))
    return tuple(Drawn(_share(x), tuple(group)) for x, group in groups)
