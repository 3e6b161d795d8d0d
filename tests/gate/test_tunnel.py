"""The script of the gate over TLS and through a proxy that is named: who it trusts, and who sees the token."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.gate.asking import TOKEN, UNKNOWN, YES, ask, says
from tests.outbound.test_tls import TlsServer
from tests.servers.scripted import ScriptedServer

NAME = "crm.example.com"


class Proxy:
    """Tunnels to one port of this machine whatever name is asked for, and keeps what it was told in plain text."""

    def __init__(self, port: int) -> None:
        self.heard: list[bytes] = []
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                threading.Thread(target=self._tunnel, args=(accepted,), daemon=True).start()

    def _tunnel(self, accepted: socket.socket) -> None:
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            heard += accepted.recv(1)
        self.heard.append(heard)
        accepted.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        beyond = socket.create_connection(("127.0.0.1", self._to))
        threading.Thread(target=_pump, args=(accepted, beyond), daemon=True).start()
        _pump(beyond, accepted)

    def close(self) -> None:
        self._listener.close()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(65_536):
            other.sendall(piece)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


@pytest.fixture
def authority(tmp_path: Path) -> TlsServer:
    """A certificate for crm.example.com; its own server is not needed."""
    made = TlsServer(tmp_path)
    made.close()
    return made


@pytest.fixture
def secured(scripted: ScriptedServer, authority: TlsServer) -> ScriptedServer:
    """A portal that says yes, over TLS."""
    scripted.behave(says())
    server = scripted._server
    server.socket = authority._context.wrap_socket(server.socket, server_side=True)
    return scripted


@pytest.fixture
def proxy(secured: ScriptedServer) -> Iterator[Proxy]:
    """A proxy before it."""
    made = Proxy(secured.port)
    yield made
    made.close()


def test_through_a_proxy_that_never_sees_the_token(secured: ScriptedServer, proxy: Proxy, authority: TlsServer) -> None:
    ended = ask(f"https://{NAME}", "--proxy", proxy.url, env={"SSL_CERT_FILE": str(authority.ca_file)})
    assert (ended.code, ended.err) == (YES, "")
    assert secured.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    (heard,) = proxy.heard
    assert heard.startswith(f"CONNECT {NAME}:443 HTTP/1.".encode())
    assert TOKEN.encode() not in heard


def test_a_certificate_that_nobody_trusts_gets_no_token(secured: ScriptedServer, proxy: Proxy) -> None:
    ended = ask(f"https://{NAME}", "--proxy", proxy.url)
    assert (ended.code, "CERTIFICATE_VERIFY_FAILED" in ended.err, secured.requests) == (UNKNOWN, True, [])


def test_a_certificate_of_another_name_gets_no_token(secured: ScriptedServer, authority: TlsServer) -> None:
    ended = ask(f"https://127.0.0.1:{secured.port}", env={"SSL_CERT_FILE": str(authority.ca_file)})
    assert (ended.code, "CERTIFICATE_VERIFY_FAILED" in ended.err, secured.requests) == (UNKNOWN, True, [])


def test_a_server_that_speaks_no_tls(scripted: ScriptedServer) -> None:
    scripted.behave(says())
    ended = ask(f"https://127.0.0.1:{scripted.port}", "--timeout", "3")
    assert (ended.code, scripted.requests) == (UNKNOWN, [])


def test_http_through_a_proxy_must_be_allowed(scripted: ScriptedServer) -> None:
    scripted.behave(says())
    proxy = Proxy(scripted.port)
    assert ask("http://127.0.0.1", "--proxy", proxy.url).code == UNKNOWN
    assert proxy.heard == []
    assert ask("http://portal.invalid", "--proxy", proxy.url, "--allow-http").code == YES
    proxy.close()
