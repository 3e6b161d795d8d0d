"""Sending reports: with retries, and where the portal cannot be reached into a spool of files, delivered first the next time.

Delivering twice is harmless: the portal knows a run by its name and keeps it once. Only the standard library is used.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

ATTEMPTS, FIRST_PAUSE = 3, 0.5
# Not better by sending again: what is wrong with the report itself. 401 and 403 may be: a token is given anew.
_FINAL = frozenset({400, 404, 409, 413, 415, 422})


class _Never(HTTPRedirectHandler):
    """A redirect would carry the token to another place."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


@dataclass(frozen=True)
class Outcome:
    """What became of a report: `sent`, `refused` (for good) or `waiting` (in the spool), and why."""

    status: str
    reason: str = ""


class Spool:
    """Reports that wait, one file each, readable by their owner alone; named by what they hold, so that one waits once."""

    def __init__(self, directory: str | Path) -> None:
        self._directory = Path(directory)

    def keep(self, report: Mapping[str, Any]) -> Path:
        """Write it as a whole or not at all."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(report, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        waiting = sorted(self._directory.glob(f"*-{digest}.json"))
        if waiting:
            return waiting[0]
        path = self._directory / f"{time.time_ns():020d}-{digest}.json"
        # Made with mode 0600.
        handle, written = tempfile.mkstemp(dir=self._directory, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(written).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(written).unlink()
            raise
        return path

    def waiting(self) -> list[Path]:
        """What waits, the oldest first."""
        return sorted(self._directory.glob("[0-9]*.json")) if self._directory.is_dir() else []

    @staticmethod
    def read(path: Path) -> dict[str, Any] | None:
        """One report, or None where the file is none or gone."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    @staticmethod
    def done(path: Path) -> None:
        """It waits no more; another process may have been first."""
        path.unlink(missing_ok=True)

    @staticmethod
    def refused(path: Path) -> None:
        """Set aside for people: the portal will not take it however often it is sent."""
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".refused"))


def send(
    report: Mapping[str, Any],
    *,
    url: str,
    token: str,
    timeout: float = 10.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Post one report, with a few attempts. Never raises."""
    if urlsplit(url).scheme not in ("http", "https") or not token:
        return Outcome("waiting", "no address of the portal that begins with https://, or no token")
    address = f"{url.rstrip('/')}/api/v1/checkpoints/{quote(str(report.get('checkpoint', '')), safe='')}/results/"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        try:
            request = Request(address, data=json.dumps(report).encode(), headers=headers, method="POST")  # noqa: S310 - http(s) only
            with build_opener(_Never).open(request, timeout=timeout):
                return Outcome("sent")
        except HTTPError as error:
            with contextlib.suppress(Exception):
                error.close()
            reason = f"HTTP {error.code}"
            if error.code in _FINAL:
                return Outcome("refused", reason)
            if error.code in (401, 403):
                return Outcome("waiting", reason)
        except (OSError, HTTPException, ValueError) as error:
            reason = type(error).__name__
    return Outcome("waiting", reason)


def flush(spool: Spool, *, url: str, token: str, timeout: float = 10.0) -> tuple[int, int, int]:
    """Deliver what waits, the oldest first, until the portal cannot be reached. How many were sent, refused, still wait."""
    sent = refused = 0
    waiting = spool.waiting()
    for path in waiting:
        report = spool.read(path)
        if report is None:
            if path.exists():
                spool.refused(path)
                refused += 1
            continue
        outcome = send(report, url=url, token=token, timeout=timeout)
        if outcome.status == "waiting":
            break
        if outcome.status == "sent":
            spool.done(path)
            sent += 1
        else:
            spool.refused(path)
            refused += 1
    return sent, refused, len(spool.waiting())


def deliver(report: Mapping[str, Any], *, spool: Spool, url: str, token: str, timeout: float = 10.0) -> Outcome:
    """What waits first, then this report; into the spool where the portal cannot be reached."""
    _sent, _refused, left = flush(spool, url=url, token=token, timeout=timeout)
    outcome = send(report, url=url, token=token, timeout=timeout) if not left else Outcome("waiting", "others wait")
    if outcome.status == "waiting":
        spool.keep(report)
    return outcome
