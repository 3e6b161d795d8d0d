"""What the gate judges by and what it answers, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from severity.readiness import RowStatus


@dataclass(frozen=True)
class Reason:
    """One thing that blocks, or that is only to be known: the rule, in words, the object, since when, who can lift it."""

    rule: str
    what: str
    object: str
    address: str
    since: datetime | None
    who: str
    dimension: str = ""


@dataclass(frozen=True)
class Trouble:
    """An unresolved incident. `covered_until`, `_by` and `_key`: its live exception for this release; `measure`: it has one."""

    id: int
    severity: int
    title: str
    state: str
    dimension: str
    owner: str
    opened_at: datetime
    measure: bool = False
    covered_until: datetime | None = None
    covered_by: str = ""
    covered_key: str = ""


@dataclass(frozen=True)
class Check:
    """An active checkpoint that is no fresh pass, with the unresolved incident about it if there is one."""

    key: str
    name: str
    dimension: str
    verdict: str
    since: datetime | None
    owner: str
    incident: Trouble | None = None


@dataclass(frozen=True)
class Said:
    """The newest statement of people about a row."""

    dimension: str
    status: RowStatus
    note: str
    evidence: Sequence[Mapping[str, Any]]
    owner: str
    by: str
    at: datetime


@dataclass(frozen=True)
class LateChange:
    """A class B change that waits past its approval SLA, about which no incident stands yet."""

    id: int
    summary: str
    since: datetime


@dataclass(frozen=True)
class Facts:
    """Everything the gate judges by, read in one statement: of one moment, never mixed from two.

    The lists are bounded, the `counts` are whole: (dimension, severity, harmless) → number of unresolved incidents. Harmless are
    a V2 that is mitigated or under a live exception, and a V1 with a measure; of those that are not, the worst come first.
    """

    now: datetime
    release: str
    state: str
    stage: str
    stale_days: int
    counts: Mapping[tuple[str, int, bool], int] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()
    checks: Sequence[Check] = ()
    checkpoints: int = 0
    said: Sequence[Said] = ()
    late: Sequence[LateChange] = ()
    claims: int = 0
    attested: int = 0
    attested_by_trusted: int = 0
    watched_at: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One row of the matrix: its status, the worst open severity in it, why, what people said, exceptions."""

    dimension: str
    status: RowStatus
    worst: int | None
    reasons: tuple[Reason, ...]
    said: Said | None
    covered: tuple[Trouble, ...]


@dataclass(frozen=True)
class Evaluation:
    """The gate's answer for one promotion."""

    release: str
    stage: str
    to: str
    at: datetime
    rows: tuple[Row, ...]
    blocked: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    note: str
    unlisted: int = 0

    @property
    def allowed(self) -> bool:
        """Whether the promotion may happen: only where nothing at all blocks."""
        return not self.blocked and not self.unlisted

    def count(self, status: RowStatus) -> int:
        """How many rows have this status."""
        return sum(row.status == status for row in self.rows)
