"""The demo MCP server as a process of its own."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30


@dataclass
class DemoServer:
    """A running demo server."""

    process: subprocess.Popen[str]
    url: str
    token: str

    def stop(self) -> int:
        """End it by SIGTERM and wait. Its exit code."""
        self.process.terminate()
        return self.process.wait(10)

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def start_demo_server(port: int = 0, token: str = "") -> Iterator[DemoServer]:
    """A demo server that is ready to answer; port 0 takes a free one. Stopped at the end of the block."""
    command = [sys.executable, "-m", "connectors.demo.server", "--port", str(port)]
    environment = {**os.environ, "DEMO_SERVER_TOKEN": token}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if ready else ""
        if not line.startswith("listening on "):
            raise RuntimeError(f"The demo server did not start: {line!r}")
        yield DemoServer(process, line.removeprefix("listening on ").strip(), token)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        if process.stdout is not None:
            process.stdout.close()
