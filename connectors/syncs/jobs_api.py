"""Reading an Airbyte-compatible jobs API: one page of jobs, bounded, as runs; no database here.

What it says is told or taken, never trusted: an answer that is no such answer becomes one sentence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from django.conf import settings
from django.utils.dateparse import parse_datetime, parse_duration
from django.utils.timezone import is_naive

from connectors.mcp import bounds
from connectors.models import RunState
from connectors.syncs.reading import Reported, read
from portal.json_bounds import deeper_than
from portal.outbound import secrets
from portal.outbound.client import Answer, OutboundClient, Timeouts
from portal.outbound.errors import OutboundError
from portal.refusals import Refusal

PAGE, MOST_PAGES = 20, 5
TIMEOUTS = Timeouts(connect=3.0, read=8.0, total=10.0)
MOST_BYTES = 512 * 1024
MOST_DEPTH = 20
# An attempt that failed is incomplete: the job tries again.
_STATES = {
    "pending": RunState.RUNNING, "running": RunState.RUNNING, "incomplete": RunState.RUNNING,
    "failed": RunState.FAILED, "succeeded": RunState.SUCCEEDED, "cancelled": RunState.CANCELLED,
}  # fmt: skip
_STATUS = {
    401: "The jobs API refuses the credential (401).",
    403: "The jobs API refuses the credential (403).",
    404: "The jobs API knows no such address (404).",
    429: "The jobs API asks to wait (429).",
}


@dataclass(frozen=True)
class Api:
    """Where to look."""

    url: str
    connection: str
    credential_ref: str

    @classmethod
    def of(cls, profile: Mapping[str, Any]) -> "Api":
        """Read from the profile of a data movement."""
        told = profile.get("jobs_api") or {}
        return cls(told.get("url", ""), told.get("connection", ""), told.get("credential_ref", ""))


@dataclass
class Looked:
    """What one look gave: runs, what of it could not be taken, or why it failed as a whole."""

    runs: list[Reported] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    jobs: int = 0
    failed: str = ""
    retry_after: float | None = None


def look(api: Api, now: datetime, *, page: int = 0, via: OutboundClient) -> Looked:
    """One page of the newest jobs. Never raises for what the other side does."""
    query = urlencode(
        {"connectionId": api.connection, "limit": PAGE, "offset": page * PAGE, "orderBy": "createdAt|DESC"}
    )
    headers = [("Accept", "application/json")]
    try:
        token = secrets.resolve(api.credential_ref, secret_dir=settings.SECRET_DIR)
        if token:
            headers.append(("Authorization", f"Bearer {token}"))
        answer = via.request(
            "GET", f"{api.url.rstrip('/')}/jobs?{query}", headers=headers, timeouts=TIMEOUTS, max_bytes=MOST_BYTES,
            repeatable=True,
        )  # fmt: skip
    except secrets.CredentialError as error:
        return Looked(failed=str(error))
    except OutboundError as error:
        return Looked(failed=error.reason)
    if answer.status != 200:
        told = _STATUS.get(answer.status, f"The jobs API answered with status {answer.status}.")
        return Looked(failed=told, retry_after=_wait(answer, now))
    return _read(answer.body, api, now)


def _wait(answer: Answer, now: datetime) -> float | None:
    return bounds.retry_after(answer.headers.get("retry-after"), answer.headers.get("date"), now)


def _read(body: bytes, api: Api, now: datetime) -> Looked:
    try:
        value = orjson.loads(body)
    except (orjson.JSONDecodeError, json.JSONDecodeError):
        return Looked(failed="The answer of the jobs API is not JSON.")
    jobs = value.get("data") if isinstance(value, dict) and not deeper_than(value, MOST_DEPTH) else None
    if not isinstance(jobs, list):
        return Looked(failed="The answer of the jobs API holds no list of jobs.")
    looked = Looked(jobs=len(jobs))
    # A server that heeds no limit is not read for ever.
    for job in jobs[: PAGE * MOST_PAGES]:
        _take(job, api, looked, now)
    return looked


def _take(job: object, api: Api, looked: Looked, now: datetime) -> None:
    if not isinstance(job, dict) or not isinstance(job.get("jobId"), int | str) or isinstance(job.get("jobId"), bool):
        looked.notes.append("A job without an id was left out.")
        return
    number = bounds.text(str(job["jobId"]), 40)
    if job.get("connectionId", api.connection) != api.connection or job.get("jobType", "sync") != "sync":
        return
    status = job.get("status")
    state = _STATES.get(status) if isinstance(status, str) else None
    if state is None:
        looked.notes.append(f"Job {number} has a status that is not known: {bounds.text(str(status), 40)}.")
        return
    started = _moment(job.get("startTime"))
    if started is None and state == RunState.RUNNING:
        # It waits to begin.
        return
    told: dict[str, Any] = {"run": number, "state": state.value, "started_at": _iso(started)}
    if state != RunState.RUNNING:
        told["ended_at"] = _iso(_moment(job.get("lastUpdatedAt")) or _end(started, job.get("duration")))
    for name, key in (("rows", "rowsSynced"), ("bytes", "bytesSynced")):
        told[name] = job.get(key) if _is_count(job.get(key)) else None
    try:
        looked.runs.append(read(told, now))
    except Refusal as refusal:
        places = ", ".join(sorted({problem.path for problem in refusal.problems}))
        looked.notes.append(f"Job {number} could not be taken: {places}.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(value: object) -> datetime | None:
    """An instant; one without a zone is in UTC, as Airbyte writes them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    try:
        found = parse_datetime(value) if isinstance(value, str) and len(value) <= 60 else None
        if found is not None:
            found = found.replace(tzinfo=UTC) if is_naive(found) else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found


def _end(started: datetime | None, duration: object) -> datetime | None:
    try:
        span = parse_duration(duration) if isinstance(duration, str) and len(duration) <= 40 else None
        return started + span if started is not None and isinstance(span, timedelta) else None
    except (ValueError, OverflowError):
        return None
