"""Addresses of the pages of tracked tasks."""

from django.urls import URLPattern, path

from connectors.pages import TaskList, TaskPage

urlpatterns: list[URLPattern] = [
    path("tasks/", TaskList.as_view(), name="tasks"),
    path("tasks/<int:pk>/", TaskPage.as_view(), name="task"),
]
