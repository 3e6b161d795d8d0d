"""Addresses of the pages of lineage."""

from django.urls import URLPattern, path

from metrics.lineage.page import LineagePage

urlpatterns: list[URLPattern] = [path("lineage/", LineagePage.as_view(), name="lineage")]
