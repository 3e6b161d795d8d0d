"""Addresses of the registry API. A subject may hold slashes; the longest addresses come first."""

from typing import Any

from django.urls import URLPattern, URLResolver, include, path

from events.registry.api import (
    CompatibilityViewSet,
    ConfigViewSet,
    ModeViewSet,
    NothingViewSet,
    OtherViewSet,
    SchemasViewSet,
    SubjectsViewSet,
)

Verbs = dict[str, Any]
_config: Verbs = {"get": "of", "put": "change", "delete": "reset"}
_mode: Verbs = {"get": "of", "put": "change", "delete": "change"}
_any: Verbs = dict.fromkeys(("get", "post", "put", "delete", "patch"), "refuse")
_addresses = [
    path("", OtherViewSet.as_view({"get": "server"})),
    path("contexts", OtherViewSet.as_view({"get": "contexts"})),
    path("associations/resources/<str:namespace>/<path:topic>", OtherViewSet.as_view({"get": "associations"})),
    path("schemas/types", SchemasViewSet.as_view({"get": "types"})),
    path("schemas/ids/<str:pk>", SchemasViewSet.as_view({"get": "one"})),
    path("schemas/ids/<str:pk>/schema", SchemasViewSet.as_view({"get": "text"})),
    path("schemas/ids/<str:pk>/subjects", SchemasViewSet.as_view({"get": "named"})),
    path("schemas/ids/<str:pk>/versions", SchemasViewSet.as_view({"get": "places"})),
    path("subjects", SubjectsViewSet.as_view({"get": "every"})),
    path("subjects/<path:subject>/versions/<str:version>/schema", SubjectsViewSet.as_view({"get": "version_text"})),
    path(
        "subjects/<path:subject>/versions/<str:version>/referencedby", SubjectsViewSet.as_view({"get": "referenced_by"})
    ),
    path(
        "subjects/<path:subject>/versions/<str:version>",
        SubjectsViewSet.as_view({"get": "version", "delete": "delete"}),
    ),
    path("subjects/<path:subject>/versions", SubjectsViewSet.as_view({"get": "versions", "post": "register"})),
    path("subjects/<path:subject>", SubjectsViewSet.as_view({"post": "look_up", "delete": "delete_all"})),
    path(
        "compatibility/subjects/<path:subject>/versions/<str:version>",
        CompatibilityViewSet.as_view({"post": "with_one"}),
    ),
    path("compatibility/subjects/<path:subject>/versions", CompatibilityViewSet.as_view({"post": "with_all"})),
    path("config", ConfigViewSet.as_view({"get": "for_all", "put": "change_all", "delete": "reset"})),
    path("config/<path:subject>", ConfigViewSet.as_view(_config)),
    path("mode", ModeViewSet.as_view(_mode)),
    path("mode/<path:subject>", ModeViewSet.as_view(_mode)),
    path("<path:rest>", NothingViewSet.as_view(_any)),
]
urlpatterns: list[URLPattern | URLResolver] = [path("registry/", include(_addresses))]
