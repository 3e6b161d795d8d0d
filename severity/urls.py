"""Addresses of the pages of incidents."""

from django.urls import URLPattern, path

from severity.pages import IncidentList, IncidentPage

urlpatterns: list[URLPattern] = [
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/<str:pk>/", IncidentPage.as_view(), name="incident"),
]
