"""The tasks extension on the server side, through the SDK's extension seams.

A tool named in `plans` answers with a task. The tool itself runs at once, which also checks its arguments; the task
then withholds its result until its time has come. The state of a task is computed from the clock when somebody asks,
so there is nothing to run in the background and nothing to clean up at the end.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver.server import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, CallToolResult, RequestParams
from pydantic import ConfigDict, Field

TASKS_EXTENSION = "io.modelcontextprotocol/tasks"
PROTOCOL_VERSIONS = frozenset({"2026-07-28"})
INVALID_PARAMS = -32602
POLL_INTERVAL_MS = 1000
MAX_TASKS = 10_000


class Ending(Enum):
    """How a task ends when its time has come."""

    COMPLETED = "completed"
    TOOL_ERROR = "tool_error"
    FAILED = "failed"
    NEVER = "never"
    AFTER_INPUT = "after_input"


@dataclass(frozen=True)
class Plan:
    """How the tasks of one tool go: their end, and length and time to live in seconds where the call names none."""

    ending: Ending
    seconds: float
    ttl_seconds: float
    message: str
    input_requests: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Task:
    """One task. Times are seconds of the clock the extension was given."""

    task_id: str
    plan: Plan
    result: dict[str, Any]
    created: float
    seconds: float
    ttl_seconds: float
    honours_cancel: bool
    changed: float
    cancelled: bool = False
    answered: float | None = None

    def status(self, now: float) -> str:
        """The status word at this moment."""
        if self.cancelled:
            return "cancelled"
        ending = self.plan.ending
        if ending is Ending.NEVER or now < self.created + self.seconds:
            return "working"
        if ending is Ending.AFTER_INPUT:
            if self.answered is None:
                return "input_required"
            return "completed" if now >= self.answered + self.seconds else "working"
        return "failed" if ending is Ending.FAILED else "completed"

    def fields(self, now: float) -> dict[str, Any]:
        """The task as `tools/call` and `tasks/get` show it."""
        status = self.status(now)
        return {
            "taskId": self.task_id,
            "status": status,
            "statusMessage": self.plan.message,
            "createdAt": _iso(self.created),
            "lastUpdatedAt": _iso(self.changed),
            "ttlMs": int(self.ttl_seconds * 1000),
            "pollIntervalMs": POLL_INTERVAL_MS,
        }

    def outcome(self, now: float) -> dict[str, Any]:
        """What `tasks/get` adds in the state the task is in."""
        status = self.status(now)
        if status == "completed" and self.plan.ending is Ending.TOOL_ERROR:
            text = "The export stopped: the destination refused row 1,204."
            return {"result": {"content": [{"type": "text", "text": text}], "isError": True}}
        if status == "completed":
            return {"result": self.result}
        if status == "failed":
            return {"error": {"code": -32603, "message": "The catalogue service closed the connection."}}
        if status == "input_required":
            return {"inputRequests": dict(self.plan.input_requests)}
        return {}


class TaskParams(RequestParams):
    """Parameters of `tasks/get` and `tasks/cancel`."""

    model_config = ConfigDict(populate_by_name=True)

    task_id: str = Field(alias="taskId")


class UpdateParams(TaskParams):
    """Parameters of `tasks/update`."""

    input_responses: dict[str, Any] = Field(alias="inputResponses")


class TasksExtension(Extension):
    """Answers planned tools with tasks and serves `tasks/get`, `tasks/update` and `tasks/cancel` from memory."""

    identifier = TASKS_EXTENSION

    def __init__(self, plans: Mapping[str, Plan], *, clock: Callable[[], float] = time.time) -> None:
        self._plans = plans
        self._clock = clock
        self._tasks: dict[str, Task] = {}

    def methods(self) -> Sequence[MethodBinding]:
        return (
            MethodBinding("tasks/get", TaskParams, self._get, PROTOCOL_VERSIONS),
            MethodBinding("tasks/cancel", TaskParams, self._cancel, PROTOCOL_VERSIONS),
            MethodBinding("tasks/update", UpdateParams, self._update, PROTOCOL_VERSIONS),
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        plan = self._plans.get(params.name)
        if plan is None:
            return await call_next(ctx)
        require_client_extension(ctx, TASKS_EXTENSION)
        result = await call_next(ctx)
        if not isinstance(result, CallToolResult) or result.is_error:
            return result
        now = self._clock()
        arguments = {key: value for key, value in (params.arguments or {}).items() if value is not None}
        task = Task(
            task_id=uuid.uuid4().hex,
            plan=plan,
            result=result.model_dump(mode="json", by_alias=True, exclude_none=True),
            created=now,
            seconds=float(arguments.get("seconds", plan.seconds)),
            ttl_seconds=float(arguments.get("ttl_seconds", plan.ttl_seconds)),
            honours_cancel=bool(arguments.get("honours_cancel", True)),
            changed=now,
        )
        self._make_room(now)
        self._tasks[task.task_id] = task
        return {"resultType": "task", **task.fields(now)}

    async def _get(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> HandlerResult:
        now = self._clock()
        task = self._find(ctx, params.task_id, now)
        return {"resultType": "complete", **task.fields(now), **task.outcome(now)}

    async def _cancel(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> HandlerResult:
        now = self._clock()
        task = self._find(ctx, params.task_id, now)
        if task.honours_cancel and task.status(now) in ("working", "input_required"):
            task.cancelled = True
            task.changed = now
        return {"resultType": "complete"}

    async def _update(self, ctx: ServerRequestContext[Any, Any], params: UpdateParams) -> HandlerResult:
        now = self._clock()
        task = self._find(ctx, params.task_id, now)
        if task.status(now) == "input_required" and set(params.input_responses) >= set(task.plan.input_requests):
            task.answered = now
            task.changed = now
        return {"resultType": "complete"}

    def _find(self, ctx: ServerRequestContext[Any, Any], task_id: str, now: float) -> Task:
        require_client_extension(ctx, TASKS_EXTENSION)
        task = self._tasks.get(task_id)
        # Unknown and expired look alike, as the protocol wants it.
        if task is None or now >= task.created + task.ttl_seconds:
            self._tasks.pop(task_id, None)
            raise MCPError(code=INVALID_PARAMS, message="Task not found")
        return task

    def _make_room(self, now: float) -> None:
        if len(self._tasks) < MAX_TASKS:
            return
        for task_id in [key for key, task in self._tasks.items() if now >= task.created + task.ttl_seconds]:
            del self._tasks[task_id]
        while len(self._tasks) >= MAX_TASKS:
            del self._tasks[next(iter(self._tasks))]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
