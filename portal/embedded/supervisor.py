"""Keeps a few child processes running: restarts what dies, stops all of it in order."""

import contextlib
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.embedded import logs, process
from portal.embedded.logs import say

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_LOG_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Child:
    """One part of the portal. `stable` is the life in seconds after which its earlier deaths are forgotten."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] | None = None
    user: str | None = None
    cwd: Path | None = None
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0
    death_signal: int = signal.SIGKILL
    stable: float = 30.0
    before_start: Callable[[], object] | None = None


@dataclass
class Running:
    """A child in one of its lives; between two of them `process` is None and `due` the time of the next."""

    child: Child
    watch: logs.ErrorWatch
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    deaths: int = 0
    due: float = 0.0


@dataclass
class Supervisor:
    """Owns the children. Use it as `with supervisor.signals():` in the main thread.

    `record` is the file in which the running processes are written down for the start after a kill.
    """

    record: Path
    children: dict[str, Running] = field(default_factory=dict)
    stopping: int = 0
    _wake: socket.socket | None = None
    _looked: float = 0.0

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Take over Ctrl-C, termination and the news of a child's death."""
        reading, writing = socket.socketpair()
        reading.setblocking(False)
        writing.setblocking(False)
        taken = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        earlier = {number: signal.getsignal(number) for number in taken}
        for number in taken:
            signal.signal(number, self._on_signal)
        old_fd = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        self._wake = reading
        try:
            yield
        finally:
            signal.set_wakeup_fd(old_fd)
            for number, handler in earlier.items():
                signal.signal(number, handler)
            self._wake = None
            reading.close()
            writing.close()

    def add(self, child: Child) -> Running:
        """Start a child and keep it running."""
        running = Running(child, logs.ErrorWatch(child.log))
        self.children[child.name] = running
        self._start(running)
        return running

    def wait(self, seconds: float) -> None:
        """Look after the children for about `seconds`, less when a signal or a death ends the wait."""
        now = time.monotonic()
        until = min([now + seconds] + [r.due for r in self.children.values() if r.process is None])
        if self._wake is not None:
            select.select([self._wake], [], [], max(0.0, until - now))
            with contextlib.suppress(BlockingIOError):
                self._wake.recv(4096)
        else:
            time.sleep(max(0.0, until - now))
        self._look_after()

    def run(self) -> None:
        """Keep the children running until a stop is asked for."""
        while not self.stopping:
            self.wait(_LOG_LOOK_SECONDS)

    def stop(self, order: list[str]) -> None:
        """Stop the children named, one after the other; a second Ctrl-C kills instead of asking."""
        self.stopping = max(self.stopping, 1)
        for name in order:
            running = self.children.pop(name, None)
            if running is None or running.process is None:
                continue
            self._stop(running.child, running.process)
        if not self.children:
            self.record.unlink(missing_ok=True)

    def _stop(self, child: Child, popen: subprocess.Popen[bytes]) -> None:
        patience = time.monotonic() + child.stop_seconds
        if popen.poll() is None:
            popen.send_signal(child.stop_signal)
        while popen.poll() is None and time.monotonic() < patience and self.stopping < 2:
            with contextlib.suppress(subprocess.TimeoutExpired):
                popen.wait(0.05)
        if popen.poll() is None:
            say(f"did not stop within {child.stop_seconds:.0f} s or was hurried; killed", name=child.name)
        process.stop(popen, number=signal.SIGKILL, seconds=0)

    def _on_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self.stopping += 1

    def _start(self, running: Running) -> None:
        child = running.child
        if child.before_start is not None:
            child.before_start()
        with logs.open_log(child.log) as output:
            running.process = process.spawn(
                child.argv,
                output=output,
                env=child.env,
                user=child.user,
                death_signal=child.death_signal,
                cwd=child.cwd,
            )
        running.born = time.monotonic()
        process.remember(self.record, [r.process.pid for r in self.children.values() if r.process is not None])

    def _look_after(self) -> None:
        now = time.monotonic()
        for running in self.children.values():
            if running.process is not None and running.process.poll() is not None:
                self._bury(running, running.process, now)
            elif running.process is None and now >= running.due and not self.stopping:
                try:
                    self._start(running)
                except Exception as error:
                    # One part that cannot start must not end the others.
                    self._postpone(running, now, f"cannot be started ({error})")
                else:
                    say("started again", name=running.child.name)
        if now - self._looked >= _LOG_LOOK_SECONDS:
            self._looked = now
            self._show_errors(now)

    def _bury(self, running: Running, popen: subprocess.Popen[bytes], now: float) -> None:
        # What it had started must not hold its port or its work when it comes back.
        process.signal_group(popen.pid, signal.SIGKILL)
        running.process = None
        if now - running.born >= running.child.stable:
            running.deaths = 0
        if self.stopping:
            return
        self._postpone(running, now, f"died ({process.describe_exit(popen.returncode)})")
        for line in logs.last_lines(running.child.log, 3) if popen.returncode > 0 else []:
            say(f"  | {line}", name=running.child.name)

    def _postpone(self, running: Running, now: float, what: str) -> None:
        pause = min(_LONGEST_WAIT, _FIRST_WAIT * 2**running.deaths)
        running.deaths = min(running.deaths + 1, 16)
        running.due = now + pause
        say(f"{what}; starts again in {pause:g} s; log: {running.child.log}", name=running.child.name)

    def _show_errors(self, now: float) -> None:
        for running in self.children.values():
            logs.make_room(running.child.log)
            for line in running.watch.new_errors(now):
                say(line, name=running.child.name)
            if running.watch.hidden:
                say(f"{running.watch.hidden} more errors in {running.child.log}", name=running.child.name)
                running.watch.hidden = 0
