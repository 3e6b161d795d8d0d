"""Addresses of events under /api/v1/."""

from django.urls import path

from events.validation_api import ValidationViewSet

urlpatterns = [path("events/validate/", ValidationViewSet.as_view({"post": "create"}))]
