"""The servers on which the cases are played: one that is scripted, two that are real and run in processes of their own."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Any, Protocol

from connectors.mcp import client
from connectors.models import TrackedTask
from portal.outbound.client import OutboundClient, Timeouts
from portal.outbound.guard import Guard
from tests.servers import scripted as bad
from tests.servers.demo import ROOT, START_SECONDS
from tests.servers.scripted import ScriptedServer

TOKEN, OTHERS_TOKEN = "token-of-the-portal", "token-of-somebody-else"
TIMEOUTS = Timeouts(connect=2, read=4, total=6)


class Act(Enum):
    """What an operation does."""

    ENDS = "ends"
    TOOL_ERROR = "tool error"
    FAILS = "fails"
    NEVER = "never ends"
    STUBBORN = "never ends, whoever asks"
    ASKS = "asks"


class Stage(Protocol):
    """A server that can play acts."""

    url: str

    def play(self, act: Act) -> tuple[str, dict[str, Any]]:
        """Be ready to play it. The operation to call, and its arguments."""

    def stop(self) -> None:
        """Be gone, as by a crash."""

    def restart(self, *tokens: str) -> None:
        """Be back at the same address, accepting these tokens."""


class Scripted:
    """The scripted server, playing a task of the current protocol until it is told to misbehave."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server, self.url = server, server.url

    def play(self, act: Act) -> tuple[str, dict[str, Any]]:
        self.server.behave(Played(act))
        return "generate_statement", {}

    def stop(self) -> None:
        self.server.behave(bad.hang_up)

    def restart(self, *tokens: str) -> None:
        if TOKEN in tokens:
            self.server.behave(bad.error(-32602, "Task not found"))
        else:
            self.server.behave(bad.unauthorized())

    def sent(self, method: str) -> int:
        """How many requests of a method it got."""
        return sum(one.json["method"] == method for one in self.server.requests)


class Played:
    """One task of the scripted server."""

    def __init__(self, act: Act) -> None:
        self._act, self._looks, self._answered, self._cancelled = act, 0, False, False

    def __call__(self, exchange: bad.Exchange) -> None:
        method = exchange.seen.json["method"]
        if method == "tools/call":
            bad.task()(exchange)
        elif method == "tasks/get":
            self._looks += 1
            bad.task(**self._state())(exchange)
        else:
            self._answered |= method == "tasks/update"
            self._cancelled |= method == "tasks/cancel" and self._act is not Act.STUBBORN
            bad.result({"resultType": "complete"})(exchange)

    def _state(self) -> dict[str, Any]:
        if self._cancelled:
            return {"status": "cancelled"}
        if self._looks == 1:
            return {}
        said = {"content": [{"type": "text", "text": "Told."}]}
        match self._act:
            case Act.ENDS:
                return {"status": "completed", "result": said}
            case Act.TOOL_ERROR:
                return {"status": "completed", "result": said | {"isError": True}}
            case Act.FAILS:
                return {"status": "failed", "error": {"code": -32603, "message": "The service closed the connection."}}
            case Act.ASKS if self._answered:
                return {"status": "completed", "result": said}
            case Act.ASKS:
                return {"status": "input_required", "inputRequests": REQUESTS}
            case _:
                return {}


_WANTED = {"type": "object", "properties": {"accept": {"type": "boolean"}}, "required": ["accept"]}
REQUESTS = {"decision": {"method": "elicitation/create", "params": {"message": "Go on?", "requestedSchema": _WANTED}}}


class Process:
    """A real server in a process of its own."""

    def __init__(self, command: Callable[[int, tuple[str, ...]], list[str]], acts: dict[Act, tuple[str, Any]]) -> None:
        self._command, self._acts = command, acts
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self.url = ""
        self.restart(TOKEN, OTHERS_TOKEN)

    def play(self, act: Act) -> tuple[str, dict[str, Any]]:
        return self._acts[act]

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def restart(self, *tokens: str) -> None:
        self.stop()
        command = [sys.executable, *self._command(self._port, tokens)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline() if ready else ""
        assert line.startswith("listening on "), f"{command} did not start: {line!r}"
        self.url = line.removeprefix("listening on ").strip()
        self._port = int(self.url.split(":")[2].split("/")[0])


def cancel_behind(task: TrackedTask, url: str) -> None:
    """Somebody else with the same credential cancels a task, past the portal."""
    with _client() as via:
        client.cancel_task(url, task.remote_task_id, token=TOKEN, timeouts=TIMEOUTS, via=via)


def task_of_another(url: str, operation: str, arguments: dict[str, Any]) -> str:
    """The remote id of a task that somebody else started."""
    with _client() as via:
        made = client.call_tool(url, operation, arguments, token=OTHERS_TOKEN, timeouts=TIMEOUTS, via=via)
    assert made.task is not None
    return made.task.task_id


@contextmanager
def _client() -> Iterator[OutboundClient]:
    via = OutboundClient(Guard(["127.0.0.0/8"]))
    try:
        yield via
    finally:
        via.close()


def sdk() -> Process:
    """The demo server, which is made with the `mcp` SDK. It knows one token."""
    return Process(
        lambda port, tokens: ["-m", "connectors.demo.server", "--port", str(port), "--token", tokens[0]],
        {
            Act.ENDS: ("generate_statement", {"seconds": 1}),
            Act.TOOL_ERROR: ("export_contacts", {"seconds": 1}),
            Act.FAILS: ("sync_catalogue", {"seconds": 1}),
            Act.NEVER: ("send_campaign", {}),
            Act.STUBBORN: ("send_campaign", {"honours_cancel": False}),
            Act.ASKS: ("review_contract", {"seconds": 0.5}),
        },
    )


def fastmcp(queue: str) -> Process:
    """A server of `fastmcp`, which keeps its tasks at `queue` and cannot ignore a cancelling."""
    return Process(
        lambda port, tokens: ["-m", "tests.servers.tasks_fastmcp", str(port), queue, *tokens],
        {
            Act.ENDS: ("ends", {}),
            Act.TOOL_ERROR: ("breaks", {}),
            Act.FAILS: ("fails", {}),
            Act.NEVER: ("never", {}),
            Act.ASKS: ("asks", {}),
        },
    )
