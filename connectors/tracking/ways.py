"""The ways in which a long operation is observed, behind one small interface; no database here.

Which way a connector's operations are looked at stands in its document (`runtime_tool.observation`), and not in each task.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from connectors.mcp import client as mcp
from connectors.mcp import legacy
from connectors.mcp.observation import Acknowledgement, Kind, Observation, StartKind, StartOutcome
from connectors.tracking import status_resource
from connectors.tracking.status_resource import Resource
from portal.outbound.client import OutboundClient, Timeouts


class WayName(TextChoices):
    """How an operation is observed."""

    MCP_TASKS = "mcp_tasks", _("MCP Tasks (2026-07-28)")
    MCP_TASKS_LEGACY = "mcp_tasks_legacy", _("MCP Tasks, legacy (2025-11-25)")
    HTTP_STATUS = "http_status", _("HTTP status resource")
    REPORTED = "reported", _("Reported by the operation itself")


@dataclass(frozen=True)
class Asked:
    """One task, as a way needs it. `session` is that of the legacy protocol, empty elsewhere."""

    endpoint: str
    task_id: str
    session: str
    token: str
    timeouts: Timeouts


@dataclass(frozen=True)
class Started:
    """One start. `meta` and `headers` carry the idempotency key where it travels there."""

    endpoint: str
    operation: str
    arguments: Mapping[str, Any]
    meta: Mapping[str, Any] | None
    headers: Mapping[str, str] | None
    token: str
    timeouts: Timeouts


class Way(Protocol):
    """Starting, looking and cancelling. None of them raises for anything the other side does."""

    name: WayName
    polled: bool

    def start(self, what: Started, via: OutboundClient | None) -> StartOutcome:
        """Start an operation, exactly once."""

    def look(self, what: Asked, via: OutboundClient | None) -> Observation:
        """Look at a task."""

    def cancel(self, what: Asked, via: OutboundClient | None) -> Acknowledgement:
        """Ask for its end."""


class McpTasks:
    """The current protocol: stateless, any process with the token can look."""

    name, polled = WayName.MCP_TASKS, True

    def start(self, what: Started, via: OutboundClient | None) -> StartOutcome:
        """`tools/call`; the server decides whether it makes a task of it."""
        return mcp.call_tool(
            what.endpoint, what.operation, what.arguments, token=what.token, timeouts=what.timeouts, meta=what.meta,
            headers=what.headers, via=via,
        )  # fmt: skip

    def look(self, what: Asked, via: OutboundClient | None) -> Observation:
        """`tasks/get`."""
        return mcp.get_task(what.endpoint, what.task_id, token=what.token, timeouts=what.timeouts, via=via)

    def cancel(self, what: Asked, via: OutboundClient | None) -> Acknowledgement:
        """`tasks/cancel`."""
        return mcp.cancel_task(what.endpoint, what.task_id, token=what.token, timeouts=what.timeouts, via=via)


class McpTasksLegacy:
    """The legacy protocol: a task is seen in the session that made it, and nowhere else."""

    name, polled = WayName.MCP_TASKS_LEGACY, True

    def start(self, what: Started, via: OutboundClient | None) -> StartOutcome:
        """A session, then `tools/call` with a task in it."""
        return legacy.call_tool(
            what.endpoint, what.operation, what.arguments, token=what.token, timeouts=what.timeouts, meta=what.meta,
            headers=what.headers, via=via,
        )  # fmt: skip

    def look(self, what: Asked, via: OutboundClient | None) -> Observation:
        """`tasks/get`, and `tasks/result` of what is completed."""
        return legacy.get_task(
            what.endpoint, what.task_id, session=what.session, token=what.token, timeouts=what.timeouts, via=via
        )

    def cancel(self, what: Asked, via: OutboundClient | None) -> Acknowledgement:
        """`tasks/cancel`."""
        return legacy.cancel_task(
            what.endpoint, what.task_id, session=what.session, token=what.token, timeouts=what.timeouts, via=via
        )


@dataclass(frozen=True)
class HttpStatus:
    """A plain HTTP resource. It knows no cancelling: that its end is asked for is seen by its status alone."""

    resource: Resource
    name = WayName.HTTP_STATUS
    polled = True

    def start(self, what: Started, via: OutboundClient | None) -> StartOutcome:
        """POST to the start address, where the connector names one."""
        if not self.resource.start_url:
            return StartOutcome(
                StartKind.NOT_STARTED, "The connector names no address to start at.", cause=Kind.REFUSED
            )
        return status_resource.start(
            self.resource, what.operation, what.arguments, token=what.token, timeouts=what.timeouts,
            headers=what.headers, via=via,
        )  # fmt: skip

    def look(self, what: Asked, via: OutboundClient | None) -> Observation:
        """GET the status address."""
        return status_resource.look(self.resource, what.task_id, token=what.token, timeouts=what.timeouts, via=via)

    def cancel(self, what: Asked, via: OutboundClient | None) -> Acknowledgement:
        """There is nobody to tell."""
        return Acknowledgement(Kind.REFUSED, "A status resource cannot be told to cancel.")


class Reported:
    """Nobody is asked: the operation tells by webhook or heartbeat, and its silence is found by the clocks."""

    name, polled = WayName.REPORTED, False

    def start(self, what: Started, via: OutboundClient | None) -> StartOutcome:
        """It is started elsewhere."""
        return StartOutcome(StartKind.NOT_STARTED, "It is started elsewhere and only adopted here.", cause=Kind.REFUSED)

    def look(self, what: Asked, via: OutboundClient | None) -> Observation:
        """There is nothing to look at."""
        return Observation(Kind.REFUSED, "It reports by itself; there is nothing to look at.")

    def cancel(self, what: Asked, via: OutboundClient | None) -> Acknowledgement:
        """There is nobody to tell."""
        return Acknowledgement(Kind.REFUSED, "An operation that reports by itself cannot be told to cancel.")


LIMITS: Final[dict[WayName, Any]] = {
    WayName.MCP_TASKS: "",
    WayName.MCP_TASKS_LEGACY: _(
        "Seen in the session that made it alone: when the server ends the session, the task is lost to us."
        " What it asks for cannot be answered from here."
    ),
    WayName.HTTP_STATUS: _("It cannot be told to cancel, nor answered from here."),
    WayName.REPORTED: _(
        "Nobody looks at it: what it does not tell is found by its clocks alone. It cannot be told to cancel."
    ),
}


def observation_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a connector's document says of observing; empty where it says nothing."""
    told: Mapping[str, Any] = document["runtime_tool"].get("observation") or {}
    return told


