"""Cases that real servers bring about too."""

from connectors.models import TaskState, TrackedTask
from connectors.tracking import service
from portal.operations.services import database_now
from tests.cases.stages import TOKEN, Act, cancel_behind, task_of_another
from tests.cases.story import SLA, Story
from tests.cases.table import DAY, EVERYWHERE, FASTMCP, HOUR, MINUTE, SCRIPTED, SDK, case
from tests.connectors.tracking import world
from tests.servers import scripted as bad


@case("happy", EVERYWHERE, TaskState.COMPLETED, told=("accepted", "started", "ended"))
def _(story: Story) -> None:
    story.starts(Act.ENDS)
    story.sees(TaskState.COMPLETED)


@case("late", EVERYWHERE, TaskState.COMPLETED, slips={"deadline": "V1"})
def _(story: Story) -> None:
    story.promises(blind_seconds=HOUR)
    story.starts(Act.ENDS)
    story.passes(SLA["deadline_seconds"])
    assert story.slips() == {"deadline": "V1!"}, "before anybody looked again"
    story.sees(TaskState.COMPLETED)
    assert story.fresh().late


@case("tool error inside completed", EVERYWHERE, TaskState.FAILED_TOOL, slips={"failed_tool": "V1!"})
def _(story: Story) -> None:
    story.starts(Act.TOOL_ERROR)
    story.sees(TaskState.FAILED_TOOL)


@case("failed", EVERYWHERE, TaskState.FAILED, slips={"failed": "V1!"})
def _(story: Story) -> None:
    story.starts(Act.FAILS)
    story.sees(TaskState.FAILED)


@case("cancel honoured", EVERYWHERE, TaskState.CANCELLED, told=("cancel_requested", "cancel_acknowledged", "ended"))
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.cancels()
    story.sees(TaskState.CANCELLED)


@case(
    "cancel ignored",
    (SCRIPTED, SDK),
    TaskState.CANCEL_REQUESTED,
    slips={"cancel": "V1!"},
    told=("cancel_acknowledged",),
)
def _(story: Story) -> None:
    story.starts(Act.STUBBORN)
    story.cancels()
    story.passes(SLA["cancel_seconds"] - 5)
    assert not story.slips(), "within its grace"
    story.passes(10)
    story.look()


@case("cancelled by the other side", EVERYWHERE, TaskState.CANCELLED_REMOTELY, slips={"cancelled_remotely": "V1!"})
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    cancel_behind(story.fresh(), story.stage.url)
    story.sees(TaskState.CANCELLED_REMOTELY)


@case(
    "input required and answered",
    EVERYWHERE,
    TaskState.COMPLETED,
    told=("input_required", "answer_sent", "answer_taken"),
)
def _(story: Story) -> None:
    story.starts(Act.ASKS)
    story.sees(TaskState.INPUT_REQUIRED)
    story.lives(SLA["input_seconds"] - MINUTE)
    story.answers()
    story.sees(TaskState.COMPLETED)


@case("input required and never answered", EVERYWHERE, TaskState.INPUT_REQUIRED, slips={"input": "V1!"})
def _(story: Story) -> None:
    story.starts(Act.ASKS)
    story.sees(TaskState.INPUT_REQUIRED)
    story.lives(SLA["input_seconds"] - MINUTE)
    assert not story.slips()
    story.passes(MINUTE)


@case("nothing changes for the whole stall window", EVERYWHERE, TaskState.WORKING, slips={"stall": "V1!"})
def _(story: Story) -> None:
    story.promises(stall_seconds=3 * MINUTE)
    story.starts(Act.NEVER)
    story.lives(2 * MINUTE)
    assert not story.slips()
    story.lives(2 * MINUTE)


@case("time to live before the deadline", EVERYWHERE, TaskState.WORKING, told=("short_lived",))
def _(story: Story) -> None:
    story.promises(deadline_seconds=2 * DAY)
    story.starts(Act.NEVER)
    expires = story.fresh().remote_expires_at
    assert expires is not None
    assert expires < story.fresh().deadline_at


@case(
    "dropped at the end of its time to live",
    (SCRIPTED,),
    TaskState.EXPIRED,
    slips={"expired": "V1!"},
    trouble="not_found",
)
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.server.server.behave(bad.task(ttlMs=30_000))
    story.look()
    story.passes(31)
    story.server.server.behave(bad.error(-32602, "Task not found"))
    story.look()


@case(
    "orphaned: its server was killed and does not come back", EVERYWHERE, TaskState.WORKING,
    slips={"blind": "V1!", "deadline": "V1!"}, told=("trouble",), trouble="unavailable",
)  # fmt: skip
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.look()
    story.stage.stop()
    story.look()
    assert not story.slips(), "out of sight for a moment"
    story.passes(SLA["blind_seconds"])
    assert story.slips() == {"blind": "V1!"}
    story.passes(SLA["deadline_seconds"] - SLA["blind_seconds"])


@case(
    "lost: its server was restarted and forgot it",
    EVERYWHERE,
    TaskState.LOST,
    slips={"lost": "V1!"},
    trouble="not_found",
)
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.look()
    story.stage.stop()
    story.stage.restart(TOKEN)
    story.sees(TaskState.LOST)


@case(
    "its credential is not accepted any more", EVERYWHERE, TaskState.WORKING,
    slips={"blind": "V1!"}, told=("trouble",), trouble="unauthorized",
)  # fmt: skip
def _(story: Story) -> None:
    story.starts(Act.NEVER)
    story.look()
    story.stage.stop()
    story.stage.restart("another-token-than-the-portal-has")
    story.look()
    story.passes(SLA["blind_seconds"])


@case(
    "a task of another principal looks like none",
    (FASTMCP,),
    TaskState.LOST,
    slips={"lost": "V1!"},
    trouble="not_found",
)
def _(story: Story) -> None:
    operation, arguments = story.stage.play(Act.NEVER)
    story.adopts(task_of_another(story.stage.url, operation, arguments))
    story.sees(TaskState.LOST)


@case("the same start twice is one start", EVERYWHERE, TaskState.WORKING)
def _(story: Story) -> None:
    story.starts(Act.NEVER, idempotency_key="once")
    operation, arguments = story.stage.play(Act.NEVER)
    again, created = service.start(
        connector_key=story.connector.key, operation=operation, arguments=arguments, idempotency_key="once",
        now=database_now(), actor=world.person(),
    )  # fmt: skip
    assert (again.pk, created) == (story.task.pk, False)
    story.look()
    assert TrackedTask.objects.filter(connector=story.connector).count() == 1
