"""Workers with the embedded broker, with the production brokers, and with none."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from kombu import Connection, Queue

from tests.brokers.conftest import ROOT, Bench, Relay, Until

ONCE = "600"  # the counted work runs once by itself, so that what follows came from a message


def heartbeats(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM operations_heartbeat")}


@pytest.mark.faults
def test_a_worker_ticks_with_no_broker_at_all_and_one_bad_part_stops_no_other(
    bench: Bench, until: Until, migrated: str
) -> None:
    with psycopg.connect(migrated, autocommit=True) as connection:
        connection.execute("DELETE FROM operations_heartbeat")
    with bench.worker(BROKER_URL="redis://127.0.0.1:1/0") as worker:
        until(lambda: bench.notes >= 5, 20)
        assert heartbeats(migrated) == {"worker", "tests.brokers.work.note"}
        log = bench.log("worker")
        assert log.count("work.fail failed (RuntimeError: this work always fails)") == 1
        assert "no_such_module" in log
        assert "consumer: Cannot connect to redis" in log
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) is not None


@pytest.mark.faults
def test_a_worker_goes_on_when_the_database_drops_its_sessions(bench: Bench, until: Until, migrated: str) -> None:
    with bench.worker() as worker:
        until(lambda: bench.notes >= 2, 20)
        with psycopg.connect(migrated, autocommit=True) as connection:
            connection.execute("DELETE FROM operations_heartbeat")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        until(lambda: heartbeats(migrated) == {"worker", "tests.brokers.work.note"}, 15)
        assert worker.poll() is None


@pytest.mark.faults
def test_the_embedded_broker_carries_a_hint(bench: Bench, until: Until) -> None:
    with bench.worker(NOTE_SECONDS=ONCE):
        until(lambda: "ready." in bench.log("worker") and bench.notes == 1, 20)
        time.sleep(1.1)
        bench.publish()
        until(lambda: bench.notes == 2, 5)
    assert list((Path(bench.env["DATA_DIR"]) / "broker" / "queue").iterdir()) == []


@pytest.mark.faults
def test_the_scheduler_sends_hints_without_arguments_or_an_end(bench: Bench, until: Until) -> None:
    queue = Path(bench.env["DATA_DIR"]) / "broker" / "queue"
    schedule = str(bench.home / "schedule")
    with bench.running("-m", "celery", "-A", "portal.celery", "beat", "--schedule", schedule, "--pidfile", ""):
        until(lambda: queue.exists() and len(list(queue.glob("*.msg"))) >= 4, 20)
    for path in queue.glob("*.msg"):
        text = path.read_text()
        assert '"argsrepr": "()"' in text
        assert '"expires": null' in text


@pytest.mark.faults
def test_two_workers_share_hints_written_while_they_read(bench: Bench, until: Until) -> None:
    with (
        bench.worker(NOTE_SECONDS=ONCE) as one,
        bench.running(
            *("-m", "celery", "-A", "portal.celery", "worker", "-n", "second@%h", "--without-mingle"),
            name="second",
            NOTE_SECONDS=ONCE,
        ) as two,
    ):
        until(lambda: bench.notes == 2, 20)
        code = "from portal.celery import app\nfor _ in range(100): app.send_task('tests.brokers.work.note')"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=bench.env, check=True, timeout=60)
        queue = Path(bench.env["DATA_DIR"]) / "broker" / "queue"
        until(lambda: not list(queue.iterdir()), 40)
        assert one.poll() is None
        assert two.poll() is None


@pytest.mark.faults
@pytest.mark.broker
def test_a_worker_outlives_the_absence_of_its_broker(
    bench: Bench, until: Until, production_broker: tuple[str, Relay]
) -> None:
    url, relay = production_broker
    with bench.worker(BROKER_URL=url) as worker:
        until(lambda: "ready." in bench.log("worker"), 20)
        relay.cut()
        before = bench.notes
        until(lambda: "Connection to broker lost" in bench.log("worker"), 20)
        until(lambda: bench.notes >= before + 5, 10)
        relay.mend()
        until(lambda: bench.log("worker").count("Connected to ") >= 2, 40)
        assert worker.poll() is None


@pytest.mark.faults
@pytest.mark.broker
def test_a_hint_reaches_a_worker_through_a_production_broker(
    bench: Bench, until: Until, production_broker: tuple[str, Relay]
) -> None:
    url, _ = production_broker
    with bench.worker(BROKER_URL=url, NOTE_SECONDS=ONCE):
        until(lambda: "ready." in bench.log("worker") and bench.notes == 1, 20)
        time.sleep(1.1)
        bench.publish(BROKER_URL=url)
        until(lambda: bench.notes == 2, 10)
    with Connection(url) as connection:
        queue = Queue(bench.env["BROKER_QUEUE"], channel=connection.channel())
        if url.startswith("amqp"):
            # Declaring it as a quorum queue is accepted only if it is one.
            arguments = {"x-queue-type": "quorum", "x-max-length": 1000, "x-overflow": "drop-head"}
            name = bench.env["BROKER_QUEUE"]
            Queue(name, routing_key=name, queue_arguments=arguments, channel=connection.channel()).queue_declare()
        queue.delete()
