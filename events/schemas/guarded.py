"""Judging schemas in a child process, under a limit of time and memory.

One child a process, started at the first question and after a fork anew. A question that takes too long kills the child and is
answered "unknown", which is a refusal; the next question starts another.
"""

import atexit
import hashlib
import logging
import os
import selectors
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import orjson

from events.schemas.containment import Answer, Shown
from events.schemas.walking import Schema

logger = logging.getLogger(__name__)
SECONDS = 3.0
_ROOT = Path(__file__).resolve().parents[2]
_CHUNK = 65_536
KEPT = 2_000


class _Gone(Exception):
    """The child did not answer in time, or not at all."""


class _Child:
    """A worker process and the pipe to it."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "events.schemas.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            # Nothing of ours: neither settings nor secrets.
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT)},
        )

    def ask(self, question: bytes, seconds: float) -> dict[str, Any]:
        """One question, one answer. Raises _Gone."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(question + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise _Gone from error
        answer = bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                if not ready.select(seconds):
                    raise _Gone
                piece = os.read(self.process.stdout.fileno(), _CHUNK)
                if not piece:
                    raise _Gone
                answer += piece
        found: dict[str, Any] = orjson.loads(answer)
        return found

    def end(self) -> None:
        """Kill it, if it is ours, and let go of its pipes."""
        if self.owner != os.getpid():
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


_lock = threading.Lock()
_kept: dict[bytes, Shown] = {}
_child: _Child | None = None


def covers(wider: Schema, narrower: Schema, *, seconds: float = SECONDS) -> Shown:
    """Whether `wider` accepts every event that `narrower` accepts, within bounds; both bundled."""
    question = orjson.dumps({"wider": wider, "narrower": narrower})
    name = hashlib.sha256(question).digest()
    with _lock:
        known = _kept.get(name)
        if known is not None:
            return known
        try:
            found = _standing().ask(question, seconds)
        except _Gone:
            logger.warning("judging two schemas took too long or too much; the answer is unknown")
            _end()
            return Shown(Answer.UNKNOWN)
        shown = Shown(Answer(found["answer"]), found["event"])
        # Two schemas never change, so their answer does not either; the oldest makes room.
        if len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[name] = shown
    return shown


def _standing() -> _Child:
    global _child
    if _child is None or _child.owner != os.getpid() or _child.process.poll() is not None:
        _child = _Child()
    return _child


def _end() -> None:
    global _child
    if _child is not None:
        _child.end()
    _child = None


os.register_at_fork(after_in_child=_lock._at_fork_reinit)  # type: ignore[attr-defined] # as the standard library does
atexit.register(_end)
