"""Delivering notices: e-mail to the members of the team, signed webhooks to the endpoints that want the topic, and what
is told in rooms of a chat.

A notice is expanded into deliveries once. Deliveries travel in lanes, one per receiver: each lane has its own thread and
one delivery in flight, leased before, sent outside any transaction, confirmed as soon as it is sent. A receiver that is
slow or dead holds up its own lane only. A worker that dies between sending and confirming sends again: at least once,
with the same `webhook-id` and `Message-ID`, so that receivers can tell a repeat.

The threads only talk to the outside; the database is read and written by the thread that ticks.
"""

import random
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from portal.operations.services import beat
from portal.outbox import lanes
from portal.outbox.chat import ChatSender
from portal.outbox.rules import LONGEST_LANE_PAUSE, LONGEST_PAUSE, Outcome, pause
from portal.outbox.senders import MailSender, Parcel, Sender, WebhookSender, guarded

NAME = "portal.outbox.delivery"
# Lanes at once in this process, and how many of them may be ones whose last attempt failed: however many receivers hang,
# most threads stay free for those that work.
SENDERS = 16
FAILING_SENDERS = 4
# While something is in flight, new notices are looked for this often.
LOOK_SECONDS = 0.25
# After so much a lane is given back, so that with more lanes than threads each has its turn.
TURN_SECONDS = 5.0
BEAT_SECONDS = 2.0


def tick() -> dict[str, int]:
    """Deliver until nothing is due and nothing is in flight. Returns counts."""
    return _Round().run()


@dataclass(frozen=True)
class _Result:
    lane: str
    parcel: Parcel
    outcome: Outcome


@dataclass
class _Turn:
    """A lane while this worker has it."""

    lane: lanes.TakenLane
    failures: int
    parcels: SimpleQueue[Parcel | None] = field(default_factory=SimpleQueue)
    begun: float = field(default_factory=time.monotonic)

    def start(self, results: "SimpleQueue[_Result]") -> None:
        """Send parcels in a thread of its own until None comes; it never outlives the process."""
        sender: Sender = MailSender() if self.lane.is_email else ChatSender() if self.lane.is_chat else WebhookSender()
        threading.Thread(
            target=_serve, args=(self, sender, results), name=f"delivery {self.lane.name}", daemon=True
        ).start()


def _serve(turn: _Turn, sender: Sender, results: "SimpleQueue[_Result]") -> None:
    try:
        while (parcel := turn.parcels.get()) is not None:
            results.put(_Result(turn.lane.name, parcel, guarded(sender, parcel)))
    finally:
        sender.close()


class _Round:
    """One tick: hands parcels to the lanes' threads and writes down what becomes of them."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}
        self._results: SimpleQueue[_Result] = SimpleQueue()
        self._counts = {"expanded": 0, "sent": 0, "failed": 0}
        self._beaten = time.monotonic()

    def run(self) -> dict[str, int]:
        try:
            while True:
                self._look()
                if not self._turns:
                    break
                self._collect()
                if time.monotonic() - self._beaten >= BEAT_SECONDS:
                    self._beat()
        finally:
            # Without the database nothing can be confirmed: the leases run out and the attempts are repeated.
            for turn in self._turns.values():
                turn.parcels.put(None)
        self._beat()
        return dict(self._counts)

    def _beat(self) -> None:
        beat(NAME, dict(self._counts))
        self._beaten = time.monotonic()

    def _look(self) -> None:
        self._counts["expanded"] += lanes.expand()
        self._take(SENDERS, failing=False)
        self._take(FAILING_SENDERS - sum(turn.failures > 0 for turn in self._turns.values()), failing=True)

    def _take(self, most: int, *, failing: bool) -> None:
        for lane in lanes.take(min(most, SENDERS - len(self._turns)), failing=failing):
            turn = self._turns[lane.name] = _Turn(lane, lane.failures)
            turn.start(self._results)
            self._next(turn)

    def _next(self, turn: _Turn) -> None:
        """Hand the lane its next parcel, or end its turn."""
        while time.monotonic() - turn.begun < TURN_SECONDS:
            delivery = lanes.lease(turn.lane)
            if delivery is None:
                break
            parcel = lanes.parcel(delivery)
            if isinstance(parcel, Parcel):
                turn.parcels.put(parcel)
                return
            self._confirm(turn, delivery.pk, delivery.attempts, Outcome(parcel, permanent=True))
        self._end(turn)

    def _end(self, turn: _Turn) -> None:
        turn.parcels.put(None)
        del self._turns[turn.lane.name]
        lanes.release(turn.lane)

    def _collect(self) -> None:
        """Write down results until it is time to look again, or a lane has become free."""
        until = time.monotonic() + LOOK_SECONDS
        before = len(self._turns)
        while len(self._turns) == before:
            try:
                result = self._results.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return
            turn = self._turns[result.lane]
            self._confirm(turn, result.parcel.delivery_id, result.parcel.attempts, result.outcome)
            if result.outcome.stops_lane:
                self._end(turn)
            else:
                self._next(turn)
            if time.monotonic() >= until:
                return

    def _confirm(self, turn: _Turn, delivery_id: int, attempts: int, outcome: Outcome) -> None:
        self._counts["failed" if outcome.error else "sent"] += 1
        if outcome.stops_lane:
            turn.failures += 1
        elif not outcome.error:
            turn.failures = 0
        chance = random.random()  # noqa: S311 - spreads attempts, hides nothing
        asked = outcome.retry_after
        lanes.confirm(
            turn.lane,
            delivery_id,
            attempts,
            outcome,
            later=pause(attempts, longest=LONGEST_PAUSE, chance=chance, asked=asked),
            lane_rest=pause(turn.failures, longest=LONGEST_LANE_PAUSE, chance=chance, asked=asked),
        )
