"""Real processes for the tests of starting and stopping."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., subprocess.Popen[str]]
Until = Callable[[Callable[[], object], float], None]


@pytest.fixture
def until() -> Until:
    """`until(condition, seconds)` waits for the condition and fails with its name otherwise."""

    def wait(condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {getattr(condition, '__name__', condition)}"
            time.sleep(0.05)

    return wait


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a command with output in pipes as text; whatever of its family lives at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*argv: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        popen = subprocess.Popen(
            [sys.executable, *argv],
            cwd=ROOT,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(popen)
        return popen

    yield run
    for popen in started:
        for process in family(popen.pid):
            process.kill()
        popen.communicate()


def family(pid: int) -> list[psutil.Process]:
    """The process and all it started, children first."""
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return []


def gone(processes: list[psutil.Process]) -> bool:
    """Whether every one has ended (a zombie has)."""
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


@pytest.fixture
def free_port() -> int:
    """A pair of neighbouring ports nobody listens on; the lower one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture
def environment(tmp_path: Path, free_port: int) -> dict[str, str]:
    """The environment of a fresh portal: its own directory, a free port, everything embedded."""
    taken = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "PORTAL_MODE", "DEMO_MCP_PORT")
    values = {name: value for name, value in os.environ.items() if name not in taken}
    return values | {
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(free_port),
        "ADMIN_USERNAME": "huda",
        "ADMIN_PASSWORD": "a-long-word-of-huda",
    }
