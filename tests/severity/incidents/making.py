"""Incidents as the tests of this part want them, by the real services."""

from datetime import timedelta
from typing import Any

from portal.changes import services as changes
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.registry.documents import Document
from severity import services
from severity.models import Incident, SeverityTable
from severity.models.table import KEY
from severity.rules import Level
from severity.services import Told
from severity.table.documents import baseline_document
from tests.documents import put
from tests.people import actor, team
from tests.registering import EVIDENCE, approved

SHOWN = ({"kind": "log", "reference": "log 17", "note": "It shows."},)


def declared(level: Level = Level.V1, title: str = "Orders are lost", by: str = "amal", **more: Any) -> Incident:
    """An incident that somebody declared a moment ago."""
    team(more.get("owner", "crm-team"))
    evidence = SHOWN if level == Level.V3 else ()
    told = Told(**({"title": title, "severity": level, "owner": "crm-team", "evidence": evidence} | more))
    return services.declare(actor=actor(by), now=database_now(), told=told)


def act(name: str, incident: Incident, by: str = "amal", **more: Any) -> Incident:
    """The incident after somebody did this with it, read anew."""
    call = getattr(services, name)
    call(**({"actor": actor(by), "incident_id": incident.pk, "now": database_now()} | more))
    return again(incident)


def again(incident: Incident) -> Incident:
    """The incident as it stands."""
    return Incident.objects.get(pk=incident.pk)


def lines(incident: Incident) -> list[str]:
    """What happened, as its timeline tells it."""
    return list(incident.timeline.order_by("id").values_list("what", flat=True))


def past(incident: Incident, **clocks: timedelta) -> Incident:
    """The incident with these clocks so far from now, armed for the first of them."""
    now = database_now()
    at = {name: now + distance for name, distance in clocks.items()}
    Incident.objects.filter(pk=incident.pk).update(**at, duty_clock=min(at.values()))
    return again(incident)


def table_document(*changes_: tuple[str, Any]) -> Document:
    """The standing table, or the domain's own, with these paths set."""
    team()
    standing = SeverityTable.objects.first()
    document = dict(standing.document) if standing else baseline_document() | {"owner": "crm-team"}
    for path, value in changes_:
        put(document, path, value)
    return document


def table_applied(*changes_: tuple[str, Any]) -> SeverityTable:
    """The table after a change of it was signed by a lead and an executive."""
    now = database_now()
    draft = Draft(document=table_document(*changes_), evidence=EVIDENCE)
    change = changes.propose(actor=actor("adam"), kind_name="severity_table", key=KEY, draft=draft, now=now)
    change = changes.submit(actor=actor("adam"), change_id=change.pk, now=now)
    assert approved(change, "omar", "khalid").state == "applied"
    return SeverityTable.objects.get()
