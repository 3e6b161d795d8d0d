"""Bringing the known tools of a connector in line with its approved pins and with what was seen. Within the caller's transaction.

The row of the connector is locked by the caller, so that a look that is recorded and a change that is applied never judge by
each other's past.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.models import Connector, KnownTool, ToolDefinition, Verification
from connectors.models.verification import ToolState
from connectors.tools.comparing import Standing, compare, pins_of
from connectors.tools.fingerprints import ASPECTS, Fingerprints
from connectors.tools.probing import TRANSPORT, SeenTool
from portal.registry.models import STANDING


@dataclass
class Moved:
    """Which tools came to differ, or differ in another way; and which are as approved again."""

    drifted: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


def is_verified(connector: Connector) -> bool:
    """Whether its server is looked at: it may be called, and it can list its tools."""
    return connector.state in STANDING and connector.document["runtime_tool"]["transport"] == TRANSPORT


def prints_of(row: KnownTool) -> Fingerprints:
    """The fingerprints of what was seen last of a tool."""
    return Fingerprints(**{name: getattr(row, f"{name}_digest") for name in ASPECTS})


def bring_in_line(
    connector: Connector, verification: Verification, *, now: datetime, looked: Iterable[SeenTool] | None = None
) -> Moved:
    """Judge every tool by the pins that stand; `looked` is what a look has just shown, None where there was none.

    `verification.seen_at` is still that of the look before.
    """
    rows = {row.name: row for row in KnownTool.objects.select_for_update(no_key=True).filter(connector=connector)}
    before = {name: _signature(row) for name, row in rows.items()}
    first = verification.seen_at is None
    if looked is not None:
        seen: dict[str, Fingerprints] | None = _taken(connector, rows, list(looked), now)
    elif first:
        seen = None
    else:
        seen = {name: prints_of(row) for name, row in rows.items() if row.last_seen_at == verification.seen_at}
    standings: Mapping[str, Standing] = {}
    if is_verified(connector):
        pins = pins_of(connector.document)
        standings = compare(pins, seen, {operation["name"] for operation in connector.operations})
        for name in standings:
            rows.setdefault(name, KnownTool(connector=connector, name=name))
        _approve(connector, rows, standings, pins)
    moved = Moved()
    new_names = {standing.renamed_to for standing in standings.values()}
    for name, row in rows.items():
        # Neither approved nor there any more; or nothing of this connector is judged.
        standing = standings.get(name) or Standing(ToolState.GONE if is_verified(connector) else ToolState(row.state))
        _stand(row, standing, was=before.get(name), now=now, moved=moved, judged=name in standings,
               came=not first and name not in new_names)  # fmt: skip
    _save(rows.values())
    return moved


def _taken(
    connector: Connector, rows: dict[str, KnownTool], looked: list[SeenTool], now: datetime
) -> dict[str, Fingerprints]:
    """Note what a look showed in the rows; its definitions are kept, each once."""
    kept = {(one.name, one.digest): one for one in looked}
    known = ToolDefinition.objects.filter(connector=connector, digest__in=[digest for _name, digest in kept])
    ids = {(name, digest): pk for name, digest, pk in known.values_list("name", "digest", "pk")}
    missing = [one for key, one in kept.items() if key not in ids]
    made = ToolDefinition.objects.bulk_create(
        ToolDefinition(connector=connector, name=one.name, digest=one.digest, definition=one.kept(), seen_at=now)
        for one in missing
    )
    ids |= {(one.name, one.digest): one.pk for one in made}
    for one in looked:
        row = rows.setdefault(one.name, KnownTool(connector=connector, name=one.name))
        for name in ASPECTS:
            setattr(row, f"{name}_digest", getattr(one.prints, name))
        row.seen_id = ids[one.name, one.digest]
        row.first_seen_at = row.first_seen_at or now
        row.last_seen_at = now
    return {one.name: one.prints for one in looked}


def _approve(
    connector: Connector,
    rows: Mapping[str, KnownTool],
    standings: Mapping[str, Standing],
    pins: Mapping[str, Fingerprints],
) -> None:
    """Point every pinned tool to the definition that was approved, where some look showed that one."""
    wanted = {name: pin.whole for name, pin in pins.items() if pin.whole}
    found = ToolDefinition.objects.filter(connector=connector, digest__in=list(wanted.values())) if wanted else ()
    ids = {(one.name, one.digest): one.pk for one in found}
    for name, standing in standings.items():
        row = rows[name]
        if standing.state == ToolState.PINNED:
            row.approved_id = row.seen_id
        elif name not in pins:
            row.approved_id = None
        elif name in wanted:
            row.approved_id = ids.get((name, wanted[name]))


def _signature(row: KnownTool) -> tuple[object, ...]:
    """What makes a drift another one than before."""
    return row.state, tuple(row.differs), row.renamed_to, row.seen_id


def _stand(
    row: KnownTool,
    standing: Standing,
    *,
    was: tuple[object, ...] | None,
    now: datetime,
    moved: Moved,
    judged: bool,
    came: bool,
) -> None:
    """`came`: one that nobody knew was not there before, and did not come to be under another name."""
    drifting = row.drift_since is not None
    held = row.quarantined
    row.state = standing.state
    row.differs = list(standing.differs)
    row.renamed_to = standing.renamed_to
    row.quarantined = judged and standing.quarantined
    came = came and standing.state == ToolState.NEW and (was is None or (drifting and was[0] == ToolState.NEW))
    if row.quarantined or (judged and came):
        if not drifting or _signature(row) != was:
            row.drift_since = row.drift_since or now
            row.drift_at = row.judge_at = now
            if row.quarantined:
                moved.drifted.append(row.name)
    elif drifting:
        row.drift_since = row.drift_at = None
        row.judge_at = now
        if held:
            moved.ended.append(row.name)


_FIELDS = (
    "state", "input_digest", "output_digest", "prose_digest", "annotations_digest", "seen", "approved", "differs", "renamed_to",
    "first_seen_at", "last_seen_at", "drift_since", "drift_at", "quarantined", "judge_at",
)  # fmt: skip


def _save(rows: Iterable[KnownTool]) -> None:
    listed = list(rows)
    KnownTool.objects.bulk_create([row for row in listed if row.pk is None])
    KnownTool.objects.bulk_update([row for row in listed if row.pk is not None], _FIELDS, batch_size=200)
