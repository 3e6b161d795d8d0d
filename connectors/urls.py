"""Addresses of the pages of connectors, of tracked tasks and of agents."""

from django.urls import URLPattern, path

from connectors.allowlist.pages import AgentList, AgentPage
from connectors.importing.page import ImportConnector
from connectors.models import ConnectorKind
from connectors.pages import TaskList, TaskPage

urlpatterns: list[URLPattern] = [
    path("tools/import/", ImportConnector.as_view(), name="tools-import"),
    path("syncs/import/", ImportConnector.as_view(kind_name=ConnectorKind.DATA_MOVEMENT), name="syncs-import"),
    path("tasks/", TaskList.as_view(), name="tasks"),
    path("tasks/<int:pk>/", TaskPage.as_view(), name="task"),
    path("agents/", AgentList.as_view(), name="agents"),
    path("agents/<slug:agent>/", AgentPage.as_view(), name="agent"),
]
