"""One exchange with a server about one task, as a worker's thread runs it: no database here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from connectors.mcp.observation import Acknowledgement, Kind, Observation, StartOutcome
from connectors.models import Connector
from connectors.tracking import observe
from connectors.tracking.change import Change, Held
from connectors.tracking.claim import LOOK_LEASE_SECONDS, START_LEASE_SECONDS
from connectors.tracking.ways import Asked, McpTasks, Started, Way, way_of
from portal.outbound import secrets
from portal.outbound.client import OutboundClient, Timeouts

LOOK = Timeouts(connect=3.0, read=8.0, total=10.0)
MOST_START_SECONDS = 30.0
# An exchange begins only while its lease will surely outlast it: a cancel and a look, or one start.
LOOK_BEGINS_WITHIN = LOOK_LEASE_SECONDS - 2 * LOOK.total - 2
START_BEGINS_WITHIN = START_LEASE_SECONDS - MOST_START_SECONDS - 5


@dataclass(frozen=True)
class Target:
    """How one version of a connector is spoken to."""

    credential_ref: str
    key_location: str
    key_name: str
    start: Timeouts
    way: Way = field(default_factory=McpTasks)

    @property
    def idempotent(self) -> bool:
        """Whether the connector declares that a repeated call under its key does nothing twice."""
        return self.key_location in ("argument", "_meta", "header")

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Target":
        """Read it from the connector's document."""
        key = document["facets"]["idempotency_key"]
        timeout = document["facets"]["timeout"]
        total = min(float(timeout["total_seconds"]), MOST_START_SECONDS)
        return cls(
            credential_ref=document["runtime_tool"].get("credential_ref", ""),
            key_location=key["location"],
            key_name=key.get("name", ""),
            way=way_of(document),
            start=Timeouts(
                connect=min(float(timeout["connect_seconds"]), LOOK.connect),
                read=min(float(timeout["read_seconds"]), total),
                total=total,
            ),
        )


class Targets:
    """The targets of the connectors at hand, read once a version."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, Target]] = {}

    def of(self, held: list[Held]) -> dict[int, Target]:
        """The target of every connector among these tasks, by its id."""
        versions = {task.connector_id: task.connector_version for task in held}
        unknown = [pk for pk, version in versions.items() if self._kept.get(pk, (0, None))[0] != version]
        if unknown:
            for pk, version, document in Connector.objects.filter(pk__in=unknown).values_list(
                "pk", "version", "document"
            ):
                self._kept[pk] = (version, Target.of(document))
        return {pk: self._kept[pk][1] for pk in versions}


def token_of(target: Target) -> str:
    """The credential's text. Raises portal.outbound.secrets.CredentialError."""
    return secrets.resolve(target.credential_ref, secret_dir=settings.SECRET_DIR)


def look(held: Held, target: Target, token: str, *, via: OutboundClient | None = None) -> "Look":
    """Ask about the task, after telling the server of its cancelling where that is still to be done."""
    asked = Asked(held.endpoint, held.remote_task_id, held.remote_session, token, LOOK)
    acknowledged = target.way.cancel(asked, via) if held.to_cancel else None
    return Look(target.way.look(asked, via), acknowledged)


@dataclass(frozen=True, slots=True)
class Look:
    """The answers of one look."""

    seen: Observation
    acknowledged: Acknowledgement | None

    @property
    def hindered(self) -> bool:
        """Whether the server did not answer at all, or not in time."""
        return self.seen.kind is Kind.UNAVAILABLE

    @property
    def told(self) -> tuple[float | None, str]:
        """How long the server asks to be left alone, in seconds, and in which words."""
        return self.seen.retry_after_seconds, self.seen.detail

    def change(self, held: Held, *, at: datetime, spread: float) -> Change:
        """What it means for the task."""
        return observe.looked(held, self.seen, self.acknowledged, at=at, spread=spread)


@dataclass(frozen=True, slots=True)
class Start:
    """The answer to one `tools/call`."""

    outcome: StartOutcome
    idempotent: bool

    @property
    def hindered(self) -> bool:
        """Whether the server did not answer at all, or not in time."""
        return self.outcome.cause is Kind.UNAVAILABLE

    @property
    def told(self) -> tuple[float | None, str]:
        """How long the server asks to be left alone, in seconds, and in which words."""
        return self.outcome.retry_after_seconds, self.outcome.detail

    def change(self, held: Held, *, at: datetime, spread: float) -> Change:
        """What it means for the task."""
        return observe.started(held, self.outcome, idempotent=self.idempotent, at=at, spread=spread)


def start(held: Held, target: Target, token: str, *, via: OutboundClient | None = None) -> Start:
    """Call the tool, once, with the task's own idempotency key where the connector has a place for one."""
    arguments = dict(held.arguments or {})
    meta: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if target.key_location == "argument":
        arguments.setdefault(target.key_name, held.remote_key)
    elif target.key_location == "_meta":
        meta[target.key_name] = held.remote_key
    elif target.key_location == "header":
        headers[target.key_name] = held.remote_key
    what = Started(held.endpoint, held.operation, arguments, meta or None, headers or None, token, target.start)
    return Start(target.way.start(what, via), target.idempotent)


def without_asking(held: Held, target: Target, now: datetime) -> Change | None:
    """What is clear before anything is sent: a start that must not be repeated, or that comes too late."""
    if not held.to_start:
        return None
    late = held.deadline_at <= now
    if held.attempted_before:
        repeatable = target.idempotent and not held.held_back and held.cancel_requested_at is None and not late
        return None if repeatable else observe.start_lost(held, at=now)
    if held.cancel_requested_at is not None:
        return observe.never_sent(held, at=now)
    if held.held_back:
        return observe.held_back(held, at=now)
    return observe.never_started(held, at=now) if late else None


__all__ = ["Look", "Start", "Target", "Targets", "look", "start", "token_of", "without_asking"]
