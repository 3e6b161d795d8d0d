"""Starting and ending processes so that none outlives the supervisor."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent(number: int, parent: int) -> Callable[[], None]:
    """What the new process does before exec: ask the kernel for `number` when its parent dies.

    Runs after the change of user, because that would clear the request. Outside Linux there is no such request; the
    next start then ends what a killed supervisor left behind (`end_leftovers`).
    """

    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return prepare


def spawn(
    argv: Sequence[str],
    *,
    output: IO[bytes] | int | None = None,
    errors: IO[bytes] | int | None = None,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    death_signal: int = signal.SIGKILL,
    own_group: bool = True,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process, by default in a group of its own so that Ctrl-C reaches the supervisor alone.

    Call it from the main thread: the kernel ties `death_signal` to the thread that forked.
    """
    return subprocess.Popen(  # noqa: S603
        list(argv),
        stdin=subprocess.DEVNULL if own_group else None,
        stdout=output,
        stderr=errors if errors is not None else output,
        env=dict(env) if env is not None else None,
        start_new_session=own_group,
        preexec_fn=_die_with_parent(death_signal, os.getpid()),
        cwd=cwd,
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
    )


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a whole process group; a group that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def stop(process: subprocess.Popen[bytes], *, number: int, seconds: float) -> bool:
    """Ask the process to end, kill its group after `seconds`; False when it had to be killed."""
    willing = True
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            willing = False
    signal_group(process.pid, signal.SIGKILL)
    process.wait()
    return willing


def stop_one(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """End a process that shares the supervisor's group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def describe_exit(code: int) -> str:
    """'exit code 3' or 'signal 9, SIGKILL' for a `Popen.returncode`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
    return f"signal {-code}, {name}"


def remember(path: Path, pids: Iterable[int]) -> None:
    """Write which processes run, with their birth times, for a start that follows a killed supervisor."""
    rows = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            rows.append([pid, psutil.Process(pid).create_time()])
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(rows), encoding="utf-8")
    temporary.replace(path)


def end_leftovers(path: Path, *, patience: float) -> int:
    """End the processes of a supervisor that was killed: wait `patience` seconds, then SIGKILL. Returns how many.

    Call it only while holding the lock of the data directory.
    """
    try:
        rows = [(int(pid), float(born)) for pid, born in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return 0
    alive = [process for pid, born in rows if (process := _same(pid, born)) is not None]
    deadline = time.monotonic() + patience
    _, stubborn = psutil.wait_procs(alive, timeout=max(0.0, deadline - time.monotonic()))
    for process in stubborn:
        signal_group(process.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5)
    path.unlink(missing_ok=True)
    return len(alive)


def _same(pid: int, born: float) -> psutil.Process | None:
    """The process of that number if it is still the one that was written down and has not ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - born) >= 1:
            return None
        return process
    except psutil.Error:
        return None
