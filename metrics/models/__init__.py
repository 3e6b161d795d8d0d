"""What the app keeps: the dictionary."""

from metrics.models.metric import Metric

__all__ = ["Metric"]
