"""What the app keeps: the dictionary, and what was measured."""

from metrics.models.metric import Metric
from metrics.models.values import MeasuredValue

__all__ = ["MeasuredValue", "Metric"]
