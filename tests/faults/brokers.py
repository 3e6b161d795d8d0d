"""Real brokers that can go away and come back: one of the test's own, or the way to a shared one."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from kombu import Connection, Queue

from portal.embedded.process import spawn
from tests.brokers.conftest import Relay, service


class Broker(Protocol):
    """A broker that can go away and come back."""

    def cut(self) -> None:
        """Go away."""

    def mend(self) -> None:
        """Come back."""


class OwnRedis:
    """A Redis server of the test alone: it is killed, forgets everything, and comes back on its port."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.mend()

    def mend(self) -> None:
        """Start it and wait until it listens."""
        argv = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = spawn([*argv, "--dir", str(self._home)], output=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not start"
                time.sleep(0.05)

    def cut(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def broken_broker(kind: str, home: Path, queue: str) -> Iterator[tuple[str, Broker]]:
    """A real broker and its address. Shared ones stay up: only the way to them is cut."""
    broker: OwnRedis | Relay
    if kind == "redis" and shutil.which("redis-server"):
        broker = OwnRedis(home)
        url, direct = f"redis://127.0.0.1:{broker.port}/0", ""
    elif kind == "redis":
        broker = Relay(service(6379, "Redis"))
        url, direct = f"redis://127.0.0.1:{broker.port}/13", "redis://127.0.0.1:6379/13"
    else:
        broker = Relay(service(5672, "RabbitMQ"))
        url, direct = f"amqp://guest:guest@127.0.0.1:{broker.port}//", "amqp://guest:guest@127.0.0.1:5672//"
    try:
        yield url, broker
    finally:
        broker.cut()
        if direct:
            with Connection(direct) as connection:
                Queue(queue, channel=connection.channel()).delete()
