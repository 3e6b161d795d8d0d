"""What was learnt from one exchange with a server. All values are bounded and safe to store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How an exchange ended. Only `seen` is a successful look at the task."""

    SEEN = "seen"
    NOT_FOUND = "not_found"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    DRIFT = "drift"
    REFUSED = "refused"


@dataclass(frozen=True)
class RemoteError:
    """An error as the server put it; the message is bounded."""

    code: int
    message: str


@dataclass(frozen=True)
class Observation:
    """One look at a task.

    `detail` is a sentence for people. `remarks` lists fields that were ignored because their values make no sense.
    `result` is set for a completed task, `error` for a failed one, `input_requests` for one that waits for input;
    times to live and intervals are in milliseconds, `retry_after_seconds` in seconds.
    """

    kind: Kind
    detail: str = ""
    task_id: str = ""
    remote_status: str = ""
    status_message: str = ""
    created_at: datetime | None = None
    last_updated_at: datetime | None = None
    ttl_ms: int | None = None
    poll_interval_ms: int | None = None
    is_error: bool = False
    result: dict[str, Any] | None = None
    error: RemoteError | None = None
    input_requests: dict[str, Any] | None = None
    retry_after_seconds: float | None = None
    http_status: int | None = None
    remarks: tuple[str, ...] = ()
    # Of the legacy protocol: the session that alone can look at it.
    session: str = ""

    @property
    def seen(self) -> bool:
        """Whether the server told the state of the task."""
        return self.kind is Kind.SEEN


class StartKind(StrEnum):
    """What became of a `tools/call`."""

    TASK = "task"  # the server made a task
    FINISHED = "finished"  # the server answered at once with a result, which may be a tool error
    FAILED = "failed"  # the server answered with a JSON-RPC error: there is no task
    NOT_STARTED = "not_started"  # certain: not sent, or turned away before anything ran
    UNKNOWN = "unknown"  # sent, and the answer is lost or unreadable: it may be running


@dataclass(frozen=True)
class StartOutcome:
    """What became of a `tools/call`.

    With TASK, `task` is the first look at it. With NOT_STARTED and UNKNOWN, `cause` says what went wrong.
    """

    kind: StartKind
    detail: str = ""
    task: Observation | None = None
    is_error: bool = False
    result: dict[str, Any] | None = None
    error: RemoteError | None = None
    cause: Kind | None = None
    retry_after_seconds: float | None = None
    http_status: int | None = None


@dataclass(frozen=True)
class Acknowledgement:
    """The answer to `tasks/cancel` or `tasks/update`: whether the server took note, not that anything came of it."""

    kind: Kind
    detail: str = ""
    error: RemoteError | None = None
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Tool:
    """A tool as the server describes it."""

    name: str
    title: str = ""
    description: str = ""
    input_schema: dict[str, Any] = field(default_factory=dict)
    output_schema: dict[str, Any] | None = None
    annotations: dict[str, Any] = field(default_factory=dict)
    # What the server sent, whole: fingerprints are taken of this and not of what was cut to be kept.
    definition: Mapping[str, Any] = field(default_factory=dict, repr=False)
    # It is listed more than once, and not as the same: which one a caller gets nobody knows.
    ambiguous: bool = False


@dataclass(frozen=True)
class Tools:
    """The tools of a server; with a kind other than SEEN the list is empty."""

    kind: Kind
    detail: str = ""
    tools: tuple[Tool, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Discovery:
    """What a server says of itself."""

    kind: Kind
    detail: str = ""
    name: str = ""
    version: str = ""
    protocol_versions: tuple[str, ...] = ()
    has_tasks: bool = False
