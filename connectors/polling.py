"""The worker's polling: take due tasks, ask their servers in threads, record the answers in batches.

`tick()` is called every second by every worker. It never waits for a slow server: what is still out when it returns
is recorded by the next call, and what never comes back is covered by the lease of its claim.
"""

import logging
import queue
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.models.task import Trouble
from connectors.tracking import claim, exchange, observe, recording, servers
from connectors.tracking.change import Change, Held
from connectors.tracking.exchange import Look, Start, Target
from connectors.tracking.stepping import Pace
from portal.operations.per_process import PerProcess
from portal.operations.services import database_now
from portal.outbound.secrets import CredentialError

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 0.85
PAUSE_SECONDS = 0.1
NAP_SECONDS = 0.01
BATCH = 200
# In flight at once to one server; a server that hangs or fails gets few, from threads kept apart for such.
AT_ONCE = 8
AT_ONCE_DOUBTFUL = 2
# Taken ahead for one server, so that its threads do not wait for the database.
AHEAD = 320
THREADS = 64
THREADS_DOUBTFUL = 16
OUTSTANDING = 1024
SLOW_SECONDS = 2.0


@dataclass(slots=True)
class Job:
    """One claimed task on its way. `begins_by` is on the monotonic clock: later its lease may not last."""

    held: Held
    target: Target
    token: str
    begins_by: float


@dataclass(slots=True)
class Done:
    """What became of a job. `answer` is None if it was not asked about in time, or if asking `broke`."""

    job: Job
    answer: Look | Start | None
    ended: float
    broke: bool = False


@dataclass(slots=True)
class Lane:
    """What one server has under way in this process."""

    waiting: deque[Job] = field(default_factory=deque)
    running: int = 0
    outstanding: int = 0
    doubtful: bool = False
    proven: bool = False

    @property
    def room(self) -> int:
        """How many more tasks may be taken for it."""
        most = AT_ONCE_DOUBTFUL if self.doubtful else AHEAD if self.proven else AT_ONCE
        return max(0, most - self.outstanding)


