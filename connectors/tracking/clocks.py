"""The clocks of a tracked task and the pace of looking at it, as pure rules."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from portal.refusals import Problem

LEAST_SECONDS = 1
MOST_SECONDS = 90 * 86400
CANCEL_SECONDS = 60

LEAST_WAIT = 1.0
MOST_WAIT = 300.0
MOST_DOUBLINGS = 9
# Past its deadline a task is looked at ever more rarely, and at some time no more: nobody polls for ever.
OVERDUE_PART = 0.05
MOST_OVERDUE_WAIT = 3600.0
STOP_AFTER_DAYS = 30
SPREAD = 0.1


@dataclass(frozen=True)
class Clocks:
    """The windows of one task, in seconds. Names are those of the columns."""

    start_seconds: int
    deadline_seconds: int
    stall_seconds: int
    input_seconds: int
    blind_seconds: int
    cancel_seconds: int = CANCEL_SECONDS

    def columns(self) -> dict[str, int]:
        """The windows by the names of their columns."""
        return asdict(self)


NAMES = tuple(field.name for field in fields(Clocks))


def clocks_of(sla: Mapping[str, Any], overrides: Mapping[str, Any]) -> tuple[Clocks | None, list[Problem]]:
    """The clocks of a task: the connector's SLA with the overrides of the request, or what is wrong with these."""
    problems = [
        Problem(f"sla.{name}", _("Unknown clock. Known here: %s.") % ", ".join(NAMES), "unknown_key")
        for name in overrides
        if name not in NAMES
    ]
    for name in NAMES:
        value = overrides.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            problems.append(Problem(f"sla.{name}", _("Write a whole number of seconds."), "not_an_integer"))
        elif not LEAST_SECONDS <= value <= MOST_SECONDS:
            bounds = {"least": LEAST_SECONDS, "most": MOST_SECONDS}
            problems.append(
                Problem(f"sla.{name}", _("Must be between %(least)d and %(most)d seconds.") % bounds, "out_of_bounds")
            )
    if problems:
        return None, problems
    chosen = {"cancel_seconds": CANCEL_SECONDS} | {name: sla[name] for name in NAMES if name in sla}
    chosen |= {name: value for name, value in overrides.items() if value is not None}
    clocks = Clocks(**chosen)
    if clocks.start_seconds > clocks.deadline_seconds:
        message = _("It cannot be allowed to start after its deadline.")
        return None, [Problem("sla.start_seconds", message, "start_after_deadline")]
    return clocks, []


def wait_seconds(
    *,
    interval_ms: int | None,
    misses: int,
    retry_after: float | None,
    spread: float,
    to_deadline: float,
) -> float:
    """Seconds until the next look.

    The longest of the server's interval, one second and the backoff after `misses` failed looks, which is five minutes at
    most; not past a deadline that is ahead (`to_deadline` seconds, negative once it has passed), and once it has passed
    a twentieth of the time since, an hour at most. `Retry-After` is kept even then: judging by the clock does not need a
    look. `spread` from -1 to 1 moves the result by up to 10 %, never to before what the server asked for.
    """
    asked = (interval_ms or 0) / 1000
    backoff = min(LEAST_WAIT * 2.0 ** min(misses, MOST_DOUBLINGS), MOST_WAIT)
    backoff = max(backoff, min(-to_deadline * OVERDUE_PART, MOST_OVERDUE_WAIT))
    if asked >= backoff:
        wait = asked * (1 + SPREAD * abs(spread))
    else:
        wait = max(backoff * (1 + SPREAD * spread), asked)
    if to_deadline > 0:
        wait = min(wait, to_deadline)
    return max(wait, retry_after * (1 + SPREAD * abs(spread))) if retry_after else wait


def after(moment: datetime, seconds: float) -> datetime:
    """The moment that many seconds later."""
    return moment + timedelta(seconds=seconds)