def name_of(document: Mapping[str, Any]) -> WayName | None:
    """The way of a connector's operations; None for plain HTTP that names none: it has no tasks."""
    told = observation_of(document).get("way")
    if told:
        return WayName(told)
    return WayName.MCP_TASKS if document["runtime_tool"]["transport"] == "streamable_http" else None


def starts(document: Mapping[str, Any]) -> bool:
    """Whether the portal can start its operations, and not only adopt them."""
    way = name_of(document)
    if way is WayName.HTTP_STATUS:
        return bool(observation_of(document).get("start_url"))
    return way in (WayName.MCP_TASKS, WayName.MCP_TASKS_LEGACY)


def way_of(document: Mapping[str, Any]) -> Way:
    """The way by which a connector's operations are observed."""
    name = name_of(document)
    if name is WayName.HTTP_STATUS:
        told = observation_of(document)
        words = {one["says"]: one["means"] for one in told.get("status_map", ())}
        names = ("status_url", "status_pointer", "message_pointer", "result_pointer", "start_url", "id_pointer")
        return HttpStatus(Resource(words=words, **{one: told[one] for one in names if told.get(one)}))
    return _PLAIN[name or WayName.MCP_TASKS]


_PLAIN: Final[dict[WayName, Way]] = {
    WayName.MCP_TASKS: McpTasks(),
    WayName.MCP_TASKS_LEGACY: McpTasksLegacy(),
    WayName.REPORTED: Reported(),
}
