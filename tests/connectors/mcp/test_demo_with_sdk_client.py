"""The demo server as the SDK's own client sees it: proof that it speaks the protocol, not only our reading of it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict, Field

from connectors.mcp import client as portal_client
from portal.outbound.client import OutboundClient
from tests.servers.demo import DemoServer

TASKS = "io.modelcontextprotocol/tasks"


class TaskParams(RequestParams):
    task_id: str = Field(alias="taskId")


class GetTask(Request[TaskParams, Literal["tasks/get"]]):
    method: Literal["tasks/get"] = "tasks/get"
    params: TaskParams
    name_param = "taskId"


class TaskResult(Result):
    model_config = ConfigDict(extra="allow")

    result_type: Literal["task"] = Field(alias="resultType")
    task_id: str = Field(alias="taskId")
    status: str


class TaskState(Result):
    model_config = ConfigDict(extra="allow")

    status: str
    result: CallToolResult | None = None


class Tasks(ClientExtension):
    """Polls a task to its end inside `call_tool`, the way an SDK application would."""

    identifier = TASKS

    def __init__(self) -> None:
        self.statuses: list[str] = []

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=TaskResult, resolve=self.resolve)]

    async def resolve(self, task: TaskResult, context: ClaimContext) -> CallToolResult:
        while True:
            params = TaskParams.model_validate({"taskId": task.task_id})
            state = await context.session.send_request(GetTask(params=params), TaskState)
            self.statuses.append(state.status)
            if state.result is not None:
                return state.result
            await asyncio.sleep(0.05)


def test_the_sdk_client_finds_the_extension_and_every_tool(demo_server: DemoServer) -> None:
    async def story() -> tuple[Any, set[str]]:
        async with Client(demo_server.url, extensions=[Tasks()]) as client:
            listed = await client.list_tools()
            return client.server_capabilities.extensions, {tool.name for tool in listed.tools}

    extensions, names = asyncio.run(story())
    assert TASKS in extensions
    assert {"generate_statement", "lookup_customer"} <= names


def test_the_sdk_client_drives_a_task_to_its_result(demo_server: DemoServer) -> None:
    tasks = Tasks()

    async def story() -> CallToolResult:
        async with Client(demo_server.url, extensions=[tasks]) as client:
            answer = await client.call_tool("generate_statement", {"seconds": 0.3, "period": "2026-08"})
            assert isinstance(answer, CallToolResult)
            return answer

    answer = asyncio.run(story())
    assert answer.structured_content is not None
    assert answer.structured_content["period"] == "2026-08"
    assert tasks.statuses[0] == "working"
    assert tasks.statuses[-1] == "completed"


def test_a_client_without_the_extension_is_told_so_and_may_use_quick_tools(demo_server: DemoServer) -> None:
    async def story() -> CallToolResult:
        async with Client(demo_server.url) as client:
            with pytest.raises(MCPError) as refusal:
                await client.call_tool("generate_statement", {})
            assert refusal.value.error.code == -32021
            answer = await client.call_tool("list_invoices", {"customer_id": "C-1001"})
            assert isinstance(answer, CallToolResult)
            return answer

    answer = asyncio.run(story())
    assert answer.structured_content is not None
    assert len(answer.structured_content["invoices"]) == 2


def test_a_task_that_our_client_began_is_seen_by_the_sdk_client(
    demo_server: DemoServer, outbound: OutboundClient
) -> None:
    begun = portal_client.call_tool(demo_server.url, "send_campaign", {}, via=outbound)
    assert begun.task is not None
    task_id = begun.task.task_id

    async def story() -> str:
        async with Client(demo_server.url, extensions=[Tasks()]) as client:
            params = TaskParams.model_validate({"taskId": task_id})
            state = await client.session.send_request(GetTask(params=params), TaskState)
            return state.status

    assert asyncio.run(story()) == "working"
