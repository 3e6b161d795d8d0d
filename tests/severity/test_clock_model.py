"""Clocks against a model: whatever is seen, paused, extended and changed, the incidents are those of a plain reading.

The reference knows no clocks, no columns and no sweep. It reads the log of what happened in simulated time and asks of each
promise when it was broken and when that ended (domain: Tracked tasks). Time passes for the portal by moving its rows into the
past. Moments lie so far from the ends of windows that what an example itself takes does not matter.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.mcp.observation import Kind
from connectors.mcp.observation import Observation as Seen
from connectors.models import Connector, TaskState, TrackedTask
from connectors.tracking import claim, observe, recording, steering
from connectors.tracking.moving import follow_sla
from portal.operations.services import database_now
from portal.refusals import Refusal
from severity import sweep
from severity.models import Incident
from tests.connectors.tracking import world

pytestmark = pytest.mark.django_db
UNIT = 100
# Everything happens at whole units, and every window ends half-way between two.
HALF = 0.5
WINDOWS = {"start": 3 - HALF, "deadline": 12 - HALF, "stall": 4 - HALF, "input": 5 - HALF, "blind": 6 - HALF}
OPS = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 5)),
    st.tuples(st.just("look"), st.sampled_from(["same", "progress", "ask"])),
    st.tuples(st.just("look"), st.just("same")),
    st.tuples(st.just("miss"), st.none()),
    st.tuples(st.just("pause"), st.integers(1, 8)),
    st.tuples(st.just("resume"), st.none()),
    st.tuples(st.just("extend"), st.integers(1, 20)),
    st.tuples(st.just("sla"), st.tuples(st.sampled_from(["deadline", "stall"]), st.integers(1, 20))),
)
PLANS = st.tuples(st.lists(OPS, max_size=25), st.sampled_from([None, "completed", "failed", "cancelled"]))


# The reference.


@dataclass
class Reading:
    """A plain reading of the log. Time is counted in units in which the task was not paused."""

    counted: float = 0
    paused: int = 0
    windows: dict[str, float] = field(default_factory=lambda: dict(WINDOWS))
    extension: int = 0
    seen: float | None = None
    changed: float | None = None
    message: int = 0
    asks: bool = False
    over: bool = False
    broken: set[str] = field(default_factory=set)
    slips: Counter[str] = field(default_factory=Counter)

    def breaks(self, promise: str) -> None:
        if promise not in self.broken:
            self.broken.add(promise)
            self.slips[promise] += 1

    def judge(self) -> None:
        if self.over:
            return
        if self.seen is None and self.counted >= self.windows["start"]:
            self.breaks("start")
        if self.counted >= self.windows["deadline"] + self.extension:
            self.breaks("deadline")
        if self.seen is not None and self.counted >= self.seen + self.windows["blind"]:
            self.breaks("blind")
        if self.asks and self.changed is not None and self.counted >= self.changed + self.windows["input"]:
            self.breaks("input")
        # Nothing that nobody saw counts as a standstill.
        if self.changed is not None and self.seen is not None and not self.asks:
            if self.seen >= self.changed + self.windows["stall"]:
                self.breaks("stall")
            elif self.counted < self.changed + self.windows["stall"]:
                self.broken.discard("stall")
        if self.counted < self.windows["deadline"] + self.extension:
            self.broken.discard("deadline")

    def do(self, what: str, told: Any) -> None:
        if what == "pass":
            for _ in range(told):
                if self.paused:
                    self.paused -= 1
                else:
                    self.counted += 1
        elif what == "look":
            self.look(told)
        elif what == "pause":
            self.paused = max(self.paused, told)
        elif what == "resume":
            self.paused = 0
        elif what == "extend":
            if not self.extension and self.windows["deadline"] + told > self.counted:
                self.extension = told
        elif what == "sla":
            self.windows[told[0]] = told[1] - HALF
        self.judge()

    def look(self, how: str) -> None:
        first, asks = self.seen is None, how == "ask"
        self.seen = self.counted
        self.broken -= {"start", "blind"}
        if first or how == "progress" or asks != self.asks:
            self.changed = self.counted
            self.broken -= {"stall", "input"}
        self.asks = asks

    def end(self) -> None:
        self.over = True
        self.broken.clear()


# The portal.


@dataclass
class Portal:
    task_id: int
    connector_id: int
    message: int = 0

    @property
    def task(self) -> TrackedTask:
        return TrackedTask.objects.get(pk=self.task_id)

    def passes(self, units: int) -> None:
        world.pass_time(self.task, timedelta(seconds=units * UNIT))

    def do(self, what: str, told: Any) -> None:
        task, now, who = self.task, database_now(), world.person()
        try:
            if what == "pass":
                # Every sweep in between finds what there is to find.
                for _ in range(told):
                    self.passes(1)
                    sweep.tick()
            elif what == "look":
                self.message += told == "progress"
                self.look("input_required" if told == "ask" else "working")
            elif what == "miss":
                held = claim.hold(self.task_id)
                recording.record([observe.looked(held, Seen(Kind.UNAVAILABLE, "Away."), None, at=now, spread=0)])
            elif what == "pause":
                until = now + timedelta(seconds=told * UNIT)
                steering.pause(actor=who, task_id=task.pk, until=until, reason="x", now=now)
            elif what == "resume":
                steering.resume(actor=who, task_id=task.pk, now=now)
            elif what == "extend":
                steering.extend(actor=who, task_id=task.pk, seconds=told * UNIT, reason="x", now=now)
            elif what == "sla":
                connector = Connector.objects.get(pk=self.connector_id)
                connector.document["runtime_tool"]["task_sla"][f"{told[0]}_seconds"] = int((told[1] - HALF) * UNIT)
                connector.document["runtime_tool"]["task_sla"]["cancel_seconds"] = 60
                Connector.objects.filter(pk=connector.pk).update(document=connector.document)
                follow_sla(connector)
        except Refusal:
            pass
        sweep.tick()

    def look(self, status: str) -> None:
        requests = {"a": {"method": "elicitation/create"}} if status == "input_required" else None
        seen = Seen(
            Kind.SEEN, "Seen.", "r-1", status, status_message=str(self.message), input_requests=requests,
            is_error=False,
        )  # fmt: skip
        recording.record([observe.looked(claim.hold(self.task_id), seen, None, at=database_now(), spread=0)])

    def end(self, status: str) -> None:
        self.look(status)
        sweep.tick()

    def slips(self) -> Counter[str]:
        found = Incident.objects.filter(task_id=self.task_id, rule__in=WINDOWS)
        return Counter({one.rule: sum(1 + each.repeats for each in found if each.rule == one.rule) for one in found})

    def broken(self) -> set[str]:
        rows = Incident.objects.unresolved().filter(task_id=self.task_id, rule__in=WINDOWS)
        return set(rows.values_list("rule", flat=True))


def begun() -> Portal:
    sla = {f"{name}_seconds": int(window * UNIT) for name, window in WINDOWS.items()}
    connector = world.connector("http://127.0.0.1:9/mcp", task_sla=sla)
    task = world.adopt(connector, "r-1")
    return Portal(task.pk, connector.pk)


def agree(plan: tuple[list[tuple[str, Any]], str | None]) -> None:
    ops, ends = plan
    saved = transaction.savepoint()
    try:
        portal, reading = begun(), Reading()
        for number, (what, told) in enumerate(ops):
            portal.do(what, told)
            if what == "pass":
                for _ in range(told):
                    reading.do("pass", 1)
            else:
                reading.do(what, told)
            assert (portal.slips(), portal.broken()) == (reading.slips, reading.broken), (number, what, told)
        if ends:
            portal.end(ends)
            reading.end()
            assert portal.broken() == set()
            assert portal.task.state in (TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED_REMOTELY)
        assert portal.slips() == reading.slips
    finally:
        transaction.savepoint_rollback(saved)


_CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=20, deadline=None, suppress_health_check=_CHECKS, derandomize=True)
@given(PLANS)
def test_the_incidents_are_those_of_a_plain_reading(plan: Any) -> None:
    agree(plan)


@pytest.mark.chaos
@settings(max_examples=200, deadline=None, suppress_health_check=_CHECKS)
@given(PLANS)
def test_the_incidents_are_those_of_a_plain_reading_however_long_one_tries(plan: Any) -> None:
    agree(plan)
