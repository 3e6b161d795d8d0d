"""The sockets below the outbound client: they connect to judged addresses only and obey the deadline of a
whole exchange.

One exchange runs in one thread from beginning to end, so its limits travel in a thread-local `Exchange`.
"""

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

import httpcore

from portal.outbound.guard import Guard

LOOKUP_THREADS = 16


@dataclass
class Exchange:
    """Limits and fate of the exchange a thread is in. `deadline` is on the monotonic clock, in seconds."""

    deadline: float
    encrypted: bool
    wrote: bool = False
    heard: bool = False
    reused: bool = True

    def left(self, timeout: float | None) -> float:
        """Seconds the next blocking call may take: its own limit or what the whole exchange has left."""
        remaining = self.deadline - time.monotonic()
        return remaining if timeout is None else min(timeout, remaining)


_current = threading.local()


def begin(exchange: Exchange) -> None:
    """Make this the exchange of the calling thread."""
    _current.exchange = exchange


def current() -> Exchange:
    """The exchange of the calling thread."""
    exchange: Exchange = _current.exchange
    return exchange


class DeadlineStream(httpcore.NetworkStream):
    """A stream whose every blocking call ends at the exchange's deadline, however slowly bytes drip in."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        exchange = current()
        left = exchange.left(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout("total time is over")
        data = self._inner.read(max_bytes, left)
        exchange.heard = exchange.heard or bool(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        exchange = current()
        left = exchange.left(timeout)
        if left <= 0:
            raise httpcore.WriteTimeout("total time is over")
        exchange.wrote = True
        self._inner.write(buffer, left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = current().left(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout("total time is over")
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Opens TCP connections to the addresses a guard lets through, never to a name."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore.SyncBackend()
        self._lookups = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix=f"lookup-{os.getpid()}")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A stream to the host. Raises OutboundRefused, httpcore.ConnectError or httpcore.ConnectTimeout."""
        exchange = current()
        exchange.reused = False
        limit = time.monotonic() + exchange.left(timeout)
        failure: Exception = httpcore.ConnectTimeout("no time was left to connect")
        for address in self._addresses(host, port, limit, encrypted=exchange.encrypted):
            left = limit - time.monotonic()
            if left <= 0:
                break
            try:
                return DeadlineStream(self._inner.connect_tcp(address, port, left, None, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exception:
                failure = exception
        raise failure

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Always refused: a URL cannot name one."""
        raise httpcore.ConnectError("Unix sockets are not reachable from here.")

    def close(self) -> None:
        """Let go of the threads that look up names."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def _addresses(self, host: str, port: int, limit: float, *, encrypted: bool) -> list[str]:
        # The system's resolver has no time limit of its own, hence a thread that may be left behind.
        lookup: Future[list[str]] = self._lookups.submit(self._guard.resolve, host, port, encrypted=encrypted)
        try:
            return lookup.result(max(limit - time.monotonic(), 0))
        except FutureTimeout:
            lookup.cancel()
            raise httpcore.ConnectTimeout(f"looking up {host} took too long") from None
        except (socket.gaierror, UnicodeError, OSError) as exception:
            raise httpcore.ConnectError(f"{host} cannot be found: {exception}") from None
