"""A task as its worker holds it, and what is to be written of it.

A `Change` names only the columns that move; everything else stays as it is in the row. `GONE` clears a time.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

# PostgreSQL's own word for a time that never comes; the recording statement turns it into NULL.
GONE: Final = "infinity"


@dataclass(frozen=True, slots=True)
class Held:
    """A task as its worker holds it under one lease: the columns that the rules need, as of the claim."""

    id: int
    lease: int
    connector_id: int
    connector_version: int
    endpoint: str
    operation: str
    remote_task_id: str
    state: str
    adopted: bool
    remote_status: str
    status_message: str
    input_requests: dict[str, Any] | None
    trouble_kind: str
    misses: int
    poll_interval_ms: int | None
    started_at: datetime | None
    deadline_at: datetime
    remote_expires_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_acknowledged_at: datetime | None
    stall_seconds: int
    input_seconds: int
    blind_seconds: int
    attempted_before: bool
    arguments: dict[str, Any] | None
    remote_key: str
    remote_session: str = ""
    # Quarantined since it was accepted: it is not to be called (rule: connectors.tools.holding).
    held_back: bool = False

    @property
    def to_start(self) -> bool:
        """Whether the remote task is still to be made."""
        return not self.remote_task_id

    @property
    def to_cancel(self) -> bool:
        """Whether the server is still to be told of the cancelling."""
        return self.cancel_requested_at is not None and self.cancel_acknowledged_at is None


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the observed timeline."""

    what: str
    detail: str = ""


@dataclass(slots=True)
class Change:
    """What is to be written of one task, and the lines of its timeline. Recorded only while the lease still holds."""

    held: Held
    at: datetime
    columns: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
