"""Work that every worker looks for by itself: the functions of `settings.TICKS`, on the monotonic clock.

Messages of the scheduler are hints to look a little earlier. With no scheduler, no broker, a wrong wall clock
or a restarted database the work goes on all the same; one failing or hanging function never stops another.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils.module_loading import import_string

from portal.operations import correlation
from portal.operations.services import beat

logger = logging.getLogger(__name__)

WORKER = "worker"
# The task that the scheduler sends as its own sign of life, and how often, in seconds.
SCHEDULER = "scheduler"
SCHEDULER_SECONDS = 10.0
_HEARTBEAT_SECONDS = 2.0
_WORKER_SECONDS = 5.0
_REPORT_SECONDS = 30.0
_JUST_RUN_SECONDS = 1.0
_LEAST_REST_SECONDS = 0.05


class Held(Exception):
    """Raised by the function of a tick that holds still on purpose: it has not failed, and it has not run to its end."""


class Tick:
    """One function of `settings.TICKS` in this process. Never runs twice at once here; elsewhere it may."""

    def __init__(self, path: str, seconds: float) -> None:
        self.path = path
        self.name = path.removesuffix(".tick")
        self.seconds = seconds
        self._running = threading.Lock()
        self._ended = float("-inf")
        self._beaten = float("-inf")
        self._reported = float("-inf")

    def run(self, *, hint: bool = False) -> bool:
        """Call the function once and note a heartbeat under its name, the path without `.tick`.

        Returns whether it ran to its end.

        A `hint` is passed over while the function runs or when it has just run, so that a heap of old messages costs
        nothing. No exception leaves this method.
        """
        if hint and time.monotonic() - self._ended < min(self.seconds / 2, _JUST_RUN_SECONDS):
            return False
        if not self._running.acquire(blocking=False):
            return False
        try:
            with correlation.work():
                return self._guarded()
        finally:
            self._ended = time.monotonic()
            self._running.release()

    def _guarded(self) -> bool:
        try:
            close_old_connections()
            cast(Callable[[], object], import_string(self.path))()
            if time.monotonic() - self._beaten >= _HEARTBEAT_SECONDS:
                beat(self.name)
                self._beaten = time.monotonic()
        except Held as held:
            logger.warning("tick %s holds still: %s", self.path, held)
            return False
        except Exception as error:
            self._report(error)
            # Whatever state it is in, the next call begins with a new connection.
            connections.close_all()
            return False
        return True

    def _report(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._reported < _REPORT_SECONDS:
            return
        self._reported = now
        if isinstance(error, OperationalError | InterfaceError):
            logger.warning("tick %s waits for the database: %s", self.path, " ".join(str(error).split())[:200])
        else:
            what = f"{type(error).__name__}: {error}"[:200]
            logger.exception("tick %s failed (%s); it is called again in %g s", self.path, what, self.seconds)


class SignOfLife(Tick):
    """Nothing but a heartbeat, with the process that noted it."""

    def _guarded(self) -> bool:
        try:
            close_old_connections()
            beat(self.name, {"host": socket.gethostname(), "pid": os.getpid()})
        except Exception as error:
            self._report(error)
            connections.close_all()
            return False
        return True


class Ticker:
    """Runs every tick in a daemon thread of its own, so that a slow one delays no other."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        self._ticks = ticks
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin at once; returns immediately."""
        for tick in self._ticks:
            thread = threading.Thread(target=self._loop, args=(tick,), name=f"tick {tick.path}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, *, seconds: float) -> None:
        """Ask for the end and wait at most `seconds`; what still runs then ends with the process, harmlessly."""
        self._stop.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _loop(self, tick: Tick) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            tick.run()
            self._stop.wait(max(_LEAST_REST_SECONDS, begun + tick.seconds - time.monotonic()))
        connections.close_all()


def all_ticks() -> dict[str, Tick]:
    """A tick for every line of `settings.TICKS`, by path."""
    return {path: Tick(path, seconds) for path, seconds in settings.TICKS}


def worker_ticker(ticks: Sequence[Tick]) -> Ticker:
    """The ticker of a worker process: the ticks and its own sign of life."""
    return Ticker([SignOfLife(WORKER, _WORKER_SECONDS), *ticks])
