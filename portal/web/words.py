"""Words, tones and shapes of everything that has a badge, and the words of clocks.

Pure: no request, no database, no clock of its own. A tone is one of `ok risk bad info accent line` or empty
(neutral); a shape is the id of a symbol in `static/portal/icons.svg`.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Badge:
    """What one value looks like: word, tone, shape."""

    word: str | Promise
    tone: str = ""
    shape: str = "dot"


SEVERITIES: dict[str, str | Promise] = {
    "V0": gettext_lazy("Informational"),
    "V1": gettext_lazy("Operational"),
    "V2": gettext_lazy("Customer-impacting"),
    "V3": gettext_lazy("Release-blocking"),
}

KINDS: dict[str, Badge] = {
    "runtime_tool": Badge(gettext_lazy("Runtime tool"), shape="plug"),
    "data_movement": Badge(gettext_lazy("Data movement"), shape="sync"),
    "backfill": Badge(gettext_lazy("Backfill"), shape="sync"),
    "event_family": Badge(gettext_lazy("Event family"), shape="event"),
    "event_schema": Badge(gettext_lazy("Schema version"), shape="draft"),
    "metric": Badge(gettext_lazy("Metric"), shape="metric"),
    "decision": Badge(gettext_lazy("Decision"), shape="draft"),
    "dataset": Badge(gettext_lazy("Dataset"), shape="lineage"),
    "checkpoint": Badge(gettext_lazy("Checkpoint"), shape="check"),
    "workflow": Badge(gettext_lazy("Workflow"), shape="task"),
    "lineage_choice": Badge(gettext_lazy("Lineage choice"), shape="lineage"),
    "release": Badge(gettext_lazy("Release"), shape="release"),
    "exception": Badge(gettext_lazy("Exception"), shape="risk"),
    "approval_policy": Badge(gettext_lazy("Approval policy"), shape="lock"),
    "severity_table": Badge(gettext_lazy("Severity table"), shape="risk"),
}

GATES: dict[str, Badge] = {
    "ok": Badge(gettext_lazy("OK"), "ok", "check"),
    "risk": Badge(gettext_lazy("Risk"), "risk", "risk"),
    "blocked": Badge(gettext_lazy("Blocked"), "bad", "blocked"),
    "na": Badge(gettext_lazy("N/A"), "", "dash"),
}

STATES: dict[str, Badge] = {
    # Entries and changes
    "draft": Badge(gettext_lazy("Draft"), "line", "draft"),
    "in_review": Badge(gettext_lazy("In review"), "accent", "half"),
    "active": Badge(gettext_lazy("Active"), "ok", "check"),
    "deprecated": Badge(gettext_lazy("Deprecated"), "risk", "risk"),
    "retired": Badge(gettext_lazy("Retired"), "", "dash"),
    "quarantined": Badge(gettext_lazy("Quarantined"), "bad", "blocked"),
    "approved": Badge(gettext_lazy("Approved"), "ok", "check"),
    "applied": Badge(gettext_lazy("Applied"), "ok", "check"),
    "rejected": Badge(gettext_lazy("Rejected"), "bad", "cross"),
    "withdrawn": Badge(gettext_lazy("Withdrawn"), "", "dash"),
    "accepted": Badge(gettext_lazy("Accepted"), "ok", "check"),
    "superseded": Badge(gettext_lazy("Superseded"), "", "dash"),
    # Tools, as approved and as seen
    "pinned": Badge(gettext_lazy("Pinned"), "ok", "check"),
    "unpinned": Badge(gettext_lazy("Not pinned"), "risk", "ring"),
    "unseen": Badge(gettext_lazy("Not seen yet"), "line", "eye-off"),
    "changed": Badge(gettext_lazy("Changed"), "bad", "risk"),
    "new": Badge(gettext_lazy("New"), "info", "plus"),
    "gone": Badge(gettext_lazy("Gone"), "bad", "cross"),
    "renamed": Badge(gettext_lazy("Renamed?"), "bad", "risk"),
    # Classes of columns, and edges of lineage
    "regulated": Badge(gettext_lazy("Regulated"), "bad", "lock"),
    "personal": Badge(gettext_lazy("Personal"), "risk", "user"),
    "internal": Badge(gettext_lazy("Internal"), "", "dot"),
    "public": Badge(gettext_lazy("Public"), "ok", "check"),
    "proven": Badge(gettext_lazy("Proven"), "ok", "check"),
    "declared": Badge(gettext_lazy("Declared"), "line", "draft"),
    "stale": Badge(gettext_lazy("Stale"), "risk", "clock"),
    "undeclared": Badge(gettext_lazy("Undeclared"), "bad", "eye-off"),
    # Incidents
    "open": Badge(gettext_lazy("Open"), "line", "ring"),
    "acknowledged": Badge(gettext_lazy("Acknowledged"), "accent", "half"),
    "mitigated": Badge(gettext_lazy("Mitigated"), "info", "half"),
    "resolved": Badge(gettext_lazy("Resolved"), "ok", "check"),
    # Claims held against evidence
    "verified": Badge(gettext_lazy("Verified"), "ok", "check"),
    "partially_verified": Badge(gettext_lazy("Partially verified"), "risk", "half"),
    "unverified": Badge(gettext_lazy("Unverified"), "bad", "ring"),
    "contradicted": Badge(gettext_lazy("Contradicted"), "bad", "cross"),
    "supports": Badge(gettext_lazy("Supports"), "ok", "check"),
    "contradicts": Badge(gettext_lazy("Contradicts"), "bad", "cross"),
    "unclear": Badge(gettext_lazy("Unclear"), "", "dash"),
    # Tracked tasks
    "starting": Badge(gettext_lazy("Starting"), "info", "ring"),
    "start_unknown": Badge(gettext_lazy("Start unknown"), "risk", "risk"),
    "working": Badge(gettext_lazy("Running"), "info", "play"),
    "running": Badge(gettext_lazy("Running"), "info", "play"),
    "stalled": Badge(gettext_lazy("Stalled"), "risk", "pause"),
    "input_required": Badge(gettext_lazy("Waiting for owner"), "accent", "user"),
    "completed": Badge(gettext_lazy("Done"), "ok", "check"),
    "completed_late": Badge(gettext_lazy("Done late"), "risk", "check"),
    "failed": Badge(gettext_lazy("Failed"), "bad", "cross"),
    "tool_failed": Badge(gettext_lazy("Failed (tool)"), "bad", "cross"),
    "cancel_requested": Badge(gettext_lazy("Cancel requested"), "info", "half"),
    "cancelled": Badge(gettext_lazy("Cancelled"), "", "dash"),
    "cancelled_remotely": Badge(gettext_lazy("Cancelled remotely"), "risk", "dash"),
    "lost": Badge(gettext_lazy("Lost"), "bad", "eye-off"),
    "expired": Badge(gettext_lazy("Expired"), "bad", "clock"),
    "blind": Badge(gettext_lazy("Blind"), "risk", "eye-off"),
    "blind_auth": Badge(gettext_lazy("Blind (sign-in refused)"), "risk", "lock"),
    "contract_drift": Badge(gettext_lazy("Contract drift"), "bad", "risk"),
    # Backfills and drills
    "ready": Badge(gettext_lazy("Ready"), "line", "ring"),
    "verifying": Badge(gettext_lazy("To be verified"), "accent", "user"),
    "done": Badge(gettext_lazy("Done"), "ok", "check"),
    "tested": Badge(gettext_lazy("Tested"), "ok", "check"),
    "old": Badge(gettext_lazy("Drilled long ago"), "risk", "clock"),
    "moved_on": Badge(gettext_lazy("Changed since its drill"), "risk", "risk"),
    "never": Badge(gettext_lazy("Never drilled"), "risk", "risk"),
    # Checks, deadlines, deliveries, facets
    "on_time": Badge(gettext_lazy("On time"), "ok", "check"),
    "due_soon": Badge(gettext_lazy("Due soon"), "risk", "clock"),
    "late": Badge(gettext_lazy("Late"), "bad", "clock"),
    "breached": Badge(gettext_lazy("Breached"), "bad", "risk"),
    "paused": Badge(gettext_lazy("Paused"), "", "pause"),
    "asked": Badge(gettext_lazy("Asked for"), "line", "ring"),
    "no_data": Badge(gettext_lazy("No data"), "", "dash"),
    "off": Badge(gettext_lazy("Not watched"), "", "dash"),
    "succeeded": Badge(gettext_lazy("Succeeded"), "ok", "check"),
    "pending": Badge(gettext_lazy("Pending"), "line", "ring"),
    "sent": Badge(gettext_lazy("Sent"), "ok", "check"),
    "waiting": Badge(gettext_lazy("Waiting"), "line", "ring"),
    "retrying": Badge(gettext_lazy("Retrying"), "risk", "clock"),
    "delivered": Badge(gettext_lazy("Delivered"), "ok", "check"),
    "given_up": Badge(gettext_lazy("Given up"), "bad", "cross"),
    "pass": Badge(gettext_lazy("Pass"), "ok", "check"),
    "fail": Badge(gettext_lazy("Fail"), "bad", "cross"),
    "incomplete": Badge(gettext_lazy("Incomplete"), "bad", "half"),
    "empty": Badge(gettext_lazy("Empty"), "bad", "draft"),
    "unknown": Badge(gettext_lazy("Unknown"), "bad", "eye-off"),
    "held": Badge(gettext_lazy("Held"), "bad", "blocked"),
    "free": Badge(gettext_lazy("Free"), "ok", "check"),
    "passed": Badge(gettext_lazy("Passed"), "ok", "check"),
    "filled": Badge(gettext_lazy("Filled"), "ok", "check"),
    "weak": Badge(gettext_lazy("Weak"), "risk", "risk"),
    "missing": Badge(gettext_lazy("Missing"), "line", "draft"),
    "optional": Badge(gettext_lazy("Optional"), "line", "dot"),
    "error": Badge(gettext_lazy("Has errors"), "bad", "cross"),
}


def state_badge(value: str) -> Badge:
    """The badge of a state; a word we do not know is shown as it is, in neutral dress."""
    known = STATES.get(value)
    if known:
        return known
    plain = value.replace("_", " ").strip()
    return Badge(plain[:1].upper() + plain[1:])


def clock_units() -> tuple[str, str, str, str]:
    """The short words for day, hour, minute, second, as used beside a number."""
    return (
        pgettext("short day", "d"),
        pgettext("short hour", "h"),
        pgettext("short minute", "m"),
        pgettext("short second", "s"),
    )


def span_words(seconds: float) -> str:
    """A length of time in at most two units: `45s`, `4m 10s`, `20m`, `1h 24m`, `2d 3h`. The sign is dropped.

    app.js (`spanWords`) counts by the same rule; a browser test compares the two.
    """
    whole = int(abs(seconds))
    day, hour, minute, second = clock_units()
    if whole < MINUTE:
        return f"{whole}{second}"
    if whole < 10 * MINUTE:
        return _two(whole // MINUTE, minute, whole % MINUTE, second)
    if whole < HOUR:
        return f"{whole // MINUTE}{minute}"
    if whole < DAY:
        return _two(whole // HOUR, hour, whole % HOUR // MINUTE, minute)
    return _two(whole // DAY, day, whole % DAY // HOUR, hour)


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit} {small}{small_unit}" if small else f"{large}{large_unit}"


def deadline_words(deadline: datetime, now: datetime) -> str:
    """`20m left` before the deadline, `1h 24m over` after it."""
    seconds = (deadline - now).total_seconds()
    template = _("%(span)s left") if seconds >= 0 else _("%(span)s over")
    return template % {"span": span_words(seconds)}


def ago_words(moment: datetime, now: datetime) -> str:
    """`just now`, `3m ago`, `2h 5m ago`, or `in 20m` for a moment to come."""
    seconds = (now - moment).total_seconds()
    if 0 <= seconds < 5:
        return _("just now")
    template = _("%(span)s ago") if seconds > 0 else _("in %(span)s")
    return template % {"span": span_words(seconds)}


def part_run(since: datetime | None, until: datetime, now: datetime) -> int:
    """How much of a time has run, for a bar: 0 to 100."""
    if since is None or until <= since:
        return 100 if until <= now else 0
    return max(0, min(100, round(100 * ((now - since) / (until - since)))))
