"""Real workers, real brokers, and a relay that can cut a worker off from its broker without touching the broker."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.embedded.postgres import temporary_server

ROOT = Path(__file__).resolve().parents[2]
Until = Callable[[Callable[[], object], float], None]


@pytest.fixture
def until() -> Until:
    """`until(condition, seconds)` waits for the condition."""

    def wait(condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.05)

    return wait


@dataclass
class Bench:
    """A directory, a database and an environment for processes of the background work."""

    home: Path
    env: dict[str, str]

    @property
    def notes(self) -> int:
        """How often the counted work ran."""
        path = self.home / "notes"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def log(self, name: str) -> str:
        """What a process has written so far."""
        return (self.home / f"{name}.log").read_text()

    @contextlib.contextmanager
    def running(self, *argv: str, name: str = "worker", **env: str) -> Iterator[subprocess.Popen[bytes]]:
        """A Python process of the project, killed at the end if it still runs."""
        with (self.home / f"{name}.log").open("wb") as log:
            popen = subprocess.Popen(
                [sys.executable, *argv], cwd=ROOT, env=self.env | env, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            yield popen
        finally:
            popen.kill()
            popen.wait()

    def worker(self, **env: str) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """A worker as the portal starts it."""
        options = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
        return self.running("-m", "celery", "-A", "portal.celery", "worker", *options, **env)

    def publish(self, **env: str) -> None:
        """Send one hint for the counted work."""
        code = "from portal.celery import app; app.send_task('tests.brokers.work.note')"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=self.env | env, check=True, timeout=30)


@pytest.fixture(scope="session")
def migrated() -> Iterator[str]:
    """A throw-away database with the tables of background work."""
    with temporary_server() as url:
        env = os.environ | {
            "DATABASE_URL": url,
            "PORTAL_MODE": "test",
            "DJANGO_SETTINGS_MODULE": "tests.brokers.settings",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=env, check=True)
        yield url


@pytest.fixture
def bench(tmp_path: Path, migrated: str) -> Bench:
    """A bench without a broker address: the embedded broker in the test's directory."""
    env = os.environ | {
        "DATABASE_URL": migrated,
        "DATA_DIR": str(tmp_path / "data"),
        "PORTAL_MODE": "test",
        "DJANGO_SETTINGS_MODULE": "tests.brokers.settings",
        "BROKER_QUEUE": f"test-{uuid.uuid4().hex[:8]}",
        "NOTES": str(tmp_path / "notes"),
        "BROKER_URL": "",
    }
    return Bench(tmp_path, env)


class Relay:
    """Forwards a local port to another until it is cut; may be mended."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.mend()

    def mend(self) -> None:
        """Listen (again) on the same port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuse new connections and break the old ones."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._pairs:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._pairs += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(65536):
                sink.sendall(block)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def service(port: int, name: str) -> int:
    """The port if the service answers; otherwise a skip, or a failure where services are required."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(f"{name} does not answer on port {port} and REQUIRE_SERVICES=1")
        pytest.skip(f"{name} does not answer on port {port}")
    return port


@pytest.fixture(params=["redis", "rabbitmq"])
def production_broker(request: pytest.FixtureRequest) -> Iterator[tuple[str, Relay]]:
    """The address of a real broker behind a relay, for each production broker."""
    if request.param == "redis":
        relay = Relay(service(6379, "Redis"))
        url = f"redis://127.0.0.1:{relay.port}/13"
    else:
        relay = Relay(service(5672, "RabbitMQ"))
        url = f"amqp://guest:guest@127.0.0.1:{relay.port}//"
    yield url, relay
    relay.cut()
