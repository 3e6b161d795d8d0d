"""Fixtures around the servers of this package, as a pytest plugin."""

import socket
from collections.abc import Iterator

import pytest

from portal.outbound.client import OutboundClient
from portal.outbound.guard import Guard
from tests.servers.demo import DemoServer, start_demo_server
from tests.servers.scripted import ScriptedServer

TOKEN = "demo-token-of-the-tests"


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A server that misbehaves as it is told."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="session")
def demo_server() -> Iterator[DemoServer]:
    """The demo MCP server, without a token."""
    with start_demo_server() as server:
        yield server


@pytest.fixture(scope="session")
def guarded_demo_server() -> Iterator[DemoServer]:
    """The demo MCP server that wants a bearer token."""
    with start_demo_server(token=TOKEN) as server:
        yield server


@pytest.fixture
def outbound() -> Iterator[OutboundClient]:
    """A client that may reach loopback besides the public internet."""
    client = OutboundClient(Guard(["127.0.0.0/8"]))
    yield client
    client.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: it is bound, but nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
