"""Who hears of incidents in the demo: a team with hours that escalates, a room that waits for its address, a silence."""

from datetime import datetime

from portal.outbox import rooms
from portal.outbox.rooms import Room
from severity.demo.people import actor
from severity.models import Route
from severity.routing import services
from severity.routing.told import RouteTold

# The work week is Sunday to Thursday.
_WORK_WEEK = (7, 1, 2, 3, 4)


def load(now: datetime) -> bool:
    """Make them where there is no route at all; whether they were made."""
    if Route.objects.exists():
        return False
    admin = actor("admin", now)
    rooms.add_room(
        actor=admin, name="operations-room", room=Room("env:CREDENTIAL_OPERATIONS_ROOM", active=False), now=now
    )
    routes = {
        "on-call": RouteTold(way="members", members_of="ai-platform", least="V1", only_escalated=True, repeat_minutes=60),
        "data-platform-day": RouteTold(
            way="members", team="data-platform", days=_WORK_WEEK, begins="08:00", ends="17:00",
            repeat_minutes=30, escalate_minutes=60, escalate_to="on-call",
        ),
        "worst-to-executives": RouteTold(way="members", members_of="finance-team", least="V3"),
        "billing-room": RouteTold(way="chat", team="billing-team", room="operations-room", active=False),
    }  # fmt: skip
    for name, told in routes.items():
        services.add_route(actor=admin, name=name, told=told, now=now)
    services.silence(
        actor=admin, team="legal-team", minutes=8 * 60, now=now, reason="The contract store moves to another region."
    )
    return True
