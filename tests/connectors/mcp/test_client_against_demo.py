"""The client against the real demo server, each tool from start to end."""

import time
from collections.abc import Callable

import pytest

from connectors.mcp import client
from connectors.mcp.observation import Kind, Observation, StartKind
from portal.outbound.client import OutboundClient
from tests.servers.demo import DemoServer, start_demo_server
from tests.servers.fixtures import TOKEN


def start(server: DemoServer, via: OutboundClient, tool: str, **arguments: object) -> Observation:
    outcome = client.call_tool(server.url, tool, arguments, token=server.token, via=via)
    assert outcome.kind is StartKind.TASK, outcome
    assert outcome.task is not None
    return outcome.task


def wait_for(look: Callable[[], Observation], status: str, seconds: float = 5) -> Observation:
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen.remote_status == status or time.monotonic() > end:
            assert seen.remote_status == status, seen
            return seen
        time.sleep(0.02)


def test_discovery_tells_name_version_and_the_tasks_extension(
    demo_server: DemoServer, outbound: OutboundClient
) -> None:
    found = client.discover(demo_server.url, via=outbound)
    assert (found.kind, found.name, found.version, found.has_tasks) == (Kind.SEEN, "Demo systems", "1.0.0", True)
    assert "2026-07-28" in found.protocol_versions


def test_the_list_of_tools_holds_all_eight_with_their_schemas(
    demo_server: DemoServer, outbound: OutboundClient
) -> None:
    listed = client.list_tools(demo_server.url, via=outbound)
    assert listed.kind is Kind.SEEN
    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == {
        "lookup_customer",
        "list_invoices",
        "generate_statement",
        "reconcile_ledger",
        "export_contacts",
        "send_campaign",
        "sync_catalogue",
        "review_contract",
    }
    assert tools["lookup_customer"].input_schema["required"] == ["customer_id"]
    assert "statement" in tools["generate_statement"].description


def test_a_quick_tool_answers_at_once(demo_server: DemoServer, outbound: OutboundClient) -> None:
    outcome = client.call_tool(demo_server.url, "lookup_customer", {"customer_id": "C-1001"}, via=outbound)
    assert (outcome.kind, outcome.is_error) == (StartKind.FINISHED, False)
    assert outcome.result is not None
    assert outcome.result["structuredContent"]["name"] == "Al Noor Trading"


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("lookup_customer", {"customer_id": "C-9"}, "There is no customer C-9"),
        ("no_such_tool", {}, "Unknown tool"),
        ("generate_statement", {"seconds": -5}, "greater than or equal to 0"),
    ],
)
def test_a_tool_error_at_once_is_finished_and_an_error_and_makes_no_task(
    tool: str, arguments: dict[str, object], said: str, demo_server: DemoServer, outbound: OutboundClient
) -> None:
    outcome = client.call_tool(demo_server.url, tool, arguments, via=outbound)
    assert (outcome.kind, outcome.is_error) == (StartKind.FINISHED, True)
    assert outcome.result is not None
    assert said in outcome.result["content"][0]["text"]


def test_a_task_works_and_then_completes_with_its_result(demo_server: DemoServer, outbound: OutboundClient) -> None:
    task = start(demo_server, outbound, "generate_statement", seconds=0.5, period="2026-09")
    assert (task.remote_status, task.poll_interval_ms, task.ttl_ms) == ("working", 1000, 86_400_000)
    assert task.created_at is not None

    def look() -> Observation:
        return client.get_task(demo_server.url, task.task_id, via=outbound)

    assert look().remote_status == "working"
    done = wait_for(look, "completed")
    assert not done.is_error
    assert done.result is not None
    assert done.result["structuredContent"]["period"] == "2026-09"
    assert done.error is None
    assert done.remarks == ()


def test_completed_with_a_tool_error_is_an_error(demo_server: DemoServer, outbound: OutboundClient) -> None:
    task = start(demo_server, outbound, "export_contacts", seconds=0)
    done = wait_for(lambda: client.get_task(demo_server.url, task.task_id, via=outbound), "completed")
    assert done.is_error
    assert done.detail == "The tool reported an error."
    assert done.result is not None


def test_a_failed_task_tells_its_error(demo_server: DemoServer, outbound: OutboundClient) -> None:
    task = start(demo_server, outbound, "sync_catalogue", seconds=0)
    failed = wait_for(lambda: client.get_task(demo_server.url, task.task_id, via=outbound), "failed")
    assert failed.error is not None
    assert failed.error.code == -32603
    assert "catalogue service" in failed.detail
    assert failed.result is None


