"""The tab of a connector's page that tells its incidents: of itself, of its tasks, tools and runs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.registry.kinds import Tab
from severity.models import Incident
from severity.pages import cause_of

SHOWN = 50


def _incidents(entry: Any, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    rows = Incident.objects.of_connector(entry.pk).select_related("owner", "commander")[: SHOWN + 1]
    found = [{"incident": one, "cause": cause_of(one)} for one in rows]
    return {"incidents": found[:SHOWN], "more_incidents": len(found) > SHOWN}


TAB = Tab("incidents", _("Incidents"), "severity/connector_incidents.html", _incidents)
