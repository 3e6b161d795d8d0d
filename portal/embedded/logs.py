"""The children's logs: files in the data directory, with errors brought to the terminal."""

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import IO

_KEEP_BYTES = 5 * 1024 * 1024
_MOST_BYTES = 20 * 1024 * 1024
_MOST_A_MINUTE = 6


def say(text: str, *, name: str = "portal") -> None:
    """One line about one event on the terminal."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {name:<9} {text}\n")
    sys.stdout.flush()


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; one that has grown large makes room, its predecessor is kept as `.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _KEEP_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def make_room(path: Path) -> None:
    """Empty a log that has grown large while its process writes to it; the last part is kept as `.1`."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            shutil.copyfile(path, path.with_name(path.name + ".1"))
            os.truncate(path, 0)
    except OSError:
        return


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a log that say something, shortened."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16384))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [shorten(line) for line in text.splitlines() if line.strip()][-count:]


def shorten(line: str) -> str:
    """A log line for the terminal: level, logger and message of a structured one, the text of another."""
    try:
        record = json.loads(line)
        line = f"{record['level']} {record['logger']}: {record['message']}"
    except (ValueError, KeyError, TypeError):
        pass
    return line if len(line) <= 300 else line[:299] + "…"


class ErrorWatch:
    """Follows one log and gives its new lines of level ERROR and CRITICAL, a few a minute at most."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0
        self._shown: list[float] = []
        self.hidden = 0

    def new_errors(self, now: float) -> list[str]:
        """Lines since the last call, `now` in monotonic seconds; what is over the limit counts in `hidden`."""
        try:
            size = self._path.stat().st_size
            if size < self._position:
                self._position = 0
            if size == self._position:
                return []
            with self._path.open("rb") as file:
                file.seek(self._position)
                block = file.read(1024 * 1024)
        except OSError:
            return []
        whole, newline, _ = block.rpartition(b"\n")
        self._position += len(whole) + len(newline)
        self._shown = [moment for moment in self._shown if now - moment < 60]
        found = []
        for line in whole.decode(errors="replace").splitlines():
            if not _is_error(line):
                continue
            if len(self._shown) < _MOST_A_MINUTE:
                self._shown.append(now)
                found.append(shorten(line))
            else:
                self.hidden += 1
        return found


def _is_error(line: str) -> bool:
    if '"ERROR"' not in line and '"CRITICAL"' not in line:
        return False
    try:
        return json.loads(line).get("level") in {"ERROR", "CRITICAL"}
    except (ValueError, AttributeError):
        return False
