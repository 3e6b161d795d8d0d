"""What the pages of a runtime tool show of its tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from connectors import troubles
from connectors.models import CallCount, Connector, KnownTool, ToolState, Verification
from connectors.tools.comparing import pins_of
from connectors.tools.probing import TRANSPORT
from connectors.tools.standing import is_verified, prints_of
from portal.web.diffs import side_by_side

CALLS_OF = timedelta(hours=24)
NOT_TO_APPROVE = (ToolState.PINNED, ToolState.UNSEEN)


@dataclass(frozen=True)
class ToolRow:
    """One tool of the tab."""

    name: str
    known: KnownTool | None
    digest: str
    agents: int
    effect: str
    calls: int
    refused: int
    choosable: bool

    @property
    def state(self) -> str:
        """How it stands; an operation that no look has shown and nobody pinned is not pinned."""
        return self.known.state if self.known else ToolState.UNPINNED.value


def head(entry: Connector, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """For the head and the banner: the last look, whether it can be looked at, and what is held back."""
    held = list(KnownTool.objects.filter(connector=entry, quarantined=True).values_list("drift_since", flat=True)[:200])
    return {
        "looks": Verification.objects.filter(connector=entry).first(),
        "verified": is_verified(entry),
        "drifting": len(held),
        "drifting_since": min((since for since in held if since), default=None),
    }


def summary(entry: Connector, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What the Summary tab shows beside the document."""
    return troubles.summary(entry, now)


def tab(entry: Connector, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The tab of tools: all of them, or with `?tool=` one with what was approved beside what is shown."""
    rows = {row.name: row for row in KnownTool.objects.filter(connector=entry).select_related("seen", "approved")}
    name = asked.get("tool", "")
    if name in rows:
        return {"shown": _one(rows[name], rows)}
    told = _rows(entry, rows, now)
    return {
        "tool_rows": told,
        "choosable": any(row.choosable for row in told),
        "plain_http": entry.document["runtime_tool"]["transport"] != TRANSPORT,
        "new_tools": sum(1 for row in rows.values() if row.state == ToolState.NEW),
    }


def _rows(entry: Connector, known: Mapping[str, KnownTool], now: datetime) -> list[ToolRow]:
    operations = {one["name"]: one for one in entry.operations}
    pins = pins_of(entry.document)
    allowed: dict[str, int] = {}
    for line in entry.document["runtime_tool"]["allowlist"]:
        for operation in line["operations"]:
            allowed[operation] = allowed.get(operation, 0) + 1
    counts = CallCount.objects.filter(connector=entry, hour__gte=now - CALLS_OF).values_list("operation", "reason")
    calls: dict[tuple[str, bool], int] = {}
    for operation, reason, number in counts.annotate(number=Sum("calls")):
        calls[operation, bool(reason)] = calls.get((operation, bool(reason)), 0) + number
    # What needs somebody first, then the contract in its order, then what else the server has.
    order = {name: number for number, name in enumerate(operations)}
    named = {*operations, *(row.name for row in known.values() if row.state != ToolState.GONE or row.quarantined)}
    names = sorted(
        named,
        key=lambda name: (
            not (name in known and known[name].quarantined), order.get(name, len(order)), name,
        ),
    )  # fmt: skip
    return [
        ToolRow(
            name=name,
            known=known.get(name),
            digest=pins[name].whole or pins[name].input if name in pins else "",
            agents=allowed.get(name, 0),
            effect=operations[name]["effect"] if name in operations else "",
            calls=calls.get((name, False), 0),
            refused=calls.get((name, True), 0),
            choosable=_choosable(known.get(name)),
        )
        for name in names
    ]


def _choosable(row: KnownTool | None) -> bool:
    """Whether a change could approve it as it is shown: not one that is so already, nor one that is nobody's and gone."""
    if row is None or row.state in NOT_TO_APPROVE:
        return False
    return row.state != ToolState.GONE or row.quarantined


def _one(row: KnownTool, rows: Mapping[str, KnownTool]) -> dict[str, Any]:
    now = rows.get(row.renamed_to, row)
    approved = row.approved.definition if row.approved else None
    seen = now.seen.definition if now.seen and row.state != ToolState.GONE else None
    return {
        "known": row,
        "prints": prints_of(row),
        "approved": row.approved,
        "seen": now.seen if seen is not None else None,
        "sides": side_by_side(approved, seen),
        "same": approved is not None and approved == seen,
    }
