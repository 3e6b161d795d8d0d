"""The client: holds the newest signed list, renews it in the background, and answers from it; fail closed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal_allowlist.bundles import MOST_BYTES, Bundle, Expected, Refused, keys_of, opened
from portal_allowlist.fetching import Answer, Place, fetch

# The clocks of the portal and of this machine may differ by so many seconds.
SKEW = 30.0


@dataclass(frozen=True)
class Decision:
    """Whether the call may be made. `reason` is empty, or not_allowlisted, stale or no_allowlist; `detail` says more."""

    allowed: bool
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class _Held:
    bundle: Bundle
    etag: str
    # On the clock that nobody sets: when the list ends whatever becomes of the other one.
    until: float


class AllowlistClient:
    """What one agent may call in one environment.

    `keys` are the portal's public keys, pinned here: they are never taken from an answer. `cache` is a file, for a start
    while the portal is away. `refresh` is how often it asks, in seconds; ask at least twice in the life of a list.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        agent: str,
        environment: str,
        keys: Iterable[str | Mapping[str, Any]],
        issuer: str = "",
        cache: str | Path | None = None,
        refresh: float = 60.0,
        timeout: float = 10.0,
        skew: float = SKEW,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = Place(url, token, timeout, context)
        self._place.check()
        self._expected = Expected(issuer or url.rstrip("/"), agent, environment, keys_of(keys))
        self._cache = Path(cache) if cache else None
        self._refresh, self._skew = max(refresh, 1.0), skew
        self._clock, self._monotonic = clock, monotonic
        self._held: _Held | None = None
        self._problem = "the portal has not been asked yet"
        self._renewing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._load()

    # Answers.

    def may(self, connector: str, operation: str) -> Decision:
        """Whether the agent may make this call now. Never waits for the portal."""
        self._survive_fork()
        held = self._held
        if held is None:
            return Decision(False, "no_allowlist", self._problem)
        if self._ended(held):
            return Decision(False, "stale", f"the list ended, and no newer one could be had: {self._problem}")
        if operation in held.bundle.calls.get(connector, ()):
            return Decision(True)
        return Decision(False, "not_allowlisted", f"{connector} {operation} is not in revision {held.bundle.revision}")

    @property
    def bundle(self) -> Bundle | None:
        """The newest list that was taken, whether or not it has ended."""
        return self._held.bundle if self._held else None

    @property
    def problem(self) -> str:
        """Why the last attempt to renew the list failed; empty where it did not."""
        return self._problem

    def _ended(self, held: _Held) -> bool:
        return self._clock() > held.bundle.expires + self._skew or self._monotonic() > held.until

    # Renewing.

    def refresh(self) -> bool:
        """Ask the portal now. Whether a list was had, or the one at hand confirmed; `problem` says why not."""
        with self._renewing:
            try:
                held = self._held
                answer = fetch(self._place, self._expected.agent, self._expected.environment, self._etag(held))
                if answer.text is not None:
                    self._take(answer.text, answer.etag)
                    self._save()
            except (Refused, OSError) as error:
                self._problem = str(error) or type(error).__name__
                return False
            except Exception as error:  # whatever else it is, it is no list
                self._problem = type(error).__name__
                return False
            self._problem = ""
            return True

    def _etag(self, held: _Held | None) -> str:
        # With little life left, only a new list will do, whatever is answered on the way.
        if held is None or self._clock() > held.bundle.expires - held.bundle.life / 4 or self._ended(held):
            return ""
        return held.etag

    def _take(self, text: str, etag: str) -> None:
        bundle = opened(text, self._expected)
        now = self._clock()
        if bundle.issued > now + self._skew:
            raise Refused("the list is of the future by this machine's clock")
        if now > bundle.expires + self._skew:
            raise Refused("the list has ended by this machine's clock")
        newest = self._held.bundle if self._held else None
        if newest and (bundle.issued < newest.issued or bundle.revision < newest.revision):
            raise Refused("the list is older than one that was seen")
        left = min(bundle.expires - now, bundle.life) + self._skew
        plain = etag if etag.isascii() and etag.isprintable() and len(etag) < 200 else ""
        self._held = _Held(bundle, plain, self._monotonic() + left)

    # The file.

    def _load(self) -> None:
        if self._cache is None:
            return
        try:
            with self._cache.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            kept = json.loads(content) if len(content) <= MOST_BYTES else {}
            self._take(str(kept["bundle"]), str(kept["etag"]))
            self._problem = ""
        except (OSError, ValueError, KeyError, TypeError, RecursionError, Refused) as error:
            # No worse than no file: all of it is verified as if it came from the portal.
            self._problem = f"the cache was not taken: {error}"

    def _save(self) -> None:
        held = self._held
        if self._cache is None or held is None:
            return
        with contextlib.suppress(OSError):
            descriptor, name = tempfile.mkstemp(prefix=f".{self._cache.name}.", dir=self._cache.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    json.dump({"bundle": held.bundle.signed, "etag": held.etag}, file)
                os.replace(name, self._cache)
            except OSError:
                os.unlink(name)
                raise

    # In the background.

    def start(self) -> AllowlistClient:
        """Ask now, and from now on in the background."""
        self.refresh()
        self._begin()
        return self

    def close(self) -> None:
        """Ask no more. The list at hand stays until it ends."""
        self._stop.set()
        self._thread = None

    def __enter__(self) -> AllowlistClient:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _begin(self) -> None:
        self._stop = threading.Event()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._renew, args=(self._stop,), name="allowlist", daemon=True)
        self._thread.start()

    def _renew(self, stop: threading.Event) -> None:
        wait, failures = self._refresh, 0
        while not stop.wait(wait * random.uniform(0.8, 1.2)):  # noqa: S311 - only spreads questions
            # After a failure soon again, then less and less often.
            failures = 0 if self.refresh() else min(failures + 1, 10)
            wait = min(self._refresh, max(self._refresh / 16, 1.0) * 2**failures) if failures else self._refresh

    def _survive_fork(self) -> None:
        # The thread stays behind in the parent; so may a lock that it held.
        if self._thread is not None and os.getpid() != self._pid:
            self._renewing = threading.Lock()
            self._begin()


__all__ = ["AllowlistClient", "Answer", "Decision"]
