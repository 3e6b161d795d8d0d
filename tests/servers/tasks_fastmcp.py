"""Long operations by `fastmcp` and its tasks: `python -m tests.servers.tasks_fastmcp PORT QUEUE [TOKEN…]`.

QUEUE is where its tasks are kept: `memory://` forgets them with the process, a Redis address does not. Each TOKEN is a principal.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

import uvicorn
from fastmcp import Context, FastMCP
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier
from fastmcp.utilities.tasks import TaskConfig
from fastmcp_tasks import TasksExtension
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult

from connectors.demo.server import Announcing, listen

LONG = 3600.0


async def ends(seconds: float = 1.0) -> dict[str, Any]:
    """Ends after a while."""
    await asyncio.sleep(seconds)
    return {"rows": 12}


async def breaks(seconds: float = 1.0) -> dict[str, Any]:
    """Breaks off after a while."""
    await asyncio.sleep(seconds)
    raise RuntimeError("The destination refused row 1,204.")


async def never() -> dict[str, Any]:
    """Never ends."""
    await asyncio.sleep(LONG)
    return {}


async def fails() -> dict[str, Any]:
    """Fails by the protocol."""
    raise MCPError(code=-32603, message="The catalogue service closed the connection.")


async def asks(ctx: Context) -> Any:
    """Asks its caller before it ends."""
    if ctx.input_responses:
        return {"answered": sorted(ctx.input_responses)}
    wanted = {"type": "object", "properties": {"accept": {"type": "boolean"}}, "required": ["accept"]}
    form = ElicitRequestFormParams(message="Accept clause 7?", requested_schema=wanted)
    return InputRequiredResult(input_requests={"decision": ElicitRequest(params=form)})


def application(queue: str, tokens: list[str]) -> Any:
    """The server as an ASGI application."""
    known = {token: {"client_id": f"client-{number}", "scopes": []} for number, token in enumerate(tokens)}
    server: Any = FastMCP("fastmcp tasks", version="1.0.0", auth=StaticTokenVerifier(known) if known else None)
    server.add_extension(TasksExtension(url=queue))
    for tool in (ends, breaks, fails, never, asks):
        server.tool(tool, task=TaskConfig(mode="required", poll_interval=timedelta(seconds=1)))
    return server.http_app(path="/mcp", stateless_http=True)


if __name__ == "__main__":
    listener = listen(int(sys.argv[1]))
    made = application(sys.argv[2], sys.argv[3:])
    Announcing(uvicorn.Config(made, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])
