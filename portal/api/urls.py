"""Addresses under /api/v1/."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

from portal.api.changes import ChangeViewSet
from portal.api.entries import viewset_for
from portal.api.openapi import SchemaView
from portal.registry import kinds

router = SimpleRouter()
router.register("changes", ChangeViewSet, basename="api-change")
for collection in dict.fromkeys(kind.collection for kind in kinds.all_kinds()):
    router.register(collection, viewset_for(collection), basename=f"api-{collection}")

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    *router.urls,
    *(path("", include(conf)) for conf in settings.API_URLCONFS),
]
