"""Sending requests: bounded in time and size, nothing followed, connected to the judged address."""

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.outbound import client as module
from portal.outbound.client import OutboundClient, Timeouts
from portal.outbound.errors import AnswerTooLarge, OutboundFailed, OutboundRefused, OutboundTimeout
from portal.outbound.guard import Guard
from tests.servers import scripted as behaviours
from tests.servers.scripted import ScriptedServer

BRIEF = Timeouts(connect=1, read=0.5, total=1)


def test_an_answer_comes_back_with_status_headers_and_body(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(behaviours.answer("hello", 202, "text/plain", X_Note="first"))
    answer = outbound.request("POST", scripted.url + "?q=1", headers=[("X-Key", "1")], body=b"data")
    assert (answer.status, answer.body, answer.headers["x-note"]) == (202, b"hello", "first")
    (seen,) = scripted.requests
    assert (seen.method, seen.path, seen.body) == ("POST", "/mcp?q=1", b"data")
    assert seen.headers["host"] == f"127.0.0.1:{scripted.port}"
    assert seen.headers["x-key"] == "1"


def test_loopback_is_refused_when_no_network_is_allowed(scripted: ScriptedServer) -> None:
    with pytest.raises(OutboundRefused) as refusal:
        OutboundClient(Guard()).request("POST", scripted.url)
    assert not refusal.value.sent
    assert scripted.requests == []


def test_a_name_is_looked_up_once_and_the_judged_address_is_connected_to(scripted: ScriptedServer) -> None:
    asked: list[str] = []

    def lookup(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    scripted.behave(behaviours.answer("hello"))
    client = OutboundClient(Guard(["127.0.0.0/8"], lookup=lookup))
    # No name server knows this name: only a connection to the address itself can succeed.
    assert client.request("POST", f"http://crm.invalid:{scripted.port}/mcp").body == b"hello"
    assert asked == ["crm.invalid"]
    assert scripted.requests[0].headers["host"] == f"crm.invalid:{scripted.port}"


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(scripted: ScriptedServer) -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    # 127.0.0.2 stands for the good address: allowed, and nobody listens there. 127.0.0.1 is the forbidden inside.
    client = OutboundClient(Guard(["127.0.0.2/32"], lookup=rebinding))
    url = f"http://rebinding.example.com:{scripted.port}/mcp"
    with pytest.raises(OutboundFailed, match="No connection"):
        client.request("POST", url)
    assert asked == ["rebinding.example.com"]
    with pytest.raises(OutboundRefused, match=r"127\.0\.0\.1 is not an address"):
        client.request("POST", url)
    assert scripted.requests == []


def test_a_redirect_is_an_answer_and_is_not_followed(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(behaviours.redirect("http://169.254.169.254/latest/meta-data/"))
    assert outbound.request("POST", scripted.url).status == 307
    assert len(scripted.requests) == 1


def test_a_proxy_of_the_environment_is_ignored(
    scripted: ScriptedServer, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    scripted.behave(behaviours.answer("direct"))
    assert OutboundClient(Guard(["127.0.0.0/8"])).request("POST", scripted.url).body == b"direct"


@pytest.mark.parametrize("drip", [behaviours.drip, behaviours.drip_headers])
def test_a_server_that_drips_bytes_is_cut_off_by_the_total_time(
    drip: behaviours.Behaviour, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(drip)
    begun = time.monotonic()
    with pytest.raises(OutboundTimeout, match="total time") as timeout:
        outbound.request("POST", scripted.url, timeouts=BRIEF)
    assert 0.9 < time.monotonic() - begun < 2
    assert timeout.value.sent


def test_a_server_that_says_nothing_is_left_after_the_read_time(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(behaviours.silence)
    begun = time.monotonic()
    with pytest.raises(OutboundTimeout, match="did not answer in time"):
        outbound.request("POST", scripted.url, timeouts=BRIEF)
    assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize("flood", [behaviours.huge(), behaviours.endless])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    flood: behaviours.Behaviour, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(flood)
    with pytest.raises(AnswerTooLarge):
        outbound.request("POST", scripted.url, max_bytes=200_000)


def test_a_refused_connection_is_certainly_not_sent(closed_port: int, outbound: OutboundClient) -> None:
    with pytest.raises(OutboundFailed) as failure:
        outbound.request("POST", f"http://127.0.0.1:{closed_port}/mcp")
    assert not failure.value.sent


@pytest.mark.parametrize("end", [behaviours.hang_up, behaviours.cut_off])
def test_a_connection_that_breaks_after_the_request_counts_as_sent(
    end: behaviours.Behaviour, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(end)
    with pytest.raises(OutboundFailed) as failure:
        outbound.request("POST", scripted.url)
    assert failure.value.sent
    assert len(scripted.requests) == 1


def test_a_name_without_an_address_is_certainly_not_sent() -> None:
    def nobody(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(OutboundFailed, match="cannot be found") as failure:
        OutboundClient(Guard(lookup=nobody)).request("POST", "https://gone.example.com/")
    assert not failure.value.sent


def test_a_name_server_that_hangs_does_not_hold_the_caller() -> None:
    release = threading.Event()

    def slow(_host: str, _port: int) -> list[str]:
        release.wait(20)
        return []

    begun = time.monotonic()
    with pytest.raises(OutboundTimeout) as timeout:
        OutboundClient(Guard(lookup=slow)).request("POST", "https://slow.example.com/", timeouts=BRIEF)
    release.set()
    assert time.monotonic() - begun < 2
    assert not timeout.value.sent


def test_a_repeatable_request_keeps_its_connection_and_survives_a_server_that_closed_it(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.script([behaviours.answer("1"), behaviours.hang_up, behaviours.answer("2")])
    assert outbound.request("POST", scripted.url, repeatable=True).body == b"1"
    assert outbound.request("POST", scripted.url, repeatable=True).body == b"2"
    assert len(scripted.requests) == 3


def test_a_request_that_must_not_be_repeated_is_sent_once_even_after_others(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.script([behaviours.answer("1"), behaviours.hang_up, behaviours.answer("2")])
    outbound.request("POST", scripted.url, repeatable=True)
    with pytest.raises(OutboundFailed):
        outbound.request("POST", scripted.url)
    assert len(scripted.requests) == 2


@pytest.mark.parametrize("header", [("X-Key", "a\r\nX-Evil: 1"), ("X-Key", "naïve"), ("X Key", "1"), ("X-Key", "a\0b")])
def test_a_header_that_cannot_be_written_is_refused_before_anything_is_sent(
    header: tuple[str, str], scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    with pytest.raises(OutboundRefused):
        outbound.request("POST", scripted.url, headers=[header])
    assert scripted.requests == []


def test_many_threads_share_one_client(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(behaviours.answer("ok"))
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: outbound.request("POST", scripted.url, repeatable=True).body, range(400)))
    assert answers == [b"ok"] * 400


def test_connections_outlive_the_threads_that_made_them(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    ports: set[int] = set()

    def behave(exchange: behaviours.Exchange) -> None:
        ports.add(exchange.client_address[1])
        behaviours.answer("ok")(exchange)

    scripted.behave(behave)
    for _ in range(5):
        thread = threading.Thread(target=outbound.request, args=("POST", scripted.url), kwargs={"repeatable": True})
        thread.start()
        thread.join()
    assert (len(scripted.requests), len(ports)) == (5, 1)


def test_no_more_connections_are_kept_than_allowed() -> None:
    client = OutboundClient(Guard(["127.0.0.0/8"]), kept=2)
    ports: list[int] = []

    def behave(exchange: behaviours.Exchange) -> None:
        ports.append(exchange.client_address[1])
        behaviours.answer("ok")(exchange)

    with ScriptedServer() as first, ScriptedServer() as second, ScriptedServer() as third:
        for server in (first, second, third, third, first):
            server.behave(behave)
            client.request("POST", server.url, repeatable=True)
    assert ports[2] == ports[3]
    assert ports[4] != ports[0]


def test_cookies_of_one_answer_are_not_sent_with_the_next_request(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(behaviours.answer("ok", Set_Cookie="session=1"))
    outbound.request("POST", scripted.url, repeatable=True)
    outbound.request("POST", scripted.url, repeatable=True)
    assert "cookie" not in scripted.requests[1].headers


def test_the_process_has_one_client_and_its_fork_another() -> None:
    own = module.client()
    assert module.client() is own
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"same" if module.client() is own else b"other")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"other"
    os.close(reader)
    os.close(writer)
