"""Who stands on a connector: agents that may call it, and what is made of the data that it moves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max, Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from connectors.models import CallCount, Connector, ConnectorKind

KINDS = {
    "agent": _("Agent"),
    "dataset": _("Dataset"),
    "workflow": _("Workflow"),
    "reader": _("Reader of a dataset"),
    "metric": _("Metric of a dataset"),
    "event": _("Event family fed from a dataset"),
}


@dataclass(frozen=True)
class Consumer:
    """One of them. `seen_at` is when it was last seen to use the connector; None where nobody saw it, or nobody looks."""

    kind: str
    key: str
    name: str = ""
    address: str = ""
    through: str = ""
    operations: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    seen_at: datetime | None = field(default=None, compare=False)

    @property
    def words(self) -> Any:
        """What it is, for people."""
        return KINDS[self.kind]

    @property
    def called(self) -> str:
        """Its name, or its key where it has none."""
        return self.name or self.key


def consumers_of(connector: Connector) -> list[Consumer]:
    """All of them, agents first. One query for a runtime tool."""
    found = _agents(connector) if connector.kind == ConnectorKind.RUNTIME_TOOL else []
    for path in settings.CONNECTOR_CONSUMERS:
        look: Callable[[Connector], Iterable[Consumer]] = import_string(path)
        found += look(connector)
    return found


def _agents(connector: Connector) -> list[Consumer]:
    entries = connector.document["runtime_tool"]["allowlist"]
    # An agent that is not allowed any more has left: only those that are named stand on it.
    seen = dict(
        CallCount.objects.filter(connector=connector, reason="", agent__in=[one["agent"] for one in entries])
        .values_list("agent")
        .annotate(last=Max("last_at", filter=Q(calls__gt=0)))
    )
    return [
        Consumer(
            "agent",
            one["agent"],
            operations=tuple(one["operations"]),
            environments=tuple(one.get("environments") or ()),
            seen_at=seen.get(one["agent"]),
        )
        for one in sorted(entries, key=lambda one: str(one["agent"]))
    ]
