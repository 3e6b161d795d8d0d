"""A runtime tool as MCP `server.json`, schema 2025-12-11. What it has no place for travels in `_meta`, and so comes back."""

from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from connectors.importing.server_json import PUBLISHED, STREAMABLE
from connectors.importing.taken import cut
from portal.refusals import Conflict
from portal.registry.documents import Document

SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
_MOST = 100


def server_json(document: Document) -> dict[str, Any]:
    """The server.json. Raises Conflict for a tool that is no MCP server. No secret is in it: only the name of one."""
    tool = document["runtime_tool"]
    if tool["transport"] != "streamable_http":
        message = _("“%s” is reached by plain HTTP; a server.json describes an MCP server.") % document["key"]
        raise Conflict("no_mcp_server", message)
    remote: dict[str, Any] = {"type": STREAMABLE, "url": tool["endpoint"]}
    reference = str(tool.get("credential_ref", ""))
    if reference:
        variable = reference.partition(":")[2]
        secret = {"isRequired": True, "isSecret": True}
        remote["headers"] = [
            {"name": "Authorization", "value": f"Bearer {{{variable}}}", **secret, "variables": {variable: secret}}
        ]
    own = {name: document[name] for name in ("key", "name", "description", "owner")}
    own |= {"credential_ref": reference, "facade": document.get("facade") or {}}
    return {
        "$schema": SCHEMA,
        "name": f"{_space(tool['endpoint'])}/{document['key']}",
        "title": cut(document["name"], _MOST),
        "description": cut(document["description"], _MOST),
        "version": document["facets"]["version"]["number"],
        "remotes": [remote],
        "_meta": {PUBLISHED: {"connector": {name: value for name, value in own.items() if value}}},
    }


def _space(endpoint: str) -> str:
    """The name space of a host, as the registry wants it: from the back. An address without a name has none."""
    host = (urlsplit(endpoint).hostname or "").rstrip(".")
    labels = host.split(".")
    if len(labels) < 2 or all(label.isdigit() for label in labels) or ":" in host:
        return "local.unnamed"
    return ".".join(reversed(labels))
