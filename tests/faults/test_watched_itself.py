"""A real scheduler and a real worker are killed under the watch over the portal itself."""

import os
import signal
import time
from pathlib import Path

import pytest
from django.test import Client

from portal.roles import Role
from tests.brokers.conftest import Bench, Until
from tests.brokers.conftest import until as until
from tests.database import address
from tests.faults.slips import Database
from tests.people import team, user
from tests.servers.scripted import ScriptedServer, answer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
# Three periods of the scheduler, a look of the watch, and the rest for a busy machine.
FOUND_WITHIN = 60
_HEARD = (
    "SELECT count(*) FROM operations_heartbeat WHERE name = 'scheduler' AND at > statement_timestamp() - interval '9 s'"
)
_TOLD = "SELECT rule, subject_key, severity, state, repeats FROM severity_incident ORDER BY id"


@pytest.mark.usefixtures("committed")
def test_a_dead_scheduler_is_told_once_and_dead_workers_by_the_web_and_by_silence(tmp_path: Path, until: Until) -> None:
    team("operators").members.add(user("adam", Role.ADMINISTRATOR))
    database = Database(address())
    with ScriptedServer() as outer:
        outer.behave(answer("OK", content_type="text/plain"))
        env = os.environ | {
            "DATABASE_URL": address(),
            "DATA_DIR": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "BROKER_URL": "",
            "OUTSIDE_HEARTBEAT_URL": f"http://127.0.0.1:{outer.port}/ping",
            "OUTSIDE_HEARTBEAT_SECONDS": "5",
        }
        bench = Bench(tmp_path, env)
        beat = (
            "-m",
            "celery",
            "-A",
            "portal.celery",
            "beat",
            "--schedule",
            str(tmp_path / "schedule"),
            "--pidfile",
            "",
        )
        with bench.worker() as worker:
            with bench.running(*beat, name="beat") as scheduler:
                until(lambda: database.one(_HEARD) and outer.requests, 60)
                assert database.ask(_TOLD) == []
                scheduler.send_signal(signal.SIGKILL)
                until(lambda: database.ask(_TOLD), FOUND_WITHIN)
            # A request may have been on its way; then the outside hears nothing more.
            time.sleep(1)
            heard = len(outer.requests)
            time.sleep(12)
            assert database.ask(_TOLD) == [("part_silent", "scheduler", 1, "open", 0)]
            assert len(outer.requests) == heard
            with bench.running(*beat, name="beat-again"):
                until(lambda: database.ask(_TOLD) == [("part_silent", "scheduler", 1, "resolved", 0)], FOUND_WITHIN)
                until(lambda: len(outer.requests) > heard, 20)
                until(lambda: _not_well() <= {"broker"}, 20)
                worker.send_signal(signal.SIGKILL)
                until(lambda: _not_well() >= {"worker", "sweep", "watch"}, 30)
                heard = len(outer.requests)
                time.sleep(6)
                assert len(outer.requests) == heard
        assert len(database.ask(_TOLD)) == 1


def _not_well() -> set[str]:
    """What the web process says is not well."""
    answer = Client().get("/-/readyz")
    checks = answer.json()["checks"]
    wrong = {name for name, check in checks.items() if not check["ok"]}
    assert answer.status_code == (503 if wrong else 200)
    return wrong
