"""Facades from the registry itself."""

from connectors.facades.bans import Facade
from connectors.models import Connector
from portal.registry.models import EntryState


def registered() -> list[Facade]:
    """Of the connectors that have a file in a repository: those in force, and those that are going. One query."""
    rows = Connector.objects.filter(state__in=[EntryState.ACTIVE, EntryState.DEPRECATED]).order_by("key")
    found = (Facade.of({"key": key, "facade": facade}) for key, facade in rows.values_list("key", "document__facade"))
    return [one for one in found if one is not None]
