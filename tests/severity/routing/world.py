"""Incidents that open by the portal's own statement, routes that hear of them, and the passing of their clocks."""

from datetime import timedelta
from typing import Any

from django.db.models import F

from connectors.models import Connector
from portal.operations.services import database_now
from portal.outbox import lanes
from portal.outbox.models import ChatRoom, Notice, OutboxEvent, WebhookEndpoint
from portal.people.actors import Actor
from severity.models import Incident, Route, Silence, Telling, TellingWindow
from severity.opening import Found, open_incident
from severity.recovering import recover
from severity.routing import statements
from severity.rules import FRESHNESS, Level
from severity.sweep import drain
from tests.people import team, user

SWEEP = Actor.system("tests")


def owners(*names: str, key: str = "crm-team") -> None:
    """The team with these members."""
    made = team(key)
    for name in names:
        made.members.add(user(name))


def slip(number: int = 1, *, level: Level = Level.V1, connector: Connector | None = None, **more: Any) -> Incident:
    """An incident of the team, opened by the portal."""
    found = Found(
        **{
            "rule": FRESHNESS, "source": "freshness", "dedup_key": f"slip:{number}", "epoch": database_now(),
            "title": f"Slip {number}", "told": "It slipped.", "owner_id": team().pk, "subject_kind": "test",
            "subject_key": str(number), "connector_id": connector.pk if connector else None, "level": level,
            "evidence": ({"kind": "log", "reference": "17", "note": "x"},),
        } | more
    )  # fmt: skip
    return open_incident(found, actor=SWEEP)[0]


def over(incident: Incident) -> None:
    """Its cause is over."""
    recover(told="It is over.", actor=SWEEP, incident_id=incident.pk)


def route(name: str = "ops", **more: Any) -> Route:
    """A route to an endpoint, by default of every team and at any hour."""
    values: dict[str, Any] = {"least": 0, "zone": "UTC", "way": "webhook", "window_minutes": 10} | more
    if values["way"] == "webhook":
        values["endpoint"] = WebhookEndpoint.objects.get_or_create(
            name=name,
            defaults={"url": "http://127.0.0.1:9/hook", "secret_ref": "env:CREDENTIAL_HOOK", "topics": [name]},
        )[0]
    if values["way"] == "chat":
        values["room"] = ChatRoom.objects.get_or_create(name=name, defaults={"url_ref": "env:CREDENTIAL_ROOM"})[0]
    return Route.objects.create(name=name, **values)


def told() -> list[str]:
    """The subjects of what is told on all routes, after everything due was judged."""
    for statement in (statements.ROUTE, statements.ESCALATE, statements.TELL):
        drain(statement)
    return list(OutboxEvent.objects.filter(topic="incident.told").order_by("id").values_list("subject", flat=True))


def told_to(name: str) -> list[str]:
    """What one receiver was told, after everything due was judged."""
    told()
    lanes.expand()
    events = OutboxEvent.objects.filter(topic="incident.told", deliveries__receiver=name).order_by("id")
    return list(events.values_list("subject", flat=True))


def noticed(name: str) -> list[str]:
    """What a person sees of it in the portal."""
    told()
    lanes.expand()
    notices = Notice.objects.filter(user=user(name), event__topic="incident.told").order_by("id")
    return list(notices.values_list("event__subject", flat=True))


def passes(**span: float) -> None:
    """So much time passes for everything that is told, held back or escalated."""
    gone = timedelta(**span)
    Telling.objects.update(
        tell_at=F("tell_at") - gone, escalate_at=F("escalate_at") - gone, flapping_at=F("flapping_at") - gone
    )
    TellingWindow.objects.update(closes_at=F("closes_at") - gone)
    Silence.objects.update(begun_at=F("begun_at") - gone, ends_at=F("ends_at") - gone)
