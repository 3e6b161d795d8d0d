"""Addresses under /api/v1/."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

from portal.api.attachments import AttachmentViewSet
from portal.api.change_discussion import CommentViewSet, WatchViewSet
from portal.api.changes import ChangeViewSet
from portal.api.deliveries import DeliveryViewSet, EndpointViewSet, RoomViewSet
from portal.api.entries import viewset_for
from portal.api.entry_schemas import EntrySchemaViewSet
from portal.api.notices import NoticeViewSet
from portal.api.openapi import SchemaView
from portal.api.people import PersonViewSet, TeamViewSet, TokenViewSet
from portal.api.policy_test import PolicyTestViewSet
from portal.registry import kinds

router = SimpleRouter()
router.register("changes", ChangeViewSet, basename="api-change")
router.register("attachments", AttachmentViewSet, basename="api-attachment")
router.register("notices", NoticeViewSet, basename="api-notice")
router.register("deliveries", DeliveryViewSet, basename="api-delivery")
router.register("webhooks", EndpointViewSet, basename="api-endpoint")
router.register("rooms", RoomViewSet, basename="api-room")
router.register("people", PersonViewSet, basename="api-person")
router.register("teams", TeamViewSet, basename="api-team")
router.register("tokens", TokenViewSet, basename="api-token")
for collection in dict.fromkeys(kind.collection for kind in kinds.all_kinds()):
    router.register(collection, viewset_for(collection), basename=f"api-{collection}")

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("schemas/<str:name>.json", EntrySchemaViewSet.as_view({"get": "retrieve"}), name="api-entry-schema"),
    path("changes/<str:pk>/comments/", CommentViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "changes/<str:pk>/watch/",
        WatchViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
    ),
    # Before the collection of policies, which has one entry with another key.
    path("policies/test/", PolicyTestViewSet.as_view({"post": "create"})),
    # Those of the apps first: an address of theirs below a collection is no entry of it.
    *(path("", include(conf)) for conf in settings.API_URLCONFS),
    *router.urls,
]
