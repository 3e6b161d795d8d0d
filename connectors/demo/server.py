"""The demo MCP server: `python -m connectors.demo.server --port N [--token T]`.

Listens on loopback only and forgets its tasks when it stops. With a token (or DEMO_SERVER_TOKEN in the environment)
every request must carry it.
"""

import argparse
import contextlib
import hmac
import os
import socket
import sys
from collections.abc import Sequence

import uvicorn
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

from connectors.demo import tools
from connectors.demo.tasks_extension import TasksExtension

HOST = "127.0.0.1"
PATH = "/mcp"


class OneToken:
    """Accepts exactly one bearer token."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """The access the token gives, None for any other token."""
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        return AccessToken(token=token, client_id="portal", scopes=[])


def application(port: int, token: str = "") -> Starlette:
    """The ASGI application. `port` is the one it will listen on."""
    address = f"http://{HOST}:{port}"
    server: MCPServer[None] = MCPServer(
        "Demo systems",
        version="1.0.0",
        instructions="Stand-ins for billing, CRM and marketing systems.",
        log_level="WARNING",
        extensions=[TasksExtension(tools.PLANS)],
        token_verifier=OneToken(token) if token else None,
        auth=AuthSettings(
            issuer_url=AnyHttpUrl(address),
            resource_server_url=AnyHttpUrl(address + PATH),
            validate_token_resource=False,
        )
        if token
        else None,
    )
    tools.register(server)
    hosts = [f"{HOST}:{port}", f"localhost:{port}"]
    return server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        host=HOST,
        transport_security=TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[]),
    )


class Announcing(uvicorn.Server):
    """Says on standard output when it is ready, for whoever started it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = sockets[0].getsockname()[1] if sockets else 0
        sys.stdout.write(f"listening on http://{HOST}:{port}{PATH}\n")
        sys.stdout.flush()


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one. Raises OSError when the port is taken."""
    # With the protocol named, asyncio switches off Nagle on accepted connections; without it each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(256)
    return listener


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends the process. The exit code is 2 when the port is taken."""
    parser = argparse.ArgumentParser(description="Demo MCP server on loopback")
    parser.add_argument("--port", type=int, default=8808, help="port to listen on; 0 takes a free one")
    parser.add_argument("--token", default=os.environ.get("DEMO_SERVER_TOKEN", ""), help="bearer token to require")
    options = parser.parse_args(arguments)
    try:
        listener = listen(options.port)
    except (OSError, OverflowError) as exception:
        sys.stderr.write(f"The demo server cannot listen on port {options.port}: {exception}\n")
        return 2
    config = uvicorn.Config(
        application(listener.getsockname()[1], options.token),
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Announcing(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
