"""From what a tool reports to the one form of a run; a digest of that form tells whether the same was told twice."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from django.utils.translation import gettext as _

from metrics.quality import gx, others
from metrics.quality.fields import MOST_PARTS, Unreadable, listed, mapping
from metrics.quality.rules import Run

READERS: dict[str, Callable[[Mapping[str, Any], datetime], Run]] = {
    "gx": gx.run_of,
    "dbt": others.dbt,
    "soda": others.soda,
    "generic": others.generic,
}


def read(tool: str, body: object, now: datetime) -> Run:
    """The run that a report of this tool tells of. Raises Unreadable."""
    return READERS[tool](mapping(body, ""), now)


def digest(run: Run) -> str:
    """The sha256 of everything that is read of a run, in hex."""
    # What tells two batches apart is made of values of a partition.
    told = replace(run, parts=tuple(replace(part, twin="") for part in run.parts))
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def reports_of(tool: str, contents: Sequence[object]) -> list[Mapping[str, Any]]:
    """The reports that files hold: of Great Expectations all results of one run together, of other tools each file by itself."""
    if tool != "gx":
        return [mapping(one, f"file.{index}") for index, one in enumerate(contents)]
    runs: dict[tuple[str, str], list[object]] = {}
    total = 0
    for index, one in enumerate(contents):
        found = _results(one, f"file.{index}")
        total += len(found)
        if total > MOST_PARTS:
            raise Unreadable(f"file.{index}", _("At most %d are taken here.") % MOST_PARTS)
        for result in found:
            runs.setdefault(gx.run_id_of(result, f"file.{index}"), []).append(result)
    return [{"run_results": results} for results in runs.values()]


def _results(content: object, pointer: str) -> list[object]:
    """A list of results, one result, or an object that holds them as `run_results`."""
    if isinstance(content, dict):
        held = content.get("run_results")
        content = [content] if held is None else list(held.values()) if isinstance(held, dict) else held
    return listed(content, pointer, MOST_PARTS)
