"""What the demo server shows of its tools, without starting it: the entries of its `tools/list`."""

import asyncio
from typing import Any

from mcp.server.mcpserver import MCPServer

from connectors.demo import tools


def definitions() -> list[dict[str, Any]]:
    """Every tool, as it travels."""
    server: MCPServer[None] = MCPServer("Demo systems", log_level="WARNING")
    tools.register(server)
    listed = asyncio.run(server.list_tools())
    return [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in listed]
