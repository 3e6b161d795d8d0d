"""A server of very many tasks that keeps count of how often each is asked about: `python -m tests.servers.counting INTERVAL`.

INTERVAL is what it allows, in seconds. A task named `failing-N-AT` fails AT seconds after the start of the server, all others
work on. `GET` of any address answers with what it counted.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# What a timer or a busy machine may take off an interval.
TOLERANCE = 2.0


class Counting:
    """What is known of the looks."""

    def __init__(self, interval: float) -> None:
        self.interval, self.began, self.polls = interval, time.monotonic(), 0
        self.last: dict[str, float] = {}
        self.early: list[tuple[str, float, float]] = []

    def look(self, task: str) -> dict[str, Any]:
        """Answer one look, and see whether it came too early."""
        now = time.monotonic()
        before = self.last.get(task)
        # The last look before its deadline comes when that does.
        if before is not None and now - before < self.interval - TOLERANCE and not task.startswith("late-"):
            self.early.append((task, round(now - before, 3), round(now - self.began, 1)))
        self.last[task] = now
        self.polls += 1
        fails = task.startswith("failing-") and now - self.began >= float(task.rpartition("-")[2])
        told: dict[str, Any] = {"taskId": task, "resultType": "complete", "status": "failed" if fails else "working"}
        told |= {"createdAt": "2026-11-01T10:00:00Z", "lastUpdatedAt": "2026-11-01T10:00:00Z", "ttlMs": None}
        return told | {"pollIntervalMs": int(self.interval * 1000)}

    def report(self) -> dict[str, Any]:
        """What it counted."""
        return {"polls": self.polls, "tasks": len(self.last), "early": len(self.early), "which": self.early[:20]}


async def serve(counting: Counting, reader: StreamReader, writer: StreamWriter) -> None:
    """Answer the requests of one connection until it is closed."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if head.startswith(b"get"):
                answer = counting.report()
            else:
                at = head.index(b"content-length:")
                request = json.loads(await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)])))
                result = counting.look(request["params"]["taskId"])
                answer = {"jsonrpc": "2.0", "id": request["id"], "result": result}
            body = json.dumps(answer).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def run(interval: float) -> None:
    """Listen on a free port of loopback, say which, and serve until killed."""
    counting = Counting(interval)
    server = await asyncio.start_server(lambda r, w: serve(counting, r, w), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def counting(interval: float) -> Iterator[str]:
    """The address of such a server in a process of its own."""
    command = [sys.executable, "-m", "tests.servers.counting", str(interval)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().removeprefix("listening on ").strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def report(url: str) -> dict[str, Any]:
    """What the server at this address has counted."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


if __name__ == "__main__":
    asyncio.run(run(float(sys.argv[1])))
