"""Lines over time as places in per cent, one a level. Pure; drawn as the plot of measured values is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from metrics.values.plot import Stroke, short, ticks_of


@dataclass(frozen=True)
class Line:
    """One level over time; a gap where there is no value. `dots` stand alone between two gaps."""

    level: str
    strokes: tuple[Stroke, ...]
    dots: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lines:
    """Everything that is drawn; empty `lines` where there is nothing to draw."""

    lines: tuple[Line, ...]
    ticks: tuple[tuple[str, str], ...]
    times: tuple[datetime, ...]


def lines(times: Sequence[datetime], values: dict[str, Sequence[float | None]]) -> Lines:
    """Draw values by name, as many of each as there are instants, at equal distances."""
    numbers = [one for series in values.values() for one in series if one is not None]
    ticks = ticks_of(0.0, max([*numbers, 1.0]))
    top = ticks[-1]
    steps = max(len(times) - 1, 1)

    def place(number: int, value: float) -> tuple[str, str]:
        return f"{100 * number / steps:.2f}%", f"{100 * (top - value) / top:.2f}%"

    drawn = []
    for name, series in values.items():
        places = [None if one is None else place(number, one) for number, one in enumerate(series)]
        strokes = tuple(Stroke(*one, *other) for one, other in pairwise(places) if one and other)
        alone = tuple(
            here
            for before, here, after in zip([None, *places], places, [*places[1:], None], strict=False)
            if here and not before and not after
        )
        drawn.append(Line(name, strokes, alone))
    return Lines(
        lines=tuple(one for one in drawn if one.strokes or one.dots),
        ticks=tuple((f"{100 * (top - one) / top:.2f}%", short(one, top, ticks[1])) for one in reversed(ticks)),
        times=(times[0], times[len(times) // 2], times[-1]) if times else (),
    )
