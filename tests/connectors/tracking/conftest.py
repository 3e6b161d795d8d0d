"""Fixtures of the tests of tracked tasks."""

import time
from collections.abc import Callable

import pytest

from connectors.models import TrackedTask
from connectors.polling import Poller
from tests.connectors.tracking import world
from tests.servers.fixtures import closed_port, demo_server, guarded_demo_server, scripted

__all__ = ["closed_port", "demo_server", "guarded_demo_server", "scripted"]

PATIENCE_SECONDS = 40


@pytest.fixture
def poller() -> Poller:
    """A worker's poller that nobody else uses."""
    return Poller()


@pytest.fixture
def until(poller: Poller) -> Callable[[TrackedTask, Callable[[TrackedTask], bool]], TrackedTask]:
    """Tick like a worker until something is true of a task."""

    def wait(task: TrackedTask, true: Callable[[TrackedTask], bool]) -> TrackedTask:
        end = time.monotonic() + PATIENCE_SECONDS
        found = world.again(task)
        while time.monotonic() < end:
            poller.tick()
            found = world.again(task)
            if true(found):
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited in vain; it is {found.state}, {found.trouble or 'no trouble'}")

    return wait
