"""The broker goes away under two workers and a doubled scheduler, while tasks slip."""

import contextlib
import os
import time
from pathlib import Path

import pytest

from tests.brokers.conftest import Bench, Until
from tests.brokers.conftest import until as until
from tests.database import address
from tests.faults.brokers import broken_broker
from tests.faults.conftest import chaos_seconds
from tests.faults.slips import Database, put
from tests.servers.scripted import ScriptedServer

pytestmark = [pytest.mark.faults, pytest.mark.broker, pytest.mark.timeout(200)]
LATE = 12
# A slip is judged by a worker's next sweep, two seconds later at most; the rest is for a busy machine.
JUDGED_WITHIN = 8.0
_SLOWEST = "SELECT max(extract(epoch FROM opened_at - epoch))::float FROM severity_incident WHERE rule = 'deadline'"
_OPENED_BY = "SELECT count(*) FROM severity_incident WHERE opened_at < %s"


# The daily run takes one broker for ten seconds; the long form takes each for a quarter of its time.
SHORT = 10.0
LONG = max(SHORT + 1, chaos_seconds() / 4)
chaos = pytest.mark.chaos


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    ("kind", "gone"),
    [
        pytest.param("redis", SHORT, id="redis"),
        pytest.param("redis", LONG, marks=chaos, id="redis-chaos"),
        pytest.param("rabbitmq", LONG, marks=chaos, id="rabbitmq-chaos"),
    ],
)
def test_slips_are_judged_while_the_broker_is_gone_and_once_however_many_hints_come(
    bench: Bench, tracked: ScriptedServer, until: Until, kind: str, gone: float
) -> None:
    database = Database(address())
    with contextlib.ExitStack() as running:
        url, broker = running.enter_context(broken_broker(kind, bench.home, bench.env["BROKER_QUEUE"]))
        bench.env["BROKER_URL"] = url
        processes = {
            name: running.enter_context(bench.running("-m", "celery", "-A", "portal.celery", *argv, name=name))
            for name, argv in _commands(bench.home).items()
        }
        for name in processes:
            # The scheduler sends its first hints after five seconds; only the long form waits for them.
            until(lambda name=name: _hints(bench, name) or (gone <= SHORT and _up(bench, name)), 40)

        broker.cut()
        cut_at = time.monotonic()
        put(tracked.url, name="gone-", late=LATE, failing=LATE, first=0.5, span=gone - JUDGED_WITHIN)
        until(lambda: database.incidents() == 2 * LATE, gone - (time.monotonic() - cut_at))
        time.sleep(max(0.0, gone - (time.monotonic() - cut_at)))
        before = {name: _hints(bench, name) for name in processes}
        back_at = database.one("SELECT statement_timestamp()")
        broker.mend()
        put(tracked.url, name="back-", late=LATE, failing=LATE, first=0.5, span=3)

        for name in processes:
            until(lambda name=name: _hints(bench, name) > before[name], 45)
        until(lambda: database.incidents() == 4 * LATE, 15)
        until(lambda: database.unseen_since(back_at) == 0, 15)
        assert {name: process.poll() for name, process in processes.items()} == dict.fromkeys(processes)
        assert database.one(_OPENED_BY, back_at) == 2 * LATE
        assert database.one(_SLOWEST) < JUDGED_WITHIN
        database.holds_every_slip_once(4 * LATE)


def _commands(home: Path) -> dict[str, tuple[str, ...]]:
    """Two workers and two schedulers that do not know of each other."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return {f"worker-{number}": ("worker", *quiet, "-n", f"{number}@%h") for number in (1, 2)} | {
        f"beat-{number}": ("beat", "--schedule", str(home / f"schedule-{number}"), "--pidfile", "") for number in (1, 2)
    }


def _up(bench: Bench, name: str) -> bool:
    return (" ready." if name.startswith("worker") else "beat: Starting") in bench.log(name)


def _hints(bench: Bench, name: str) -> int:
    """How many hints a worker has taken, or a scheduler has sent."""
    return bench.log(name).count(" succeeded in " if name.startswith("worker") else "Scheduler: Sending due task")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Processes on the database of this test."""
    env = os.environ | {
        "DATABASE_URL": address(),
        # Its silence, while the broker is gone, is no slip of a task.
        "SCHEDULER_RUNS": "0",
        "DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "BROKER_QUEUE": f"test-{tmp_path.name}-{os.getpid()}",
    }
    return Bench(tmp_path, env)
