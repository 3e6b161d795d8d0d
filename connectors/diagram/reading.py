"""The connectors of the picture: one query, without whole documents."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.diagram.picture import TOOL, Row, host_of
from connectors.models import Connector
from portal.registry.models import STANDING
from portal.registry.twins import local_name


def rows(*, owner: str = "", state: str = "") -> list[Row]:
    """All connectors of these, sorted by name; those in force where no state is asked for."""
    found: Any = Connector.objects.filter(state__in=[state] if state else STANDING)
    if owner:
        found = found.filter(owner__key=owner)
    values = found.order_by("name", "key").values_list(
        "id", "key", local_name(), "kind", "state", "owner__key", "owner__name", "endpoint", "document__runtime_tool__allowlist",
        "document__data_movement__source", "document__data_movement__destination", "document__facade__module",
    )  # fmt: skip
    return [_row(*one) for one in values]


def _row(
    number: int, key: str, name: str, kind: str, state: str, owner: str, owner_name: str, endpoint: str, allowlist: Any,
    source: Any, destination: Any, facade: Any,
) -> Row:  # fmt: skip
    if kind == TOOL:
        human, pages, before = (
            f"RT-{number:03d}",
            "tools",
            tuple(sorted({str(one["agent"]) for one in allowlist or []})),
        )
        after = host_of(endpoint)
    else:
        human, pages, before = f"DM-{number:03d}", "syncs", (str(source["system"]),)
        after = f"{destination['system']}: {destination['dataset']}"
    address = reverse("entry", args=[pages, key])
    return Row(human, key, name, kind, state, owner, owner_name, address, before, after, str(facade or ""))


def words() -> dict[str, str]:
    """What the picture calls its parts, in the language of the reader."""
    return {
        "decision": _("Decision plane: agents call runtime tools"),
        "execution": _("Execution plane: data movements fill datasets"),
        "agent": _("Agent"),
        "runtime_tool": _("Runtime tool"),
        "server": _("Server"),
        "system": _("Source"),
        "data_movement": _("Data movement"),
        "dataset": _("Destination dataset"),
        "more": _("%(n)d more"),
        "many": _("%(n)d connectors"),
    }
