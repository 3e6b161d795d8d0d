"""Trace, span and correlation ids of the work at hand.

A request takes `traceparent` (W3C Trace Context) and `X-Correlation-ID` from its caller or gets new ones; a background tick
gets new ones. They go into every log line and audit line.
"""

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}")
_CORRELATION = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")


@dataclass(frozen=True)
class Ids:
    """32 and 16 hex digits, and a free correlation id of at most 64 characters; empty outside any work."""

    trace_id: str = ""
    span_id: str = ""
    correlation_id: str = ""


_current: ContextVar[Ids] = ContextVar("correlation", default=Ids())


def current() -> Ids:
    """The ids of the work at hand."""
    return _current.get()


@contextmanager
def work(traceparent: str = "", correlation_id: str = "") -> Iterator[Ids]:
    """Run a piece of work under its ids; malformed ones from outside are replaced, never echoed."""
    match = _TRACEPARENT.match(traceparent)
    trace_id = match["trace"] if match and match["trace"].strip("0") else secrets.token_hex(16)
    ids = Ids(
        trace_id=trace_id,
        span_id=secrets.token_hex(8),
        correlation_id=correlation_id if _CORRELATION.match(correlation_id) else trace_id,
    )
    token = _current.set(ids)
    try:
        yield ids
    finally:
        _current.reset(token)


class LogFilter(logging.Filter):
    """Puts the three ids on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        ids = _current.get()
        record.trace_id, record.span_id, record.correlation_id = ids.trace_id, ids.span_id, ids.correlation_id
        return True
