"""Addresses of metrics under /api/v1/."""

from django.urls import path

from metrics.values.api import ValueViewSet

urlpatterns = [
    path("metrics/<str:key>/values/", ValueViewSet.as_view({"get": "list", "post": "create"})),
]
