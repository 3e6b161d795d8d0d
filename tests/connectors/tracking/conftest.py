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
_EMPTY = """
DO $$
DECLARE guard record; emptied text;
BEGIN
  FOR guard IN SELECT tgrelid::regclass AS home, tgname FROM pg_trigger WHERE tgname LIKE '%_no_truncate' LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', guard.home, guard.tgname);
  END LOOP;
  SELECT string_agg(quote_ident(tablename), ', ') INTO emptied FROM pg_tables
   WHERE schemaname = 'public' AND tablename NOT LIKE 'django_%' AND tablename NOT LIKE 'auth_%';
  EXECUTE 'TRUNCATE ' || emptied || ' CASCADE';
  FOR guard IN SELECT tgrelid::regclass AS home, tgname FROM pg_trigger WHERE tgname LIKE '%_no_truncate' LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', guard.home, guard.tgname);
  END LOOP;
END $$
"""


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database in which other connections see what is written; emptied at the end, append-only tables too."""
    with django_db_blocker.unblock():
        yield
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY)
        connection.close()


@pytest.fixture
def poller() -> Poller:
    """A worker's poller that nobody else uses."""
    return Poller()


@pytest.fixture
def until(poller: Poller) -> Callable[[TrackedTask, Callable[[TrackedTask], bool]], TrackedTask]:
    """Tick like a worker until something is true of a task."""

    def wait(task: TrackedTask, true: Callable[[TrackedTask], bool]) -> TrackedTask:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            poller.tick()
            found = world.again(task)
            if true(found):
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited in vain; it is {found.state}, {found.trouble or 'no trouble'}")

    return wait
