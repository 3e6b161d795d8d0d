"""Addresses of the pages of lineage and of the import of metrics."""

from django.urls import URLPattern, path

from metrics.interchange.page import ImportMetrics
from metrics.lineage.page import LineagePage

urlpatterns: list[URLPattern] = [
    path("lineage/", LineagePage.as_view(), name="lineage"),
    # Not under metrics/: there, it would be the page of a metric of that key.
    path("import/metrics/", ImportMetrics.as_view(), name="metrics-import"),
]
