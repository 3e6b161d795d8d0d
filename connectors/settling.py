"""What is written with a connector when a change of it is applied, in the same transaction."""

from datetime import datetime

from connectors.models import Connector, ConnectorKind
from connectors.syncs import standing
from connectors.tools import recording
from connectors.tracking.moving import follow_hours, follow_sla
from connectors.tracking.servers import follow_limits
from portal.people.actors import Actor


def settle(entry: Connector, actor: Actor, now: datetime) -> None:
    """Bring what stands beside the document in line with it."""
    if entry.kind == ConnectorKind.RUNTIME_TOOL:
        recording.settle(entry, actor, now)
        follow_sla(entry)
        follow_hours(entry)
        follow_limits(entry)
    else:
        standing.settle(entry)
