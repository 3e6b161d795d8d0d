"""The database server dies under its workers, in the middle of judging, again and again."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from portal.embedded.postgres import prepare, wait_ready
from portal.embedded.process import spawn, stop
from portal.env import ROOT
from tests.brokers.conftest import Bench, Until
from tests.brokers.conftest import until as until
from tests.faults.conftest import chaos_seconds
from tests.faults.slips import Database
from tests.servers.scripted import ScriptedServer

# Writing an incident takes this long, so that the server dies in the middle of it.
SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON severity_incident FOR EACH ROW EXECUTE FUNCTION slow()
"""
_JUDGING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
SLIPS_PER_SECOND = 12
SECONDS_PER_CRASH = 4
# What workers do every few seconds, by the names of their signs of life.
OFTEN = {"worker"} | {path.removesuffix(".tick") for path, seconds in settings.TICKS if seconds < 8}


class Server:
    """An embedded PostgreSQL of its own that can be crashed."""

    def __init__(self, home: Path) -> None:
        self._data = home / "data"
        self._log = (home / "server.log").open("ab")
        self.start()
        self.url = self._cluster.url()

    def start(self) -> None:
        """Start on whatever the last one left."""
        self._cluster = prepare(self._data)
        self._process = spawn(
            self._cluster.argv(), output=self._log, user=self._cluster.user, death_signal=signal.SIGQUIT, cwd=self._data
        )
        wait_ready(self._cluster, self._process)

    def crash(self, how: str, backend: int) -> None:
        """End it at once, and start it if it does not do so by itself."""
        if how == "a session is killed":
            # The server ends all the others, recovers and goes on.
            os.kill(backend, signal.SIGKILL)
            time.sleep(0.5)
            return
        self._process.send_signal(signal.SIGKILL if how == "the server is killed" else signal.SIGQUIT)
        self._process.wait(20)
        time.sleep(0.5)
        self.start()

    def close(self) -> None:
        """Stop it and let go of its files."""
        stop(self._process, number=signal.SIGINT, seconds=20)
        self._log.close()


HOWS = ("an immediate shutdown", "a session is killed", "the server is killed")


@pytest.fixture
def server() -> Iterator[Server]:
    """A migrated server in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="portal-crash-", ignore_cleanup_errors=True) as home:
        server = Server(Path(home))
        try:
            env = os.environ | {"DATABASE_URL": server.url}
            subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=env, check=True)
            yield server
        finally:
            server.close()


@pytest.mark.faults
@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "seconds", [12.0, pytest.param(max(12.0, chaos_seconds() / 4), marks=pytest.mark.chaos, id="chaos")]
)
def test_a_database_server_that_crashes_under_its_workers_loses_and_doubles_nothing(
    server: Server, tracked: ScriptedServer, tmp_path: Path, until: Until, seconds: float
) -> None:
    database = Database(server.url)
    database.ask(SLOW)
    env = os.environ | {
        "DATABASE_URL": server.url,
        "SCHEDULER_RUNS": "0",
        "DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "BROKER_URL": "",
    }
    bench = Bench(tmp_path, env)
    late = failing = int(seconds * SLIPS_PER_SECOND / 2)
    with bench.running("manage.py", "tick", name="ticking") as ticking, bench.worker() as worker:
        until(lambda: database.one("SELECT count(*) FROM operations_heartbeat WHERE name = 'severity.sweep'"), 30)
        put = [tracked.url, str(late), str(failing), "1", str(seconds)]
        subprocess.run([sys.executable, "-m", "tests.faults.slips", *put], cwd=ROOT, env=env, check=True)
        cut = 0
        for how in islice(cycle(HOWS), int(seconds / SECONDS_PER_CRASH)):
            judging = _judging(database, seconds=4.0)
            if not judging:
                break
            server.crash(how, judging)
            cut += 1
            until(lambda: _answers(database), 20)
            # What they can judge in between stays.
            time.sleep(random.uniform(0.2, 1.2))
        assert cut >= len(HOWS), "the server was seldom crashed in the middle of judging; this proves nothing"
        settled = database.one("SELECT statement_timestamp()")
        until(lambda: database.incidents() >= late + failing, 60)
        # Looks that were out when the server died are taken up again when their lease is over.
        until(lambda: database.unseen_since(settled) == 0, 45)
        until(lambda: _alive(database) >= OFTEN, 15)
        assert ticking.poll() is None
        assert worker.poll() is None
        database.holds_every_slip_once(late + failing)
        assert "waits for the database" in bench.log("ticking") + bench.log("worker")


def _judging(database: Database, *, seconds: float) -> int:
    """The process of a session that writes an incident just now, 0 if there was none for a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = database.ask(_JUDGING)
        if found:
            return int(found[0][0])
        time.sleep(0.02)
    return 0


def _answers(database: Database) -> bool:
    try:
        return bool(database.one("SELECT true"))
    except psycopg.OperationalError:
        return False


def _alive(database: Database) -> set[str]:
    """The work that ran to its end within the last seconds."""
    fresh = "SELECT name FROM operations_heartbeat WHERE at > statement_timestamp() - interval '8 seconds'"
    return {name for (name,) in database.ask(fresh)}
