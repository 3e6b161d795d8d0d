"""The one client for outbound requests: guarded addresses, bounded answers, bounded time, nothing followed,
nothing kept.

It sits on the connections of httpcore, the transport of httpx, without httpx's cookie jar (cookies of one server's
caller must not reach another's) and without its content decoding (an answer cannot be larger than its bytes on the
wire).
"""

import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import certifi
import httpcore
from django.conf import settings

from portal.operations.per_process import PerProcess
from portal.outbound.errors import (
    AnswerTooLarge,
    OutboundError,
    OutboundFailed,
    OutboundRefused,
    OutboundTimeout,
)
from portal.outbound.guard import Guard
from portal.outbound.kept import KeptConnections
from portal.outbound.network import Exchange, GuardedBackend, begin
from portal.outbound.reflected import body_without, secret_of, without

MAX_ANSWER = 1024 * 1024
MAX_KEPT = 128
KEEP_ALIVE_SECONDS = 60.0

Enough = Callable[[Mapping[str, str], bytearray], bool]


@dataclass(frozen=True)
class Timeouts:
    """Limits in seconds: for connecting, for the silence between two reads, and for the whole exchange."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 15.0


@dataclass(frozen=True)
class Answer:
    """A complete answer. Header names are lower case; of a repeated header the first one counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


DEFAULT_TIMEOUTS = Timeouts()


class OutboundClient:
    """A thread-safe client with kept-alive connections. Make it after the fork; `client()` does."""

    def __init__(self, guard: Guard, *, ca_file: str = "", kept: int = MAX_KEPT) -> None:
        self.guard = guard
        self._tls = ssl.create_default_context(cafile=ca_file or certifi.where())
        self._backend = GuardedBackend(guard)
        self._kept = KeptConnections(self._connect, most=kept)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        max_bytes: int = MAX_ANSWER,
        repeatable: bool = False,
        enough: Enough | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status; redirects are answers like others.

        `repeatable` says that sending it twice does no harm: it then travels over a kept connection and once
        more over a new one if the kept one turns out to be dead. Other requests always get a connection of
        their own, so that "nothing was sent" is certain when connecting fails. `enough(headers, body so far)`
        may end the reading of an endless answer. What of the credential the other side sends back is taken out of answers and
        errors. Raises a subclass of OutboundError.
        """
        secret = secret_of(headers)
        try:
            answer = self._request(method, url, headers, body, timeouts, max_bytes, repeatable, enough)
        except OutboundError as error:
            error.reason = without(error.reason, secret)
            error.args = (error.reason,)
            raise
        told = {name: without(value, secret) for name, value in answer.headers.items()}
        return Answer(answer.status, told, body_without(answer.body, secret))

    def _request(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeouts: Timeouts,
        max_bytes: int,
        repeatable: bool,
        enough: Enough | None,
    ) -> Answer:
        parsed = self.guard.parse(url)
        exchange = Exchange(deadline=time.monotonic() + timeouts.total, encrypted=parsed.scheme == "https")
        target = httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)
        request = httpcore.Request(
            method,
            target,
            headers=_raw_headers(parsed.netloc, headers, body),
            content=body,
            extensions={
                "timeout": {
                    "connect": timeouts.connect,
                    "read": timeouts.read,
                    "write": timeouts.read,
                }
            },
        )
        if not repeatable:
            return self._once(request, exchange, max_bytes, enough)
        connection = self._kept.take(target)
        try:
            return self._exchange(connection, request, exchange, max_bytes, enough)
        except OutboundFailed:
            if exchange.heard or not exchange.reused:
                raise
            return self._once(request, exchange, max_bytes, enough)
        finally:
            self._kept.give(target, connection)

    def close(self) -> None:
        """Close every idle connection."""
        self._kept.close()
        self._backend.close()

    def _connect(self, target: httpcore.URL) -> httpcore.HTTPConnection:
        return httpcore.HTTPConnection(
            target.origin,
            ssl_context=self._tls,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=self._backend,
        )

    def _once(self, request: httpcore.Request, exchange: Exchange, max_bytes: int, enough: Enough | None) -> Answer:
        connection = self._connect(request.url)
        try:
            return self._exchange(connection, request, exchange, max_bytes, enough)
        finally:
            connection.close()

    def _exchange(
        self,
        connection: httpcore.HTTPConnection,
        request: httpcore.Request,
        exchange: Exchange,
        max_bytes: int,
        enough: Enough | None,
    ) -> Answer:
        begin(exchange)
        try:
            response = connection.handle_request(request)
            try:
                return _read(response, max_bytes, enough)
            finally:
                response.close()
        except OutboundError:
            raise
        except httpcore.LocalProtocolError as exception:
            if exchange.wrote:
                raise OutboundFailed(f"The exchange broke off: {exception}.", sent=True) from None
            raise OutboundRefused(f"The request cannot be written: {exception}.") from None
        except httpcore.TimeoutException as exception:
            raise OutboundTimeout(_timeout_sentence(exception, exchange), sent=exchange.wrote) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as exception:
            detail = str(exception) or type(exception).__name__
            if exchange.wrote:
                raise OutboundFailed(
                    f"The connection broke before the answer was complete: {detail}.", sent=True
                ) from None
            raise OutboundFailed(f"No connection could be made: {detail}.", sent=False) from None


def _timeout_sentence(exception: httpcore.TimeoutException, exchange: Exchange) -> str:
    if exchange.left(None) <= 0:
        return "The answer was not complete within the total time."
    if isinstance(exception, httpcore.ConnectTimeout):
        return "No connection could be made in time."
    return "The server did not answer in time."


def _raw_headers(host: bytes, headers: Sequence[tuple[str, str]], body: bytes) -> list[tuple[bytes, bytes]]:
    raw = [(b"Host", host), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"connector-portal")]
    if body:
        raw.append((b"Content-Length", str(len(body)).encode()))
    for name, value in headers:
        try:
            raw.append((name.encode("ascii"), value.encode("ascii")))
        except UnicodeEncodeError:
            raise OutboundRefused(f"The header {name!a} contains characters outside ASCII.") from None
        if "\r" in value or "\n" in value or "\0" in value:
            raise OutboundRefused(f"The header {name!a} contains a line break.")
    return raw


def _read(response: httpcore.Response, max_bytes: int, enough: Enough | None) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    declared = headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > max_bytes):
        raise AnswerTooLarge(max_bytes)
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise AnswerTooLarge(max_bytes)
        if enough is not None and enough(headers, body):
            break
    return Answer(response.status, headers, bytes(body))


class _Process:
    """The client of this process and the networks it was made for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.client: OutboundClient | None = None
        self.allow: tuple[str, ...] = ()


_process = PerProcess(_Process)


def client() -> OutboundClient:
    """The one client of this process, made at the first call after the fork."""
    allow = tuple(settings.OUTBOUND_ALLOW)
    process = _process.own
    if process.client is not None and process.allow == allow:
        return process.client
    with process.lock:
        if process.client is None or process.allow != allow:
            process.client = OutboundClient(Guard(allow))
            process.allow = allow
        return process.client
