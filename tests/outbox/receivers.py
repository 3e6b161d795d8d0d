"""Real receivers on loopback: an HTTP endpoint that checks signatures, and a mail server. Both behave as badly as told."""

import email
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """Notes every request it gets, its signature verified, then answers as told; `hang` waits for the end of the test."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.arrived: list[float] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.body = b""
        self.seconds = 0.0
        self.hang = False
        self.on_request: Callable[[], None] = lambda: None
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.take(self)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *args: Any) -> None:
                """A client that went away is expected here."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = request.rfile.read(int(request.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in request.headers.items()}
        verified = Webhook(SECRET).verify(body, headers)
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.received.append(verified)
            self.ids.append(headers["webhook-id"])
            self.arrived.append(time.monotonic())
        try:
            self.on_request()
            self._end.wait(60 if self.hang else self.seconds)
        finally:
            with self._lock:
                self._now -= 1
        request.send_response(self.status)
        for name, value in {"content-length": str(len(self.body)), **self.headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(self.body)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self) -> None:
        self._end.set()
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Mail:
    """One mail that the server took."""

    connection: int
    to: str
    message: Message


class MailServer:
    """Enough of SMTP to take mails; refuses the addresses it is told to, and can hang up at every greeting."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.connections = 0
        self.refused: dict[str, str] = {}
        self.hangs_up = False
        self._lock = threading.Lock()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.talk(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def talk(self, handler: socketserver.StreamRequestHandler) -> None:
        """One connection from greeting to QUIT."""

        def say(line: str) -> None:
            handler.wfile.write(f"{line}\r\n".encode())

        with self._lock:
            self.connections += 1
            number = self.connections
        if self.hangs_up:
            return
        say("220 test")
        to = ""
        while line := handler.rfile.readline().decode().strip():
            verb = line.partition(" ")[0].upper()
            if verb == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
                say(self.refused.get(to, "250 ok"))
            elif verb == "DATA":
                say("354 go on")
                text = b""
                while (part := handler.rfile.readline()) != b".\r\n":
                    text += part
                self.mails.append(Mail(number, to, email.message_from_bytes(text)))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
