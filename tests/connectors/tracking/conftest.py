"""Fixtures of the tests of tracked tasks."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from connectors.models import TrackedTask
from connectors.polling import Poller
from tests.connectors.tracking import world
from tests.servers.fixtures import closed_port, demo_server, guarded_demo_server, scripted

__all__ = ["closed_port", "demo_server", "guarded_demo_server", "scripted"]

PATIENCE_SECONDS = 40
_NO_TRUNCATE = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%no_truncate'"


def _truncate_triggers(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NO_TRUNCATE)
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {trigger}")


@pytest.fixture
def _truncate_refused_again(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        _truncate_triggers("ENABLE ALWAYS")


@pytest.fixture
def committed(_truncate_refused_again: None, transactional_db: None) -> Iterator[None]:
    """A database in which other connections see what is written; emptied at the end, append-only tables too."""
    yield
    _truncate_triggers("DISABLE")
    with connection.cursor() as cursor:
        # Left by knox though its model is swapped for ours; Django's flush does not know it and trips over its keys.
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")


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
