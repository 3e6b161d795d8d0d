"""The cases: what a server does, and what the portal makes of it. Each is told on the stages that can play it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.models import TaskState
from tests.cases.story import Story

SCRIPTED, SDK, FASTMCP = "scripted", "sdk", "fastmcp"
REAL = (SDK, FASTMCP)
EVERYWHERE = (SCRIPTED, *REAL)
MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Case:
    """One row: its name, where it is told, how, and what stands at the end.

    `slips` are all incidents there ever were of it, by rule with their level (`!`: not over); `told` stands in its timeline.
    """

    name: str
    on: tuple[str, ...]
    play: Callable[[Story], None]
    state: TaskState
    slips: dict[str, str]
    told: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def row(self) -> str:
        """As it stands in the guide."""
        ends = [f"{rule} ({'open' if level.endswith('!') else 'over'})" for rule, level in self.slips.items()]
        return f"| {self.name} | {self.state.label} | {', '.join(ends) or 'none'} | {', '.join(self.on)} |"


CASES: list[Case] = []


def case(name: str, on: tuple[str, ...], state: TaskState, **rest: Any) -> Callable[[Callable[[Story], None]], None]:
    """Add what is decorated to the table."""
    slips = rest.pop("slips", {})
    return lambda play: CASES.append(Case(name, on, play, state, slips, **rest))
