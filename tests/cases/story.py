"""How a case is told: tasks of one server, looked at and judged as workers do, while time passes as fast as one likes."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.models import Connector, ServerState, TaskState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import answering, service
from portal.operations.services import database_now
from severity import sweep
from severity.models import Incident
from tests.cases.stages import Act, Scripted, Stage
from tests.connectors.tracking import world

PATIENCE_SECONDS = 30
SLA = {"start_seconds": 60, "deadline_seconds": 600, "stall_seconds": 900, "input_seconds": 300, "blind_seconds": 120,
       "cancel_seconds": 60}  # fmt: skip


class Story:
    """One task of one server."""

    task: TrackedTask

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.connector = world.connector(stage.url, credential_ref="env:CREDENTIAL_CASES", task_sla=SLA)
        self._poller = Poller()

    @property
    def server(self) -> Scripted:
        """The scripted server, for what only it can do."""
        assert isinstance(self.stage, Scripted)
        return self.stage

    def starts(self, act: Act, **told: object) -> None:
        """Accept a task that plays this act, and have it started."""
        operation, arguments = self.stage.play(act)
        if operation not in world.TOOLS:
            self.connector.document["facets"]["contract"]["operations"].append(world.operation(operation))
            self._keep()
        self.task = world.start(self.connector, operation, arguments=arguments, **told)
        self.look()

    def promises(self, **sla: int) -> None:
        """Another SLA, before anything is started."""
        self.connector.document["runtime_tool"]["task_sla"] |= sla
        self._keep()

    def _keep(self) -> None:
        Connector.objects.filter(pk=self.connector.pk).update(document=self.connector.document)

    def accepts(self) -> None:
        """Accept a task that nobody has started yet, of a server that behaves as it was told."""
        self.task = world.start(self.connector)

    def adopts(self, remote_task_id: str) -> None:
        """Watch what runs there already."""
        self.task = world.adopt(self.connector, remote_task_id)
        self.look()

    def look(self, times: int = 1) -> None:
        """Look at it, sooner than its next look is due; what holds its server back is not waited for."""
        for _ in range(times):
            self._look()

    def _look(self) -> None:
        before = self.fresh()
        ServerState.objects.filter(connector=self.connector).update(
            open_until=None, opened_at=None, asked_until=None, failures=0
        )
        TrackedTask.objects.filter(pk=self.task.pk, ended_at=None).update(next_poll_at=database_now())

        def heard() -> bool:
            now = self.fresh()
            asked = (now.polls, now.misses, now.state, now.start_attempted_at, now.trouble)
            return now.busy_until is None and asked != (
                before.polls, before.misses, before.state, before.start_attempted_at, before.trouble
            )  # fmt: skip

        self._until(heard, "heard of")

    def sees(self, *states: TaskState) -> None:
        """Look until it is in one of these states, as a worker would at its pace."""

        def seen() -> bool:
            TrackedTask.objects.filter(pk=self.task.pk, ended_at=None).update(next_poll_at=database_now())
            return self.fresh().state in states

        self._until(seen, " or ".join(states))

    def passes(self, seconds: int) -> None:
        """Let time go by, with a sweep after it."""
        world.pass_time(self.task, timedelta(seconds=seconds))
        sweep.tick()

    def lives(self, seconds: int) -> None:
        """Let time go by while it is looked at every now and then, and judged."""
        while seconds > 0:
            step = min(seconds, SLA["blind_seconds"] // 2)
            self.passes(step)
            self.look()
            seconds -= step

    def cancels(self) -> None:
        """Its owner asks for its end, and the server is told."""
        service.cancel(actor=world.person(), task_id=self.task.pk, now=database_now())
        self._until(lambda: self.fresh().cancel_acknowledged_at is not None or not self.fresh().open, "cancelled")

    def answers(self) -> None:
        """Its owner answers what it asks for."""
        asked = self.fresh().input_requests
        assert asked
        given = {"action": "accept", "content": {"accept": True}}
        responses = dict.fromkeys(asked, given)
        answering.answer(actor=world.person(), task_id=self.task.pk, responses=responses, now=database_now())

    def next_look_in(self) -> float:
        """Seconds until it is looked at again."""
        found = self.fresh().next_poll_at
        assert found is not None
        return (found - database_now()).total_seconds()

    def fresh(self) -> TrackedTask:
        """The task as the database has it now."""
        return world.again(self.task)

    def slips(self) -> dict[str, str]:
        """Every incident of it ever, by rule, with its level; `!` marks those that are not over."""
        found = Incident.objects.filter(task=self.task)
        told = {one.rule: f"{one.level.name}{'' if one.resolved else '!'}" for one in found}
        assert len(told) == len(found), "one slip, one incident"
        return told

    def whats(self) -> list[str]:
        """What its timeline tells, in order."""
        return list(self.task.observations.order_by("at", "id").values_list("what", flat=True))

    def _until(self, true: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not true():
            assert time.monotonic() < end, (
                f"waited in vain for: {what}; it is {self.fresh().state}, {self.fresh().trouble}"
            )
            self._poller.tick()
            time.sleep(0.02)


def seconds_from_now(at: datetime | None) -> float:
    """How far an instant lies ahead."""
    assert at is not None
    return (at - database_now()).total_seconds()
