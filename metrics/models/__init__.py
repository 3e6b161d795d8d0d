"""What the app keeps: the dictionary, decisions and the one lineage choice."""

from metrics.models.choice import LineageChoice
from metrics.models.decision import DecisionRecord, Ruling, Supersession
from metrics.models.metric import Metric

__all__ = ["DecisionRecord", "LineageChoice", "Metric", "Ruling", "Supersession"]
