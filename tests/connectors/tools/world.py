"""A server whose tools can be changed, and connectors whose operations it answers."""

from copy import deepcopy
from typing import Any

from connectors.models import Connector, KnownTool, Verification
from connectors.tools.fingerprints import fingerprints
from connectors.tools.recording import Recorded
from connectors.tools.watching import look_now
from portal.operations.services import database_now
from tests.documents import runtime_tool_document
from tests.people import actor
from tests.registering import apply_connector
from tests.servers.scripted import Exchange, ScriptedServer, error, result

Tool = dict[str, Any]
LOOKUP: Tool = {
    "name": "lookup_customer",
    "title": "Look up",
    "description": "Finds a customer by number.",
    "inputSchema": {
        "type": "object",
        "properties": {"customer_id": {"type": "string", "description": "Such as C-1001."}},
        "required": ["customer_id"],
    },
    "outputSchema": {"type": "object", "properties": {"name": {"type": "string"}}},
    "annotations": {"readOnlyHint": True},
}
UPDATE: Tool = {
    "name": "update_customer",
    "description": "Changes a customer.",
    "inputSchema": {"type": "object", "properties": {"customer_id": {"type": "string"}, "city": {"type": "string"}}},
    "annotations": {"readOnlyHint": False},
}


def tool(base: Tool = LOOKUP, **changes: Any) -> Tool:
    """A definition of a tool, with some keys changed; `...` leaves one out."""
    made = deepcopy(base) | changes
    return {key: value for key, value in made.items() if value is not ...}


class Shelf:
    """The tools that a scripted server shows, and whether it answers."""

    def __init__(self, server: ScriptedServer, *tools: Tool) -> None:
        self.server = server
        self.tools = list(tools)
        server.behave(self)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return self.server.url

    def put(self, *tools: Tool) -> None:
        """Show these, and no others."""
        self.tools = list(tools)
        self.server.behave(self)

    def __call__(self, exchange: Exchange) -> None:
        method = exchange.seen.json["method"]
        if method == "server/discover":
            answer = result(
                {
                    "serverInfo": {"name": "Shelf", "version": "1.2"},
                    "capabilities": {},
                    "supportedVersions": ["2026-07-28"],
                }
            )
        elif method == "tools/list":
            answer = result({"tools": self.tools})
        else:
            answer = error(-32601, "Method not found", 404)
        answer(exchange)


def pin(definition: Tool, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The pin of a definition, as a document holds it; some aspects may be left out, as in older documents."""
    prints = fingerprints(definition)
    aspects = ("input", "output", "prose", "annotations")
    return {"operation": definition["name"]} | {
        f"{name}_digest": "" if name in without else getattr(prints, name) for name in aspects
    }


def document(endpoint: str, *pinned: Tool, key: str = "crm-lookup", **changes: Any) -> dict[str, Any]:
    """A runtime tool at this address with these tools pinned."""
    made = {"runtime_tool.endpoint": endpoint, "runtime_tool.tool_pins": [pin(one) for one in pinned]}
    return runtime_tool_document(key, made | {name.replace("__", "."): value for name, value in changes.items()})


def registered(shelf: Shelf, *pinned: Tool, **changes: Any) -> Connector:
    """The same, applied."""
    return apply_connector(document(shelf.url, *pinned, **changes))


def looked(key: str = "crm-lookup", by: str = "amal") -> Recorded:
    """What a look that somebody asked for came to."""
    return look_now(actor=actor(by), key=key, now=database_now())


def known(name: str = "lookup_customer") -> KnownTool:
    """The row of one tool, as it is now."""
    return KnownTool.objects.get(name=name)


def states() -> dict[str, str]:
    """The state of every known tool."""
    return dict(KnownTool.objects.values_list("name", "state"))


def verification() -> Verification:
    """The looks at the one server there is."""
    return Verification.objects.get()
