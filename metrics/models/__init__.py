"""What the app keeps: the dictionary and what was measured, decisions, the one lineage choice, and lineage as it was told."""

from metrics.models.choice import LineageChoice
from metrics.models.dataset import Dataset
from metrics.models.decision import DecisionRecord, Ruling, Supersession
from metrics.models.lineage import JobNamespace, LineageEdge, LineageEvent, LineageNode, LineageRun, NodeKind
from metrics.models.metric import Metric
from metrics.models.quality import (
    Checkpoint,
    CheckpointRun,
    CheckpointState,
    CheckVerdict,
    Workflow,
    WorkflowDataset,
)
from metrics.models.values import MeasuredValue

__all__ = [
    "CheckVerdict",
    "Checkpoint",
    "CheckpointRun",
    "CheckpointState",
    "Dataset",
    "DecisionRecord",
    "JobNamespace",
    "LineageChoice",
    "LineageEdge",
    "LineageEvent",
    "LineageNode",
    "LineageRun",
    "MeasuredValue",
    "Metric",
    "NodeKind",
    "Ruling",
    "Supersession",
    "Workflow",
    "WorkflowDataset",
]
