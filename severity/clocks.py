"""How soon each level asks to be taken on, told of, mitigated and reviewed."""

from dataclasses import dataclass

from severity.rules import Level


@dataclass(frozen=True)
class Clocks:
    """What a level asks for: minutes until it is taken on, updated, mitigated; days until its review. None = not asked for."""

    acknowledge: int | None = None
    update: int | None = None
    resolve: int | None = None
    review_days: int | None = None


# The domain names no times: these stand until the severity table says others.
CLOCKS = {
    Level.V0: Clocks(),
    Level.V1: Clocks(acknowledge=8 * 60, resolve=3 * 24 * 60),
    Level.V2: Clocks(acknowledge=30, update=2 * 60, resolve=24 * 60, review_days=5),
    Level.V3: Clocks(acknowledge=15, update=60, resolve=8 * 60, review_days=3),
}
