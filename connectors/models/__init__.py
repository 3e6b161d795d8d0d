"""Connectors and their tracked tasks."""

from connectors.models.connector import Connector, ConnectorKind
from connectors.models.task import Observation, TaskState, TrackedTask, Trouble

__all__ = ["Connector", "ConnectorKind", "Observation", "TaskState", "TrackedTask", "Trouble"]
