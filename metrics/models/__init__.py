"""What the app keeps: the dictionary and what was measured, decisions and the one lineage choice."""

from metrics.models.choice import LineageChoice
from metrics.models.decision import DecisionRecord, Ruling, Supersession
from metrics.models.metric import Metric
from metrics.models.values import MeasuredValue

__all__ = ["DecisionRecord", "LineageChoice", "MeasuredValue", "Metric", "Ruling", "Supersession"]
