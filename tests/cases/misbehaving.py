"""Cases that only a scripted server brings about: what it sends, and when."""

from datetime import timedelta
from typing import Any

from connectors.models import TaskState
from connectors.tracking import service
from portal.operations.services import database_now
from tests.cases.stages import Act
from tests.cases.story import SLA, Story, seconds_from_now
from tests.cases.table import CASES, DAY, HOUR, MINUTE, SCRIPTED, Case, case
from tests.connectors.tracking import world
from tests.servers import scripted as bad


def _wire(name: str, behaviour: bad.Behaviour, trouble: str) -> None:
    """What hides a task for a while is out of sight after its window, and is over with the first look that succeeds."""

    def play(story: Story) -> None:
        story.starts(Act.NEVER)
        story.look()
        before = story.fresh()
        story.server.server.behave(behaviour)
        story.look()
        found = story.fresh()
        assert (found.trouble_kind, found.misses, found.state) == (trouble, 1, TaskState.WORKING)
        assert (found.last_seen_at, found.blind_clock) == (before.last_seen_at, before.blind_clock)
        story.passes(SLA["blind_seconds"])
        assert story.slips() == {"blind": "V1!"}
        story.server.server.behave(bad.task())
        story.look()
        story.passes(1)

    CASES.append(Case(name, (SCRIPTED,), play, TaskState.WORKING, {"blind": "V1"}, ("trouble", "recovered")))


for _name, _behaviour, _trouble in (
    ("HTTP 401", bad.unauthorized(), "unauthorized"),
    ("HTTP 403", bad.answer("no", 403, "text/plain"), "unauthorized"),
    ("HTTP 404", bad.answer("no", 404, "text/plain"), "drift"),
    ("HTTP 429", bad.slow_down("7"), "rate_limited"),
    ("HTTP 500", bad.server_error(500), "unavailable"),
    ("HTTP 503", bad.server_error(503), "unavailable"),
    ("an unknown status", bad.task(status="meditating"), "drift"),
    ("an HTML page", bad.html(), "drift"),
    ("an answer of 50 MB", bad.huge(), "drift"),
    ("an answer that never ends, as fast as it goes", bad.endless, "drift"),
    ("an answer that never ends, byte by byte", bad.drip, "unavailable"),
    ("silence", bad.silence, "unavailable"),
    ("an answer cut off in the middle", bad.cut_off, "unavailable"),
    ("a redirect to another host", bad.redirect("http://127.0.0.2:9/"), "drift"),
    ("another task than was asked for", bad.task(taskId="another"), "drift"),
    ("bytes that are no JSON", bad.garbage(), "drift"),
):
    _wire(_name, _behaviour, _trouble)


@case(
    "an outage of five minutes across the deadline", (SCRIPTED,), TaskState.COMPLETED,
    slips={"blind": "V1", "deadline": "V1"},
)  # fmt: skip
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.lives(SLA["deadline_seconds"] - 200)
    story.stage.stop()
    for _minute in range(5):
        story.look()
        story.passes(MINUTE)
    assert story.slips() == {"blind": "V1!", "deadline": "V1!"}, "told while nothing could be seen"
    story.server.server.behave(bad.task(status="completed", result={"content": []}))
    story.look()
    story.passes(1)


@case("no time to live", (SCRIPTED,), TaskState.WORKING)
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.server.server.behave(bad.task(ttlMs=None))
    story.look()
    assert story.fresh().remote_expires_at is None


def _paced(name: str, interval: Any, least: float, most: float) -> None:
    """When the next look comes, with the spread that keeps tasks from being looked at together."""

    def play(story: Story) -> None:
        story.starts(Act.NEVER)
        story.server.server.behave(bad.task(pollIntervalMs=interval))
        story.look()
        assert least - 1 <= story.next_look_in() <= most
        assert story.fresh().trouble == ""

    CASES.append(Case(name, (SCRIPTED,), play, TaskState.WORKING, {}))


_paced("no interval", ..., 1, 10)
_paced("an interval of nothing", 0, 1, 10)
_paced("an interval of a minute", 60_000, 60, 75)
_paced("an interval beyond the deadline", 10**9, 60, SLA["deadline_seconds"] + 5)
_paced("an interval below nothing", -5, 1, 10)
_paced("an interval that is no number", "soon", 1, 10)


@case("an interval that changes", (SCRIPTED,), TaskState.WORKING)
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    for interval in (5_000, 40_000, 2_000):
        story.server.server.behave(bad.task(pollIntervalMs=interval))
        story.look()
        assert interval / 1000 - 1 <= story.next_look_in() <= interval / 1000 * 1.3 + 1


@case("a server whose clock is off by a day", (SCRIPTED,), TaskState.COMPLETED)
def _(story: Story) -> None:
    for off in (-DAY, DAY):
        at = (database_now() + timedelta(seconds=off)).isoformat()
        story.server.server.behave(bad.task(createdAt=at, lastUpdatedAt=at, ttlMs=3_600_000))
        if off < 0:
            story.accepts()
        story.look()
        found = story.fresh()
        assert abs(seconds_from_now(found.started_at)) < MINUTE, "its start is by our clock"
        assert abs(seconds_from_now(found.remote_expires_at) - HOUR) < 5 * MINUTE
    at = (database_now() + timedelta(days=1)).isoformat()
    story.server.server.behave(bad.task(status="completed", result={"content": []}, lastUpdatedAt=at))
    story.look()
    assert not story.fresh().late


@case("an answer in an event stream", (SCRIPTED,), TaskState.COMPLETED)
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.server.server.behave(bad.event_stream('{"jsonrpc":"2.0","method":"notifications/progress"}', split=7))
    story.look()
    story.server.server.behave(bad.event_stream(leave_open=True, status="completed", result={"content": []}))
    story.look()


@case(
    "the answer to its start is lost", (SCRIPTED,), TaskState.WORKING,
    slips={"start": "V1"}, told=("start_unknown", "adopted"),
)  # fmt: skip
def _(story: Story) -> None:
    story.server.server.behave(bad.hang_up)
    story.accepts()
    story.look()
    assert story.fresh().state == TaskState.START_UNKNOWN
    assert story.server.sent("tools/call") == 1
    story.passes(SLA["start_seconds"])
    assert story.slips() == {"start": "V1!"}
    assert story.server.sent("tools/call") == 1, "never sent again: it might run twice"
    story.server.server.behave(bad.task())
    service.adopt(
        connector_key=story.connector.key, operation=story.task.operation, idempotency_key=story.task.idempotency_key,
        remote_task_id="r-found", now=database_now(), actor=world.person(),
    )  # fmt: skip
    story.look()
    story.passes(1)
