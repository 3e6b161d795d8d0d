"""The tabs of a connector's page that this app brings: its incidents, and the releases on their way that they hold up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.registry.kinds import Tab
from severity.models import Incident
from severity.pages import cause_of
from severity.releases.reads import on_their_way

SHOWN = 50


def _incidents(entry: Any, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    rows = Incident.objects.of_connector(entry.pk).select_related("owner", "commander")[: SHOWN + 1]
    found = [{"incident": one, "cause": cause_of(one)} for one in rows]
    return {"incidents": found[:SHOWN], "more_incidents": len(found) > SHOWN}


def _releases(entry: Any, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    open_ = Incident.objects.of_connector(entry.pk).unresolved().by_urgency()
    found = on_their_way(list(open_[:SHOWN]))
    return {"on_their_way": found, "held": sum(1 for one in found if one.by)}


TAB = Tab("incidents", _("Incidents"), "severity/connector_incidents.html", _incidents)
RELEASES_TAB = Tab("releases", _("Releases"), "severity/connector_releases.html", _releases)
