"""Connections that are kept alive between exchanges, lent to one thread at a time.

httpcore's own pool looks at every one of its connections for each request, which with 64 of them costs more than the
request itself; tying connections to threads would lose them with the threads.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

import httpcore

Origin = tuple[bytes, bytes, int]


class KeptConnections:
    """Idle connections by origin, the last used one first; `most` of them altogether. Thread-safe."""

    def __init__(self, connect: Callable[[httpcore.URL], httpcore.HTTPConnection], *, most: int) -> None:
        self._connect = connect
        self._most = most
        self._lock = threading.Lock()
        # Ordered by when an origin was last used; the one unused for longest makes room.
        self._idle: OrderedDict[Origin, list[httpcore.HTTPConnection]] = OrderedDict()
        self._count = 0

    def take(self, url: httpcore.URL) -> httpcore.HTTPConnection:
        """A connection to the origin of an address: a kept one that is still good, else a new one."""
        while (connection := self._pop(_origin(url))) is not None:
            if not connection.is_closed() and not connection.has_expired():
                return connection
            connection.close()
        return self._connect(url)

    def give(self, url: httpcore.URL, connection: httpcore.HTTPConnection) -> None:
        """Bring a connection back after its exchange; it is kept if it can serve another one."""
        if connection.is_closed() or not connection.is_idle():
            connection.close()
            return
        origin = _origin(url)
        with self._lock:
            self._idle.setdefault(origin, []).append(connection)
            self._idle.move_to_end(origin)
            self._count += 1
            surplus = self._oldest() if self._count > self._most else None
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            connections = [connection for kept in self._idle.values() for connection in kept]
            self._idle.clear()
            self._count = 0
        for connection in connections:
            connection.close()

    def _pop(self, origin: Origin) -> httpcore.HTTPConnection | None:
        with self._lock:
            kept = self._idle.get(origin)
            if not kept:
                return None
            self._count -= 1
            connection = kept.pop()
            if not kept:
                del self._idle[origin]
            return connection

    def _oldest(self) -> httpcore.HTTPConnection:
        origin, kept = next(iter(self._idle.items()))
        self._count -= 1
        connection = kept.pop(0)
        if not kept:
            del self._idle[origin]
        return connection


def _origin(url: httpcore.URL) -> Origin:
    origin = url.origin
    return origin.scheme, origin.host, origin.port
