"""A server of the `mcp` SDK whose tools are as VARIANT says: `python -m tests.servers.tools_sdk PORT VARIANT`."""

import sys
from typing import Annotated, Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field

from connectors.demo.server import HOST, Announcing, listen
from tests.servers.tool_variants import DESCRIPTIONS, LIMITED

PATH = "/mcp"


def application(port: int, variant: str) -> Any:
    """The server as an ASGI application."""
    server: MCPServer[None] = MCPServer("SDK tools", version="1.0.0", log_level="WARNING")
    if variant == LIMITED:

        def find_customer(customer_id: Annotated[str, Field(pattern="^C-")]) -> dict[str, Any]:
            return {"customer_id": customer_id}
    else:

        def find_customer(customer_id: str) -> dict[str, Any]:
            return {"customer_id": customer_id}

    server.add_tool(find_customer, description=DESCRIPTIONS[variant])
    hosts = [f"{HOST}:{port}"]
    return server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        host=HOST,
        transport_security=TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[]),
    )


if __name__ == "__main__":
    listener = listen(int(sys.argv[1]))
    made = application(listener.getsockname()[1], sys.argv[2])
    Announcing(uvicorn.Config(made, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])
