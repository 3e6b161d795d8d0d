"""The severity table without a database: what it may say, what it makes of an incident, and how two of them differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from severity.clocks import CLOCKS, Clocks
from severity.rules import DECLARED, REPORTED, RULES, Level
from severity.table.runbooks import RUNBOOKS, Runbook

STALE_DAYS = 14
Cell = tuple[str, str]
# Those of which people or other systems say how bad they are: the table only raises what they say.
_SAID = frozenset({DECLARED.name, REPORTED.name})
CLOCK_NAMES = ("acknowledge", "update", "resolve", "review_days")


def cells() -> list[Cell]:
    """Every rule in every circumstance that it knows."""
    return [(rule.name, seen) for rule in RULES.values() for seen in rule.circumstances]


@dataclass(frozen=True)
class Table:
    """One version of the table; 0 is the domain's own. A cell that it does not name is the domain's."""

    version: int = 0
    levels: Mapping[Cell, Level] = field(default_factory=dict)
    clocks: Mapping[Level, Clocks] = field(default_factory=lambda: CLOCKS)
    runbooks: Mapping[str, Runbook] = field(default_factory=lambda: RUNBOOKS)
    stale_days: int = STALE_DAYS

    def level(self, rule: str, circumstance: str) -> Level:
        """How bad it is: the table only raises what the domain says. A rule that is not known any more says nothing."""
        known = RULES.get(rule)
        least = known.least(circumstance) if known else Level.V0
        return max(least, self.levels.get((rule, circumstance), Level.V0))

    def opening(self, rule: str, circumstance: str, opened: int) -> Level:
        """The level at which it would open an incident that was opened at `opened`.

        What people or other systems said is not kept apart from what the table made of it: of those, it is raised alone.
        """
        judged = self.level(rule, circumstance)
        return max(judged, Level(opened)) if rule in _SAID or rule not in RULES else judged


BASELINE = Table()


def milder(table: Table) -> list[str]:
    """Where it is milder than the domain: paths into its document."""
    found = [
        f"levels.{rule}.{seen}"
        for rule, seen in cells()
        if table.levels.get((rule, seen), RULES[rule].least(seen)) < RULES[rule].least(seen)
    ]
    for level, least in CLOCKS.items():
        own = table.clocks[level]
        found += [
            f"clocks.{level.name}.{name}"
            for name in CLOCK_NAMES
            if getattr(least, name) is not None and getattr(own, name) is None
        ]
    return found


def slower(table: Table) -> list[tuple[str, Level]]:
    """Where a worse level is given more time than a lesser one: the path, and the lesser level."""
    found = []
    for lesser, worse in ((Level.V0, Level.V1), (Level.V1, Level.V2), (Level.V2, Level.V3)):
        for name in CLOCK_NAMES:
            before, after = getattr(table.clocks[lesser], name), getattr(table.clocks[worse], name)
            if before is not None and (after is None or after > before):
                found.append((f"clocks.{worse.name}.{name}", lesser))
    return found
