"""A table of metrics as people keep it: CSV, or what a spreadsheet copies. Pure, but for the words of the heads."""

import csv
import io
from typing import Any

from django.utils import translation

from metrics.documents import MetricSerializer
from metrics.interchange.forms import Taken, Unreadable, blank

MOST_ROWS = 300
# Lists in one cell are parted by one of these.
_LISTS = frozenset({"dimensions", "related"})
_LEFT_OUT = frozenset({"dashboards"})


def heads() -> dict[str, str]:
    """Heads that are understood, in small letters: names of fields, and their labels in English and Arabic."""
    fields = {name: field for name, field in MetricSerializer().fields.items() if name not in _LEFT_OUT}
    found = {name: name for name in fields}
    for language in ("en", "ar"):
        with translation.override(language):
            found |= {str(field.label).strip().casefold(): name for name, field in fields.items()}
    return found


def read(text: str, today: str) -> list[Taken]:
    """The metrics of a table, each with the line it begins on. Raises Unreadable with the line."""
    lines = text.removeprefix("\ufeff")
    first = lines.partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    rows = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter, strict=True)
    try:
        names = _names(next(rows, []))
        found = []
        begin = rows.line_num + 1
        for row in rows:
            if any(cell.strip() for cell in row):
                found.append(_row(row, names, begin, today))
            begin = rows.line_num + 1
            if len(found) > MOST_ROWS:
                raise Unreadable(f"It has more than {MOST_ROWS} rows; take it in parts.")
    except csv.Error as error:
        raise Unreadable(f"line {rows.line_num}: {error}.") from None
    if not found:
        raise Unreadable("It has no rows under its heads.")
    return found


def _names(row: list[str]) -> list[str]:
    known = heads()
    names = []
    for at, cell in enumerate(row, 1):
        name = known.get(cell.strip().casefold())
        if name is None:
            raise Unreadable(
                f"line 1, column {at}: “{cell.strip()[:60]}” is no field. Fields: {', '.join(MetricSerializer().fields)}."
            )
        names.append(name)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unreadable(f"line 1: named twice: {', '.join(twice)}.")
    if "key" not in names:
        raise Unreadable("line 1: the heads must name the key.")
    return names


def _row(row: list[str], names: list[str], line: int, today: str) -> Taken:
    if len(row) > len(names):
        raise Unreadable(f"line {line}: it has {len(row)} cells under {len(names)} heads.")
    told: dict[str, Any] = {}
    for name, cell in zip(names, row, strict=False):
        # Spreadsheets that guard against formulas write a quote before them.
        plain = cell.strip()
        plain = plain[1:] if plain[:2] in ("'=", "'+", "'-", "'@") else plain
        if name in _LISTS:
            told[name] = [
                part for one in plain.replace(",", ";").replace("\n", ";").split(";") if (part := one.strip())
            ]
        elif plain:
            told[name] = plain
    if "type" in told:
        told["type"] = told["type"].casefold()
    return Taken(f"line {line}", blank(today) | told)
