"""An HTTP server that misbehaves as it is told, on loopback, with real sockets.

    server.behave(unauthorized())            # from now on
    server.script([server_error(), task()])  # one after the other, the last one stays

Every request is kept in `server.requests`.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Exchange"], None]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Exchange(BaseHTTPRequestHandler):
    """One request in the hands of a behaviour. `wfile` takes raw bytes."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, self.rfile.read(length))
        try:
            self.server.owner.next_behaviour(seen)(self)
            self.wfile.flush()
        except OSError:
            # The client went away, which is what many of the tests want it to do.
            self.close_connection = True

    do_GET = do_POST  # noqa: N815 - the name the standard library looks for

    def log_message(self, format: str, *args: object) -> None:
        pass

    @property
    def seen(self) -> Seen:
        """The request that is being answered."""
        return self.server.owner.requests[-1]

    def pause(self, seconds: float) -> bool:
        """Wait, unless the server stops meanwhile. Whether it goes on."""
        return not self.server.owner.stopped.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, owner: "ScriptedServer") -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@dataclass
class ScriptedServer:
    """The server. Start it with `with ScriptedServer() as server:`; it answers with a working task at first."""

    requests: list[Seen] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._script: list[Behaviour] = [task()]
        self._lock = threading.Lock()
        self._server = _Server(self)

    def __enter__(self) -> "ScriptedServer":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of its MCP endpoint."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def behave(self, behaviour: Behaviour) -> None:
        """Answer every request from now on in one way."""
        self.script([behaviour])

    def script(self, behaviours: Sequence[Behaviour]) -> None:
        """Answer the next requests one after the other; the last behaviour stays."""
        with self._lock:
            self._script = list(behaviours)

    def next_behaviour(self, seen: Seen) -> Behaviour:
        """Keep the request and choose what happens to it."""
        with self._lock:
            self.requests.append(seen)
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def stop(self) -> None:
        """Let go of everyone who waits and close the port."""
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


def answer(
    body: bytes | str = b"", status: int = 200, content_type: str = "application/json", **headers: str
) -> Behaviour:
    """A plain answer. Underscores in header names stand for dashes."""
    content = body.encode() if isinstance(body, str) else body

    def behave(exchange: Exchange) -> None:
        exchange.send_response(status)
        exchange.send_header("Content-Type", content_type)
        exchange.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            exchange.send_header(name.replace("_", "-"), value)
        exchange.end_headers()
        exchange.wfile.write(content)

    return behave


def envelope(result: Any) -> str:
    """A JSON-RPC answer around a result."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result})


def result(value: Any, **headers: str) -> Behaviour:
    """A JSON-RPC result."""
    return answer(envelope(value), 200, "application/json", **headers)


def error(code: int, message: str = "no", status: int = 400, **headers: str) -> Behaviour:
    """A JSON-RPC error on an HTTP status."""
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}
    return answer(json.dumps(body), status, "application/json", **headers)


def task_fields(exchange: Exchange, **fields: Any) -> dict[str, Any]:
    """The fields of a task: the one asked about, or a new one for a `tools/call`."""
    request = exchange.seen.json
    told = {
        "resultType": "task" if request["method"] == "tools/call" else "complete",
        "taskId": request["params"].get("taskId", f"task-{len(exchange.server.owner.requests)}"),
        "status": "working",
        "createdAt": "2026-11-01T10:00:00Z",
        "lastUpdatedAt": "2026-11-01T10:00:00Z",
        "ttlMs": 3_600_000,
        "pollIntervalMs": 1000,
    }
    return {key: value for key, value in {**told, **fields}.items() if value is not ...}


def task(**fields: Any) -> Behaviour:
    """The task that was asked about, with some fields changed; `...` leaves a field out."""

    def behave(exchange: Exchange) -> None:
        result(task_fields(exchange, **fields))(exchange)

    return behave


def unauthorized() -> Behaviour:
    """401 as an OAuth resource server answers it."""
    challenge = 'Bearer error="invalid_token"'
    return answer('{"error":"invalid_token"}', 401, WWW_Authenticate=challenge)


def slow_down(retry_after: str = "7", **headers: str) -> Behaviour:
    """429 with Retry-After."""
    return answer("slow down", 429, "text/plain", Retry_After=retry_after, **headers)


def server_error(status: int = 500) -> Behaviour:
    """An error page of the server or of a gateway before it."""
    return answer("<h1>Internal Server Error</h1>", status, "text/html")


def html() -> Behaviour:
    """A friendly page with status 200."""
    return answer("<!doctype html><title>Welcome</title>", 200, "text/html; charset=utf-8")


def garbage() -> Behaviour:
    """Bytes that call themselves JSON."""
    return answer(b"\x00\xff{]{{{\x80", 200)


def redirect(to: str, status: int = 307) -> Behaviour:
    """A redirect."""
    return answer(b"", status, Location=to)


def silence(exchange: Exchange) -> None:
    """Take the request and say nothing until the server stops."""
    exchange.close_connection = True
    exchange.pause(60)


def hang_up(exchange: Exchange) -> None:
    """Take the request and close the connection."""
    exchange.close_connection = True


def cut_off(exchange: Exchange) -> None:
    """Begin an answer and close the connection in the middle."""
    exchange.close_connection = True
    exchange.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"jsonrpc"')


def drip(exchange: Exchange) -> None:
    """Send a body for ever, one byte at a time."""
    exchange.close_connection = True
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while exchange.pause(0.05):
        exchange.wfile.write(b" ")


def drip_headers(exchange: Exchange) -> None:
    """Send a header for ever, one byte at a time."""
    exchange.close_connection = True
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while exchange.pause(0.05):
        exchange.wfile.write(b"a")


def endless(exchange: Exchange) -> None:
    """Send a body for ever, as fast as it goes, without saying how long it is."""
    exchange.close_connection = True
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not exchange.server.owner.stopped.is_set():
        exchange.wfile.write(b" " * 65536)


def huge(size: int = 50_000_000) -> Behaviour:
    """A body of many bytes, announced honestly."""

    def behave(exchange: Exchange) -> None:
        exchange.close_connection = True
        exchange.wfile.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        for _ in range(size // 65536):
            exchange.wfile.write(b" " * 65536)

    return behave


def event_stream(
    *messages: str, leave_open: bool = False, separator: str = "\r\n", split: int = 0, **fields: Any
) -> Behaviour:
    """The task that was asked about in an event stream, after other messages; perhaps left open, perhaps in pieces."""

    def behave(exchange: Exchange) -> None:
        exchange.close_connection = True
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        frames = [": ping", *(f"event: message{separator}data: {message}" for message in messages)]
        frames.append(f"event: message{separator}data: {envelope(task_fields(exchange, **fields))}")
        stream = "".join(frame + separator * 2 for frame in frames).encode()
        step = split or len(stream)
        for start in range(0, len(stream), step):
            exchange.wfile.write(stream[start : start + step])
            exchange.wfile.flush()
        if leave_open:
            exchange.pause(60)

    return behave
