"""Addresses of the pages of connectors, tracked tasks, agents, backfills, drills, and of the architecture."""

from django.urls import URLPattern, path, re_path

from connectors.allowlist.pages import AgentList, AgentPage
from connectors.backfills.pages import RecordDrill, Work
from connectors.diagram.page import Architecture
from connectors.hooks import STATUSES, Beat, TaskWebhook
from connectors.importing.page import ImportConnector
from connectors.models import ConnectorKind
from connectors.pages import TaskList, TaskPage
from connectors.steering_pages import MaintenanceList, TaskClocks
from connectors.syncs.urls import urlpatterns as sync_urlpatterns
from connectors.tools.pages import HoldTool, ProbeChosen, ProbeTool, RepinTools

urlpatterns: list[URLPattern] = [
    path("tools/import/", ImportConnector.as_view(), name="tools-import"),
    path("syncs/import/", ImportConnector.as_view(kind_name=ConnectorKind.DATA_MOVEMENT), name="syncs-import"),
    path("architecture/", Architecture.as_view(), name="architecture"),
    path("tasks/", TaskList.as_view(), name="tasks"),
    path("tasks/<int:pk>/", TaskPage.as_view(), name="task"),
    path("tasks/<int:pk>/clocks/", TaskClocks.as_view(), name="task-clocks"),
    path("maintenance/", MaintenanceList.as_view(), name="maintenance"),
    path("hooks/tasks/<str:key>/", TaskWebhook.as_view(), name="hook-task"),
    path("hooks/beat/<str:secret>/", Beat.as_view(), name="hook-beat"),
    *(
        path(f"hooks/beat/<str:secret>/{how}/", Beat.as_view(), {"how": how}, name=f"hook-beat-{how}")
        for how in STATUSES
        if how
    ),
    path("agents/", AgentList.as_view(), name="agents"),
    path("agents/<slug:agent>/", AgentPage.as_view(), name="agent"),
    re_path(r"^backfills/(?P<key>[a-z][a-z0-9-]{0,59})/work/$", Work.as_view(), name="backfill-work"),
    re_path(r"^syncs/(?P<key>[a-z][a-z0-9-]{0,59})/drill/$", RecordDrill.as_view(), name="sync-drill"),
    path("tools/probe/chosen/", ProbeChosen.as_view(), name="tools-probe"),
    path("tools/<str:key>/probe/", ProbeTool.as_view(), name="tool-probe"),
    path("tools/<str:key>/repin/", RepinTools.as_view(), name="tool-repin"),
    path("tools/<str:key>/quarantine/", HoldTool.as_view(), name="tool-hold"),
    *sync_urlpatterns,
]
