"""Addresses of events under /api/v1/."""

from django.urls import path

from events.asyncapi_api import AsyncApiViewSet
from events.bundle_api import BundleViewSet
from events.refusals_api import RefusalViewSet
from events.validation_api import EnvelopeViewSet, ValidationViewSet

urlpatterns = [
    path("events/validate/", ValidationViewSet.as_view({"post": "create"})),
    path("events/envelope/", EnvelopeViewSet.as_view({"get": "list"})),
    path("events/bundle/", BundleViewSet.as_view({"get": "list"})),
    path("events/refusals/", RefusalViewSet.as_view({"get": "list", "post": "create"})),
    path("events/asyncapi/", AsyncApiViewSet.as_view({"get": "whole"}), name="events-asyncapi"),
    path("events/asyncapi/<str:key>/", AsyncApiViewSet.as_view({"get": "family"}), name="events-asyncapi-family"),
]
