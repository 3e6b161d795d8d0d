"""How the tools that a server shows stand to what was approved. Pure: no database, no clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.models.verification import ToolState
from connectors.tools.fingerprints import ASPECTS, Fingerprints

ADDED, REMOVED, RENAMED = "added", "removed", "renamed"


@dataclass(frozen=True)
class Standing:
    """How one tool stands: what of it differs, and whether calls to it are to be refused."""

    state: ToolState
    differs: tuple[str, ...] = ()
    renamed_to: str = ""

    @property
    def quarantined(self) -> bool:
        """Whether it was approved and is not what was approved."""
        return self.state in (ToolState.CHANGED, ToolState.GONE, ToolState.RENAMED)


def pins_of(document: Mapping[str, Any]) -> dict[str, Fingerprints]:
    """The approved fingerprints by operation; an aspect that was not pinned is empty."""
    profile = document.get("runtime_tool") or {}
    return {
        pin["operation"]: Fingerprints(**{name: pin.get(f"{name}_digest", "") for name in ASPECTS})
        for pin in profile.get("tool_pins") or []
    }


def compare(
    pins: Mapping[str, Fingerprints], seen: Mapping[str, Fingerprints] | None, operations: Collection[str]
) -> dict[str, Standing]:
    """How every tool stands that is pinned, or shown by the server; `seen` is None while nobody has looked.

    `operations` are those of the contract: a tool among them that is not pinned is one that somebody left without a pin.
    """
    if seen is None:
        return dict.fromkeys(pins, Standing(ToolState.UNSEEN))
    gone = sorted(name for name in pins if name not in seen)
    renamed = _renamed(pins, seen, gone)
    found: dict[str, Standing] = {}
    for name, pin in pins.items():
        if name in seen:
            differs = differences(pin, seen[name])
            found[name] = Standing(ToolState.CHANGED if differs else ToolState.PINNED, differs)
        elif name in renamed:
            found[name] = Standing(ToolState.RENAMED, (RENAMED,), renamed[name])
        else:
            found[name] = Standing(ToolState.GONE, (REMOVED,))
    for name in seen:
        if name not in pins:
            found[name] = Standing(ToolState.UNPINNED) if name in operations else Standing(ToolState.NEW, (ADDED,))
    return found


def differences(pin: Fingerprints, seen: Fingerprints) -> tuple[str, ...]:
    """The aspects that differ; one that was not pinned is not compared. What cannot be compared differs."""
    return tuple(name for name in ASPECTS if getattr(pin, name) and getattr(pin, name) != getattr(seen, name))


def _renamed(
    pins: Mapping[str, Fingerprints], seen: Mapping[str, Fingerprints], gone: Collection[str]
) -> dict[str, str]:
    """Which new tool a gone one may have become: the only one with its schemas and prose, else with its schemas."""
    new = {name: one for name, one in seen.items() if name not in pins and one.readable}
    found: dict[str, str] = {}
    for aspects in (("input", "output", "prose"), ("input", "output")):
        for name in gone:
            if name in found:
                continue
            alike = [
                other
                for other, one in new.items()
                if other not in found.values()
                and all(not getattr(pins[name], aspect) or getattr(pins[name], aspect) == getattr(one, aspect)
                        for aspect in aspects)
            ]  # fmt: skip
            if len(alike) == 1:
                found[name] = alike[0]
    return found