class Poller:
    """The polling of one process."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._lanes: dict[int, Lane] = {}
        self._threads = {False: 0, True: 0}
        self._done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._unrecorded: list[Change] = []
        self._told: list[servers.Told] = []
        self._targets = exchange.Targets()
        self._pace = Pace()
        self._after = 0
        # The database's clock and the monotonic one at the same instant.
        self._clock: tuple[datetime, float] | None = None
        self._random = random.Random()  # noqa: S311 - spreads polls, guards nothing

    def tick(self) -> dict[str, int]:
        """Look at what is due, for less than a second. Returns counts."""
        if not self._turn.acquire(blocking=False):
            return {"busy": 1}
        try:
            return self._tick()
        finally:
            self._turn.release()

    def _tick(self) -> dict[str, int]:
        counts = {"claimed": 0, "recorded": 0, "moved": 0, "set_aside": 0}
        self._keep_pace()
        end = time.monotonic() + BUDGET_SECONDS
        more = True
        while True:
            if more and self._outstanding() <= OUTSTANDING // 2:
                taken = self._claim()
                counts["claimed"] += taken
                more = taken > 0
            self._gather(min(end, time.monotonic() + PAUSE_SECONDS))
            recorded = recording.record(self._unrecorded)
            self._unrecorded = []
            servers.tell(self._told)
            self._told = []
            counts["recorded"] += recorded.rows
            counts["moved"] += recorded.moved
            counts["set_aside"] += recorded.set_aside
            more = more or recorded.rows > 0
            self._dispatch()
            if time.monotonic() >= end or not (more or self._outstanding()):
                break
        counts["in_flight"] = self._outstanding()
        return counts

    def _keep_pace(self) -> None:
        """Before anything is taken: has the database's clock stepped?"""
        now, then = database_now(), time.monotonic()
        if self._pace.read(now, then) and self._clock is not None:
            # What is still out is recorded by the clock as it goes now.
            self._clock = (now, then)

    def _outstanding(self) -> int:
        return sum(lane.outstanding for lane in self._lanes.values())

    def _claim(self) -> int:
        rooms = {pk: lane.room for pk, lane in self._lanes.items()}
        begun = time.monotonic()
        most = OUTSTANDING - self._outstanding()
        expected = self._pace.expected(begun)
        now, taken = claim.claim(room=AT_ONCE, rooms=rooms, most=most, after=self._after, expected=expected)
        if now is None:
            return 0
        self._clock = (now, time.monotonic())
        self._after = taken[-1].connector_id
        targets = self._targets.of(taken)
        tokens: dict[int, str | CredentialError] = {}
        for held in taken:
            self._take(held, targets[held.connector_id], tokens, now, begun)
        self._dispatch()
        return len(taken)

    def _take(
        self, held: Held, target: Target, tokens: dict[int, str | CredentialError], now: datetime, begun: float
    ) -> None:
        known = exchange.without_asking(held, target, now)
        if known is not None:
            self._unrecorded.append(known)
            return
        if held.connector_id not in tokens:
            try:
                tokens[held.connector_id] = exchange.token_of(target)
            except CredentialError as error:
                tokens[held.connector_id] = error
        token = tokens[held.connector_id]
        if isinstance(token, CredentialError):
            spread = self._random.uniform(-1, 1)
            self._unrecorded.append(observe.hindered(held, Trouble.CREDENTIAL, str(token), at=now, spread=spread))
            return
        within = exchange.START_BEGINS_WITHIN if held.to_start else exchange.LOOK_BEGINS_WITHIN
        lane = self._lanes.setdefault(held.connector_id, Lane())
        with self._guard:
            lane.waiting.append(Job(held, target, token, begun + within))
            lane.outstanding += 1

    def _dispatch(self) -> None:
        """Start threads for lanes that have work and may have more of them; each works until its lane is empty."""
        with self._guard:
            for lane in self._lanes.values():
                at_once = AT_ONCE_DOUBTFUL if lane.doubtful else AT_ONCE
                wanted = min(at_once, lane.running + len(lane.waiting)) - lane.running
                most = THREADS_DOUBTFUL if lane.doubtful else THREADS
                for _ in range(min(wanted, most - self._threads[lane.doubtful])):
                    lane.running += 1
                    self._threads[lane.doubtful] += 1
                    threading.Thread(
                        target=self._work, args=(lane, lane.doubtful), name="look at tasks", daemon=True
                    ).start()

    def _work(self, lane: Lane, doubtful: bool) -> None:
        while True:
            with self._guard:
                # A lane that fell into doubt leaves the threads of the others to them.
                if not lane.waiting or lane.doubtful != doubtful:
                    lane.running -= 1
                    self._threads[doubtful] -= 1
                    return
                job = lane.waiting.popleft()
            begun = time.monotonic()
            if begun >= job.begins_by:
                self._done.put(Done(job, None, begun))
                continue
            try:
                answer = _ask(job)
            except Exception:
                logger.exception("asking about task T-%d broke", job.held.id)
                self._done.put(Done(job, None, time.monotonic(), broke=True))
                continue
            ended = time.monotonic()
            lane.doubtful = answer.hindered or ended - begun > SLOW_SECONDS
            lane.proven = not lane.doubtful
            self._done.put(Done(job, answer, ended))

    def _gather(self, until: float) -> None:
        """Turn finished exchanges into changes: a batch, or what is there at `until`."""
        while len(self._unrecorded) < BATCH and self._outstanding():
            try:
                self._unrecorded.append(self._change(self._done.get_nowait()))
            except queue.Empty:
                left = until - time.monotonic()
                if left <= 0:
                    return
                # Asleep for a moment, not waiting for each answer: waking this thread costs those that ask their turn.
                time.sleep(min(left, NAP_SECONDS))

    def _change(self, done: Done) -> Change:
        held = done.job.held
        if done.answer is not None:
            wait, reason = done.answer.told
            self._told.append(servers.Told(held.connector_id, not done.answer.hindered, wait, reason))
        with self._guard:
            self._lanes[held.connector_id].outstanding -= 1
        assert self._clock is not None
        now, then = self._clock
        at = now + timedelta(seconds=done.ended - then)
        spread = self._random.uniform(-1, 1)
        if not done.broke:
            try:
                if done.answer is None:
                    return observe.released(held, at=at)
                return done.answer.change(held, at=at, spread=spread)
            except Exception:
                logger.exception("the answer about task T-%d could not be judged", held.id)
        if held.to_start:
            # It may have been sent: never a second time without a key.
            return observe.start_lost(held, at=at)
        return observe.hindered(held, Trouble.DRIFT, "The answer could not be understood.", at=at, spread=spread)


def _ask(job: Job) -> Look | Start:
    if job.held.to_start:
        return exchange.start(job.held, job.target, job.token)
    return exchange.look(job.held, job.target, job.token)


_poller = PerProcess(Poller)


def tick() -> dict[str, int]:
    """Do the polling that is due, for less than a second; counts of what was done. Safe to call twice at once."""
    return _poller.own.tick()


__all__ = ["Poller", "tick"]
