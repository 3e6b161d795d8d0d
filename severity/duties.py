"""What an incident asks of people, by when: one judgement for pages, services and, as SQL, the sweep. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from severity.clocks import Clocks

# The duties of an unresolved incident by its state, and of a resolved one whose review nobody has approved yet.
BY_STATE: Mapping[str, tuple[str, ...]] = {
    "open": ("ack_by", "update_by", "resolve_by"),
    "acknowledged": ("update_by", "resolve_by"),
    "mitigated": ("update_by",),
    "resolved": ("review_by",),
}
CLOCKS_BY_NAME: Mapping[str, str] = {"ack_by": "acknowledge", "update_by": "update", "resolve_by": "resolve"}


@dataclass(frozen=True)
class Due:
    """By when an incident asks for what; None = it does not."""

    ack_by: datetime | None = None
    update_by: datetime | None = None
    resolve_by: datetime | None = None
    review_by: datetime | None = None

    def of(self, state: str, *, reviewed: bool = False) -> dict[str, datetime]:
        """What it asks for in a state, by name; nothing is asked for once the review is approved."""
        if state == "resolved" and reviewed:
            return {}
        found = {name: getattr(self, name) for name in BY_STATE[state]}
        return {name: at for name, at in found.items() if at is not None}


def next_due(due: Due, state: str, *, reviewed: bool = False) -> tuple[str, datetime] | None:
    """What is asked for first, passed or ahead: what pages show."""
    return min(due.of(state, reviewed=reviewed).items(), key=lambda one: (one[1], one[0]), default=None)


def next_duty(
    due: Due, state: str, *, armed: datetime | None, now: datetime, reviewed: bool = False
) -> datetime | None:
    """The clock of the next duty that nobody was told of yet; None where there is none.

    `armed` is the clock as it stood: what passed before it was told. Where it had run out, all that passed until now was.
    """
    told_until = min(armed, now) if armed is not None else now
    return min((at for at in due.of(state, reviewed=reviewed).values() if at >= told_until), default=None)


def by_level(clocks: Clocks, now: datetime) -> Due:
    """What a level asks for from now on."""

    def after(minutes: int | None) -> datetime | None:
        return None if minutes is None else now + timedelta(minutes=minutes)

    return Due(after(clocks.acknowledge), after(clocks.update), after(clocks.resolve))


def review_due(clocks: Clocks, now: datetime) -> datetime | None:
    """By when what is resolved now must be reviewed."""
    return None if clocks.review_days is None else now + timedelta(days=clocks.review_days)


def sooner(one: Due, other: Due) -> Due:
    """Of each duty the earlier instant: worse is never later."""

    def least(name: str) -> datetime | None:
        found = [at for at in (getattr(one, name), getattr(other, name)) if at is not None]
        return min(found, default=None)

    return Due(least("ack_by"), least("update_by"), least("resolve_by"), least("review_by"))
