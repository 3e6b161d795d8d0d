"""Downloading the bundle, keeping it, and telling the portal what was refused."""

import gzip
import json
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from portal_client.judging import UNKNOWN, Bundle, Outcome, Reason, RefusedError

MOST_BYTES = 200 * 1024 * 1024
# Of one report, as the portal takes them; what is more is counted as "other".
MOST_REASONS = 400
MOST_SAMPLES = 5
_NEVER = float("-inf")
_ASK_SECONDS = 1.0
_OTHER = Reason("", "", "", "other")


class _Never(HTTPRedirectHandler):
    """A redirect would carry the token to another place."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


class EventClient:
    """Judges events by the portal's schemas. Safe to use from several threads.

    `families` narrows the download to these keys. `cache` is a file in which the last bundle is kept, so that a service starts
    without the portal. Without any bundle nothing can be judged: `judge` and `check` raise LookupError (fail closed).
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        families: Sequence[str] = (),
        cache: str | Path | None = None,
        timeout: float = 10.0,
        unknown_seconds: float = 10.0,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("The portal's address begins with https://.")
        self._url, self._token, self._timeout = url.rstrip("/"), token, timeout
        self._families = tuple(families)
        self._cache = Path(cache) if cache is not None else None
        self._bundle = self._kept()
        self._opener: OpenerDirector = build_opener(_Never)
        # One guards the counts, for an instant; the other lets one report after the other go out.
        self._lock, self._reporting = threading.Lock(), threading.Lock()
        self._unknown_seconds, self._asking = unknown_seconds, threading.Lock()
        self._asked: dict[tuple[str, str], float] = {}
        self._asked_last = _NEVER
        self._refused: dict[Reason, list[Any]] = {}
        self._unsent: tuple[str, bytes] | None = None

    def judge(self, event: Any) -> Outcome:
        """What the registry says of an event in its envelope. What is refused is counted for the next report."""
        if self._bundle is None:
            raise LookupError("There are no schemas yet: call refresh() first, or name a cache that holds them.")
        outcome = self._bundle.judge(event)
        if outcome.reason is not None and _may_have_changed(outcome.reason) and self._newer(self._bundle, event):
            outcome = self._bundle.judge(event)
        if not outcome.accepted:
            self._count(outcome, event)
        return outcome

    def _newer(self, bundle: Bundle, event: Any) -> bool:
        """Whether there is a newer bundle than this one; asks once in a while, and others wait for who asks."""
        named = event if isinstance(event, dict) else {}
        name = (str(named.get("event_type"))[:60], str(named.get("schema_version"))[:20])
        with self._asking:
            if self._bundle is not bundle:
                return True
            now = time.monotonic()
            # Of one name seldom; of any at most once a second, whatever nonsense comes in.
            if now - self._asked.get(name, _NEVER) < self._unknown_seconds or now - self._asked_last < _ASK_SECONDS:
                return False
            if len(self._asked) >= MOST_REASONS:
                self._asked.clear()
            self._asked[name] = self._asked_last = now
            try:
                return self.refresh()
            except (OSError, ValueError):
                return False

    def check(self, event: Any) -> None:
        """Before an event is published, and after it is read: raises RefusedError unless the registry accepts it."""
        outcome = self.judge(event)
        if not outcome.accepted:
            raise RefusedError(outcome)

    def refresh(self) -> bool:
        """Ask whether the schemas changed, and take them. Returns whether they did.

        Raises OSError (urllib's URLError, HTTPError) if the portal cannot be asked; the last bundle stays in use.
        """
        query = urlencode([("family", key) for key in self._families])
        tag = self._bundle.tag if self._bundle is not None else ""
        headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": tag} if tag else {})
        try:
            answer, body = self._ask(f"/api/v1/events/bundle/?{query}", headers)
        except HTTPError as error:
            if error.code == 304:
                return False
            raise
        self._bundle = Bundle(json.loads(body), answer["ETag"] or "")
        # Without the file the next start needs the portal; this one does not.
        with suppress(OSError):
            self._keep(body, self._bundle.tag)
        return True

    def report(self) -> int:
        """Tell the portal how many events were refused and why; nothing of a payload is sent. Returns how many.

        If the portal cannot be asked, raises OSError and tells it the next time, once.
        """
        with self._reporting:
            if self._unsent is None:
                with self._lock:
                    taken, self._refused = self._refused, {}
                if not taken:
                    return 0
                told = [
                    {**reason._asdict(), "seen": seen, "samples": samples} for reason, (seen, samples) in taken.items()
                ]
                # The key makes a repeat of the same report count once.
                self._unsent = (uuid.uuid4().hex, json.dumps({"refused": told}, ensure_ascii=False).encode())
            key, body = self._unsent
            headers = {"Content-Type": "application/json", "Idempotency-Key": key}
            try:
                _answer, text = self._ask("/api/v1/events/refusals/", headers, body)
            except HTTPError as error:
                # What the portal does not take today it does not take tomorrow.
                if error.code < 500 and error.code not in (401, 403, 408, 429):
                    self._unsent = None
                raise
            self._unsent = None
        return int(json.loads(text)["counted"])

    @contextmanager
    def refreshing(self, seconds: float = 60.0) -> Iterator["EventClient"]:
        """Refresh and report in the background, every so many seconds; begins and ends with both."""
        stop = threading.Event()

        def loop() -> None:
            while True:
                ended = stop.is_set()
                for step in (self.refresh, self.report):
                    with suppress(OSError, ValueError):
                        step()
                if ended:
                    return
                stop.wait(seconds)

        thread = threading.Thread(target=loop, name="portal client", daemon=True)
        if self._bundle is None:
            self.refresh()
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join(self._timeout * 2)

    def _ask(self, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[Any, bytes]:
        told = headers | {"Authorization": f"Bearer {self._token}"}
        request = Request(self._url + path, data=body, headers=told)  # noqa: S310 - http and https only, see __init__
        with self._opener.open(request, timeout=self._timeout) as answer:
            text = answer.read(MOST_BYTES + 1)
            if len(text) > MOST_BYTES:
                raise URLError("the answer is too large")
            if answer.headers.get("Content-Encoding") == "gzip":
                text = gzip.decompress(text)
            return answer.headers, text

    def _count(self, outcome: Outcome, event: Any) -> None:
        reason = outcome.reason or _OTHER
        with self._lock:
            if reason not in self._refused and len(self._refused) >= MOST_REASONS:
                reason = _OTHER
            known = self._refused.setdefault(reason, [0, []])
            known[0] += 1
            if len(known[1]) < MOST_SAMPLES:
                told = event if isinstance(event, dict) else {}
                known[1].append({name: _short(told.get(name)) for name in ("event_id", "source")})

    def _kept(self) -> Bundle | None:
        if self._cache is None:
            return None
        try:
            told = json.loads(self._cache.read_bytes())
            return Bundle(told["bundle"], told["tag"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # None yet, or one that is no use: the portal has it.
            return None

    def _keep(self, body: bytes, tag: str) -> None:
        """Put the new file in the place of the old one at once, so that nobody reads half of it."""
        if self._cache is None:
            return
        handle, name = tempfile.mkstemp(dir=self._cache.parent, prefix=self._cache.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(b'{"tag": %s, "bundle": %s}' % (json.dumps(tag).encode(), body))
            Path(name).replace(self._cache)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _may_have_changed(reason: Reason) -> bool:
    """Whether a newer bundle may take what this one refuses: a version that it lacks, a tenant or source that came later."""
    return reason.rule in UNKNOWN or (reason.rule == "enum" and reason.place in ("/tenant_id", "/source"))


def _short(value: object) -> str:
    """A text as JSON can carry it, of 200 bytes: no NUL, no half of a character."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "replace")[:200].decode("utf-8", "ignore")
