"""Addresses of metrics and lineage under /api/v1/."""

from django.urls import path

from metrics.lineage.api import BindingViewSet, GraphViewSet, ReceiverViewSet
from metrics.quality.api import BatchViewSet, FileViewSet, PromotionViewSet, ResultViewSet
from metrics.values.api import ValueViewSet

urlpatterns = [
    path("metrics/<str:key>/values/", ValueViewSet.as_view({"get": "list", "post": "create"})),
    # As clients of OpenLineage call them, and as everything else here is called; described once.
    path("lineage", ReceiverViewSet.as_view({"post": "create"}, schema=None)),
    path("lineage/", ReceiverViewSet.as_view({"post": "create"})),
    path("lineage/batch", ReceiverViewSet.as_view({"post": "batch"}, schema=None)),
    path("lineage/batch/", ReceiverViewSet.as_view({"post": "batch"})),
    # No checkpoint has the key “results”.
    path("checkpoints/results/", BatchViewSet.as_view({"post": "create"})),
    path("checkpoints/<str:key>/results/", ResultViewSet.as_view({"get": "list", "post": "create"})),
    path("checkpoints/<str:key>/results/<int:pk>/", ResultViewSet.as_view({"get": "retrieve"})),
    path("checkpoints/<str:key>/files/", FileViewSet.as_view({"post": "create"})),
    path("workflows/<str:key>/promotion", PromotionViewSet.as_view({"get": "retrieve"}, schema=None)),
    path("workflows/<str:key>/promotion/", PromotionViewSet.as_view({"get": "retrieve"})),
    path("lineage/graph/", GraphViewSet.as_view({"get": "list"})),
    path("lineage/namespaces/", BindingViewSet.as_view({"get": "list", "post": "create", "put": "move"})),
]
