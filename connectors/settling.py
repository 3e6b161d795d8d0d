"""What is written with a connector when a change of it is applied, in the same transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
        follow_hours(entry, _sla_before(entry))
        follow_limits(entry)
    else:
        standing.settle(entry)


def _sla_before(entry: Connector) -> Mapping[str, Any]:
    """The task SLA of the version before this one; this one's own where there is none."""
    earlier = (
        entry.history.filter(version__lt=entry.version).order_by("-version").values_list("document", flat=True).first()
    )
    document = earlier or entry.document
    found: Mapping[str, Any] = document["runtime_tool"]["task_sla"]
    return found
