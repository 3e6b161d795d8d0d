"""The same tools by `fastmcp`, an implementation of its own: `python -m tests.servers.tools_fastmcp PORT VARIANT`."""

import sys
from typing import Annotated, Any

import uvicorn
from fastmcp import FastMCP
from pydantic import Field

from connectors.demo.server import Announcing, listen
from tests.servers.tool_variants import DESCRIPTIONS, LIMITED


def application(variant: str) -> Any:
    """The server as an ASGI application."""
    server: Any = FastMCP("fastmcp tools", version="2.0.0")
    if variant == LIMITED:

        def find_customer(customer_id: Annotated[str, Field(pattern="^C-")]) -> dict[str, Any]:
            return {"customer_id": customer_id}
    else:

        def find_customer(customer_id: str) -> dict[str, Any]:
            return {"customer_id": customer_id}

    server.tool(find_customer, description=DESCRIPTIONS[variant])
    return server.http_app(path="/mcp", stateless_http=True)


if __name__ == "__main__":
    listener = listen(int(sys.argv[1]))
    made = application(sys.argv[2])
    Announcing(uvicorn.Config(made, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])
