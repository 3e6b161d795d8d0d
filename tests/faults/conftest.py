"""A tracked server as these tests want it, and how long they may take."""

import os
from collections.abc import Iterator

import pytest

from tests.faults.slips import LOOK_MS
from tests.servers.scripted import Exchange, ScriptedServer, task


def chaos_seconds() -> float:
    """How long `make chaos` may go on."""
    return float(os.environ.get("CHAOS_SECONDS", "120"))


def _tell(exchange: Exchange) -> None:
    failing = exchange.seen.json["params"]["taskId"].startswith("failing")
    task(status="failed" if failing else "working", pollIntervalMs=LOOK_MS)(exchange)


@pytest.fixture
def tracked() -> Iterator[ScriptedServer]:
    """A server that works on every task but those that fail once they are asked about."""
    with ScriptedServer() as server:
        server.behave(_tell)
        yield server
