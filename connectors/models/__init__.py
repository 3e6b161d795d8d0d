"""Connectors, what was seen of them, and what runs through them."""

from connectors.models.allowlist import AgentAllowlist, CallCount, CallDecision
from connectors.models.backfill import (
    Backfill,
    BackfillJob,
    BackfillLine,
    Drill,
    JobState,
    Partition,
    PartitionState,
)
from connectors.models.connector import Connector, ConnectorKind
from connectors.models.maintenance import Maintenance
from connectors.models.server import ServerState
from connectors.models.sync import BreakingNotice, NoticeConsumer, RunState, SyncRun, SyncState
from connectors.models.task import HookMessage, Observation, TaskState, TrackedTask, Trouble
from connectors.models.verification import KnownTool, ProbeOutcome, ToolDefinition, ToolState, Verification

__all__ = [
    "AgentAllowlist",
    "Backfill",
    "BackfillJob",
    "BackfillLine",
    "BreakingNotice",
    "CallCount",
    "CallDecision",
    "Connector",
    "ConnectorKind",
    "Drill",
    "HookMessage",
    "JobState",
    "KnownTool",
    "Maintenance",
    "NoticeConsumer",
    "Observation",
    "Partition",
    "PartitionState",
    "ProbeOutcome",
    "RunState",
    "ServerState",
    "SyncRun",
    "SyncState",
    "TaskState",
    "ToolDefinition",
    "ToolState",
    "TrackedTask",
    "Trouble",
    "Verification",
]
