"""A new connector that begins as a copy of another."""

from collections.abc import Mapping
from copy import deepcopy

from connectors.models import Connector, ConnectorKind
from portal.registry.documents import Document


def copied(kind: ConnectorKind, asked: Mapping[str, str]) -> Document:
    """What a new form of this kind opens with: nothing, or with `?copy=<key>` what another of the kind says.

    Who may call what, what was pinned and when it goes hold for the other alone.
    """
    key = asked.get("copy", "")[:60]
    if not key:
        return {}
    found = Connector.objects.filter(key=key, kind=kind).values_list("document", flat=True).first()
    if found is None:
        return {}
    document: Document = deepcopy(found)
    for name in ("key", "name", "deprecation"):
        document.pop(name, None)
    for name in ("allowlist", "tool_pins"):
        document.get("runtime_tool", {}).pop(name, None)
    return document
