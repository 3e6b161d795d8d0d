"""Addresses of data syncs under /api/v1/."""

from django.urls import URLPattern, path

from connectors.syncs.api import BreakingNoticeViewSet, SyncRunBatchViewSet, SyncRunViewSet, SyncViewSet

_NOTICE = "syncs/<str:key>/notices/<int:pk>/"

# What is about several comes first: no sync can have such an address.
urlpatterns: list[URLPattern] = [
    path("syncs/", SyncViewSet.as_view({"get": "list"})),
    path("syncs/pause/", SyncViewSet.as_view({"post": "pause_many"})),
    path("syncs/runs/batch/", SyncRunBatchViewSet.as_view({"post": "create"})),
    path("syncs/<str:key>/", SyncViewSet.as_view({"get": "retrieve"})),
    path("syncs/<str:key>/pause/", SyncViewSet.as_view({"post": "pause"})),
    path("syncs/<str:key>/resume/", SyncViewSet.as_view({"post": "resume"})),
    path("syncs/<str:key>/runs/", SyncRunViewSet.as_view({"get": "list", "post": "create"})),
    path("syncs/<str:key>/runs/batch/", SyncRunViewSet.as_view({"post": "batch"})),
    path("syncs/<str:key>/runs/<int:pk>/", SyncRunViewSet.as_view({"get": "retrieve"})),
    path("syncs/<str:key>/notices/", BreakingNoticeViewSet.as_view({"get": "list", "post": "create"})),
    path(_NOTICE, BreakingNoticeViewSet.as_view({"get": "retrieve"})),
    path(f"{_NOTICE}moved/", BreakingNoticeViewSet.as_view({"post": "moved"})),
    path(f"{_NOTICE}close/", BreakingNoticeViewSet.as_view({"post": "close"})),
]