def test_a_task_that_waits_for_input_completes_after_the_input(
    demo_server: DemoServer, outbound: OutboundClient
) -> None:
    task = start(demo_server, outbound, "review_contract", seconds=0.1)

    def look() -> Observation:
        return client.get_task(demo_server.url, task.task_id, via=outbound)

    waiting = wait_for(look, "input_required")
    assert waiting.input_requests is not None
    assert set(waiting.input_requests) == {"decision"}
    useless = client.update_task(demo_server.url, task.task_id, {"other": {}}, via=outbound)
    assert useless.kind is Kind.SEEN
    assert look().remote_status == "input_required"
    response = {"decision": {"action": "accept", "content": {"accept": True}}}
    assert client.update_task(demo_server.url, task.task_id, response, via=outbound).kind is Kind.SEEN
    assert wait_for(look, "completed").is_error is False


def test_a_hanging_task_is_cancelled_when_asked(demo_server: DemoServer, outbound: OutboundClient) -> None:
    task = start(demo_server, outbound, "send_campaign")
    assert client.get_task(demo_server.url, task.task_id, via=outbound).remote_status == "working"
    assert client.cancel_task(demo_server.url, task.task_id, via=outbound).kind is Kind.SEEN
    assert client.get_task(demo_server.url, task.task_id, via=outbound).remote_status == "cancelled"


def test_an_acknowledged_cancel_may_change_nothing(demo_server: DemoServer, outbound: OutboundClient) -> None:
    task = start(demo_server, outbound, "send_campaign", honours_cancel=False)
    assert client.cancel_task(demo_server.url, task.task_id, via=outbound).kind is Kind.SEEN
    assert client.get_task(demo_server.url, task.task_id, via=outbound).remote_status == "working"


def test_a_task_past_its_time_to_live_and_an_unknown_one_look_alike(
    demo_server: DemoServer, outbound: OutboundClient
) -> None:
    task = start(demo_server, outbound, "send_campaign", ttl_seconds=0.2)
    time.sleep(0.3)
    for task_id in (task.task_id, "never-was"):
        gone = client.get_task(demo_server.url, task_id, via=outbound)
        assert (gone.kind, gone.http_status) == (Kind.NOT_FOUND, 400)
        assert client.cancel_task(demo_server.url, task_id, via=outbound).kind is Kind.NOT_FOUND


def test_the_same_call_twice_makes_two_tasks(demo_server: DemoServer, outbound: OutboundClient) -> None:
    first = start(demo_server, outbound, "send_campaign")
    second = start(demo_server, outbound, "send_campaign")
    assert first.task_id != second.task_id


def test_a_token_is_needed_where_the_server_wants_one(
    guarded_demo_server: DemoServer, outbound: OutboundClient
) -> None:
    url = guarded_demo_server.url
    for token in ("", "wrong"):
        assert client.discover(url, token=token, via=outbound).kind is Kind.UNAUTHORIZED
        outcome = client.call_tool(url, "send_campaign", {}, token=token, via=outbound)
        assert (outcome.kind, outcome.cause) == (StartKind.NOT_STARTED, Kind.UNAUTHORIZED)
    task = start(guarded_demo_server, outbound, "send_campaign")
    assert client.get_task(url, task.task_id, token=TOKEN, via=outbound).seen
    assert client.get_task(url, task.task_id, token="wrong", via=outbound).kind is Kind.UNAUTHORIZED


def test_another_process_polls_with_no_more_than_address_id_and_token(
    demo_server: DemoServer, outbound: OutboundClient
) -> None:
    task = start(demo_server, outbound, "send_campaign")
    newcomer = OutboundClient(outbound.guard)
    assert client.get_task(demo_server.url, task.task_id, via=newcomer).remote_status == "working"


def test_a_server_that_stops_is_unavailable_and_one_that_restarts_has_forgotten(outbound: OutboundClient) -> None:
    with start_demo_server() as server:
        task = start(server, outbound, "send_campaign")
        port = int(server.url.split(":")[2].split("/")[0])
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 3
        assert client.get_task(server.url, task.task_id, via=outbound).kind is Kind.UNAVAILABLE
        outcome = client.call_tool(server.url, "send_campaign", {}, via=outbound)
        assert (outcome.kind, outcome.cause) == (StartKind.NOT_STARTED, Kind.UNAVAILABLE)
    with start_demo_server(port=port) as server:
        assert client.get_task(server.url, task.task_id, via=outbound).kind is Kind.NOT_FOUND
