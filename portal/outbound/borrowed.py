"""Sending by a library that brings `requests` with it and cannot be given our client: its connections go through the guard.

`urllib3` connects at one place, `create_connection`, and has no hook for it; that function is replaced once. Outside of
`guarded` it does what it always did. Inside, the name is looked up once and judged, and the judged address is connected to;
when the time is over the sockets are cut, however slowly an answer drips in.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from typing import Any

from urllib3.util import connection

from portal.outbound.errors import OutboundRefused
from portal.outbound.guard import Guard


@dataclass
class Sending:
    """One sending by the library, in one thread. `refused` says why an address was refused, `cut` that the time was over."""

    guard: Guard
    encrypted: bool
    deadline: float
    refused: str = ""
    cut: bool = False
    sockets: list[socket.socket] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def left(self) -> float:
        """Seconds until the end."""
        return self.deadline - time.monotonic()

    def watch(self, one: socket.socket) -> None:
        """Have this connection cut at the end. A duplicate is kept: the library may wrap the socket and take it over."""
        with self.lock:
            self.sockets.append(one.dup())

    def end(self, *, cut: bool) -> None:
        """Cut what is still open, or let go of what was watched."""
        with self.lock:
            sockets, self.sockets = self.sockets, []
            self.cut = self.cut or cut
        for one in sockets:
            with contextlib.suppress(OSError):
                if cut:
                    one.shutdown(socket.SHUT_RDWR)
            one.close()


# Libraries do not always say that they encrypt.
_TLS = 443
_current = threading.local()
_plainly = connection.create_connection


@contextlib.contextmanager
def guarded(guard: Guard, *, encrypted: bool, seconds: float) -> Iterator[Sending]:
    """In this thread, what `requests` sends passes the guard and ends within `seconds`."""
    sending = Sending(guard, encrypted, time.monotonic() + seconds)
    end = threading.Timer(seconds, sending.end, kwargs={"cut": True})
    end.daemon = True
    _current.sending = sending
    end.start()
    try:
        yield sending
    finally:
        end.cancel()
        _current.sending = None
        sending.end(cut=False)


def _connect(address: tuple[str, int], timeout: Any = None, *others: Any, **named: Any) -> socket.socket:
    """As `create_connection`; inside of `guarded`, to judged addresses only."""
    sending: Sending | None = getattr(_current, "sending", None)
    if sending is None:
        return _plainly(address, timeout, *others, **named)
    host, port = address
    failure: OSError = TimeoutError("no time was left to connect")
    for judged in _judged(sending, host.strip("[]"), port):
        left = min(sending.left(), timeout) if isinstance(timeout, int | float) else sending.left()
        if left <= 0:
            break
        try:
            made = _plainly((judged, port), left, *others, **named)
        except OSError as error:
            failure = error
            continue
        sending.watch(made)
        return made
    raise failure


def _judged(sending: Sending, host: str, port: int) -> list[str]:
    # The system's resolver has no time limit of its own, hence a thread that may be left behind.
    pool = ThreadPoolExecutor(1, thread_name_prefix="lookup")
    try:
        lookup = pool.submit(sending.guard.resolve, host, port, encrypted=sending.encrypted or port == _TLS)
        return lookup.result(max(sending.left(), 0))
    except OutboundRefused as refusal:
        sending.refused = str(refusal)
        raise OSError(sending.refused) from None
    except FutureTimeout:
        raise TimeoutError("looking up the host took too long") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


connection.create_connection = _connect
