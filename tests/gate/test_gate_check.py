"""The script of the gate says yes to a clear yes alone, whatever answers, and however slowly."""

import ast
import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from severity.rules import Level
from tests.gate.asking import NO, REASON, SCRIPT, TOKEN, UNKNOWN, YES, ask, moment, run, says, told
from tests.releases import world
from tests.servers import scripted as server_of
from tests.servers.scripted import Behaviour, Exchange, ScriptedServer, answer

DEEP = "[" * 200_000


def at(server: ScriptedServer) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def raw(text: str | bytes) -> Behaviour:
    return answer(text, 200, "application/json")


def test_a_clear_yes(scripted: ScriptedServer) -> None:
    scripted.behave(says(warnings=[REASON]))
    ended = ask(at(scripted))
    assert (ended.code, ended.err) == (YES, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("R-2026.12 may be promoted to prod (evaluated at 20")
    assert lines[2] == (
        f"  warns: INC-7 V3 is not resolved: Statements are wrong since 2026-11-25T10:00:00Z [v3_open]"
        f" - A person of CRM, by resolving it. No exception lifts a V3. {at(scripted)}/incidents/INC-7/"
    )
    (seen,) = scripted.requests
    assert (seen.method, seen.path) == ("GET", "/api/v1/releases/R-2026.12/gate?to=prod")
    assert (seen.headers["authorization"], seen.headers["accept"]) == (f"Bearer {TOKEN}", "application/json")


def test_a_no_with_every_reason(scripted: ScriptedServer) -> None:
    second = REASON | {
        "object": "",
        "rule": "row_unknown",
        "what": "Docs truth: nobody has said anything.",
        "since": None,
    }
    scripted.behave(says(launch_allowed=False, blocked_reasons=[REASON, second], blocked_unlisted=12))
    ended = ask(at(scripted))
    assert (ended.code, ended.err) == (NO, "")
    assert ended.out.startswith("R-2026.12 may NOT be promoted to prod")
    assert [line.split(":")[0] for line in ended.out.splitlines()[1:]] == ["  note", "  blocks", "  blocks", "  blocks"]
    assert "Docs truth: nobody has said anything. [row_unknown]" in ended.out
    assert "blocks: 12 more." in ended.out


def test_the_release_in_the_other_case_and_a_portal_under_a_path(scripted: ScriptedServer) -> None:
    scripted.behave(says(release="r-2026.12"))
    ended = run("--url", f"{at(scripted)}/portal/", "--release", "r-2026.12", "--to", "prod")
    assert ended.code == YES
    assert scripted.requests[0].path == "/portal/api/v1/releases/r-2026.12/gate?to=prod"


# By field, what it must not be; `...`: it is missing.
WRONG: list[tuple[str, list[Any]]] = [
    ("launch_allowed", [1, "true", "yes", None, [], ...]),
    ("blocked_reasons", [None, {}, "", 0, False, ..., [REASON], ["x"], [REASON | {"who": 1}], [REASON | {"since": 1}]]),
    ("blocked_unlisted", [False, "0", None, ..., 1, -1]),
    ("warnings", [None, {}, ..., [None]]),
    ("release", ["R-2026.11", "R-2026.1", "R-2026.12 ", "", None, ["R-2026.12"], ...]),
    ("to", ["staging", "PROD", "", None, ...]),
    ("evaluated_at", [None, "", "now", 1_800_000_000, ..., "2026-13-45T10:00:00Z", "0001-01-01T00:00:00Z"]),
    ("stage", [1, ...]),
    ("severity_note", [1, ...]),
    ("digest", [1, ...]),
    ("ago", [62, 3600, -70, -3600]),
]


@pytest.mark.parametrize("fields", [{name: value} for name, values in WRONG for value in values], ids=repr)
def test_an_answer_that_is_not_what_the_gate_promises_is_no_yes(
    scripted: ScriptedServer, fields: dict[str, Any]
) -> None:
    scripted.behave(says(**fields))
    ended = ask(at(scripted))
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert ended.err.startswith("No clear answer, so no: ")


def test_a_moment_without_a_zone_or_with_more_behind_it_is_none(scripted: ScriptedServer) -> None:
    now = moment()
    for text in (now.partition("+")[0], f"{now}\n", f" {now}", now.replace("+00:00", "+99:99"), now.replace("T", "X")):
        scripted.behave(says(evaluated_at=text))
        ended = ask(at(scripted))
        assert (ended.code, "evaluated_at" in ended.err) == (UNKNOWN, True)
    for text in (now, now.replace("+00:00", "Z"), now.partition(".")[0] + "+00:00"):
        scripted.behave(says(evaluated_at=text))
        assert ask(at(scripted)).code == YES


@pytest.mark.parametrize("fields", [{"ago": 50}, {"ago": -50}, {"blocked_unlisted": 0}, {"other": [1, None]}], ids=repr)
def test_what_is_still_a_yes(scripted: ScriptedServer, fields: dict[str, Any]) -> None:
    scripted.behave(says(**fields))
    assert ask(at(scripted)).code == YES


def test_how_old_an_evaluation_may_be_is_asked_for(scripted: ScriptedServer) -> None:
    scripted.behave(says(ago=20))
    assert ask(at(scripted), "--max-age", "25").code == YES
    assert ask(at(scripted), "--max-age", "15").code == UNKNOWN


def test_a_stale_no_is_no_answer(scripted: ScriptedServer) -> None:
    scripted.behave(says(launch_allowed=False, blocked_reasons=[REASON], ago=3600))
    assert ask(at(scripted)).code == UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        lambda yes: "",
        lambda yes: "null",
        lambda yes: "true",
        lambda yes: f"[{yes}]",
        lambda yes: yes[:-1],
        lambda yes: yes + yes,
        lambda yes: yes.replace('"launch_allowed": true', '"launch_allowed": false, "launch_allowed": true'),
        lambda yes: yes[:-1] + ', "x": {"a": 1, "a": 1}}',
        lambda yes: yes[:-1] + ', "x": NaN}',
        lambda yes: yes[:-1] + ', "x": -Infinity}',
        lambda yes: yes[:-1] + ', "x": 1e999}',
        lambda yes: yes.replace('"blocked_unlisted": 0', '"blocked_unlisted": 0.0'),
        lambda yes: yes[:-1] + f', "x": {"9" * 900_000}}}',
        lambda yes: yes[:-1] + f', "x": {DEEP}',
        lambda yes: yes.encode("utf-16"),
        lambda yes: yes.encode() + b"\xff",
        lambda yes: yes + " " * 1_000_000,
    ],
)
def test_what_is_no_json_object_that_a_gate_sends_is_no_yes(
    scripted: ScriptedServer, text: Callable[[str], str | bytes]
) -> None:
    scripted.behave(raw(text(json.dumps(told()))))
    began = time.monotonic()
    ended = ask(at(scripted))
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("status", [201, 203, 204, 206, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 599])
def test_a_yes_on_another_status_is_no_yes(scripted: ScriptedServer, status: int) -> None:
    scripted.behave(says(status=status))
    ended = ask(at(scripted))
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert f"HTTP {status}" in ended.err


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_no_redirect_is_followed(scripted: ScriptedServer, status: int) -> None:
    with ScriptedServer() as other:
        other.behave(says())
        scripted.behave(server_of.redirect(f"{at(other)}/api/v1/releases/R-2026.12/gate?to=prod", status))
        ended = ask(at(scripted))
        assert (ended.code, other.requests) == (UNKNOWN, [])
        assert "redirects" in ended.err


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/plain", "application/problem+json", ""])
def test_what_does_not_call_itself_json_is_no_gate(scripted: ScriptedServer, kind: str) -> None:
    scripted.behave(says(content_type=kind))
    assert ask(at(scripted)).code == UNKNOWN


def twice_as_long(exchange: Exchange) -> None:
    """A yes of which half was announced only."""
    body = json.dumps(told()).encode()
    exchange.close_connection = True
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{len(body) * 2:x}\r\n"
    )
    exchange.wfile.write(head.encode() + body)


@pytest.mark.parametrize(
    "behaviour",
    [
        server_of.html(), server_of.garbage(), server_of.silence, server_of.hang_up, server_of.cut_off, server_of.drip,
        server_of.drip_headers, server_of.endless, server_of.huge(), twice_as_long,
    ],
)  # fmt: skip
def test_a_server_that_misbehaves_gets_no_yes_and_no_more_time_than_there_is(
    scripted: ScriptedServer, behaviour: Behaviour
) -> None:
    scripted.behave(behaviour)
    began = time.monotonic()
    ended = ask(at(scripted), "--timeout", "1.5")
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert time.monotonic() - began < 6


def test_an_answer_that_would_be_a_yes_but_drips_for_longer_than_there_is_time(scripted: ScriptedServer) -> None:
    def drip(exchange: Exchange) -> None:
        body = json.dumps(told()).encode()
        exchange.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        for start in range(0, len(body), 20):
            exchange.pause(0.2)
            exchange.wfile.write(body[start : start + 20])

    scripted.behave(drip)
    ended = ask(at(scripted), "--timeout", "1.5")
    assert (ended.code, "within 1.5 seconds" in ended.err) == (UNKNOWN, True)
    assert ask(at(scripted), "--timeout", "15").code == YES


def test_nobody_listens(free_port: int) -> None:
    ended = ask(f"http://127.0.0.1:{free_port}")
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert "not reachable" in ended.err


@pytest.mark.parametrize(
    "more",
    [
        *(("--max-age", one) for one in ("nan", "inf", "0", "-1", "soon", "1e9")),
        *(("--timeout", one) for one in ("nan", "inf", "0", "-1", "")),
        *(("--release", one) for one in ("", "2026.12", "R-", "R-2026.12/../R-1", "R-2026.12?x", "R-" + "1" * 59, "R-١")),
        ("--max", "60"),
        ("--help",),
        ("extra",),
        *(("--proxy", one) for one in ("https://127.0.0.1:1", "127.0.0.1:1", "http://u:p@127.0.0.1:1")),
        # Loopback behind a proxy is another machine.
        ("--proxy", "http://127.0.0.1:1"),
    ],
    ids=repr,
)  # fmt: skip
def test_wrong_arguments_ask_nobody_and_are_no_yes(scripted: ScriptedServer, more: tuple[str, ...]) -> None:
    scripted.behave(says())
    assert (ask(at(scripted), *more).code, scripted.requests) == (UNKNOWN, [])


def test_its_help_names_every_argument() -> None:
    told_of = run("--help").out
    names = ("--url", "--release", "--to", "--token-env", "--max-age", "--timeout", "--proxy", "--allow-http", "--json")
    assert [one for one in names if one not in told_of] == []


@pytest.mark.parametrize(
    "url",
    [
        "", "portal.example.com", "ftp://127.0.0.1", "file:///etc/passwd", "https://", "https://u:p@127.0.0.1",
        "http://127.0.0.1:port", "http://127.0.0.1:0", "http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1/?x",
        "http://127.0.0.1/#x", "http://127.0.0.1\\@evil.example", "http://127.0.0.1\n.evil.example",
    ],
)  # fmt: skip
def test_an_address_that_is_none(url: str) -> None:
    ended = ask(url)
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert "--url must be" in ended.err


@pytest.mark.parametrize(
    "host", ["10.255.255.1", "portal.invalid", "127.0.0.1.portal.invalid", "localhost.portal.invalid"]
)
def test_another_machine_is_asked_by_https_alone(host: str) -> None:
    ended = ask(f"http://{host}", "--timeout", "2")
    assert (ended.code, "https only" in ended.err) == (UNKNOWN, True)
    allowed = ask(f"http://{host}", "--timeout", "2", "--allow-http")
    assert (allowed.code, "https only" in allowed.err) == (UNKNOWN, False)


def test_localhost_is_this_machine(scripted: ScriptedServer) -> None:
    scripted.behave(says())
    assert ask(f"http://localhost:{scripted.port}").code == YES


def test_proxies_of_the_environment_are_not_used(scripted: ScriptedServer, free_port: int) -> None:
    scripted.behave(says())
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    assert ask(at(scripted), env=dict.fromkeys(names, f"http://127.0.0.1:{free_port}")).code == YES


def test_the_token_is_missing_or_none(scripted: ScriptedServer) -> None:
    scripted.behave(says())
    for value in ("", "  \n", "two words", "line\nX-Evil: 1", "ü" * 20):
        ended = ask(at(scripted), env={"PORTAL_TOKEN": value})
        assert (ended.code, ended.out, scripted.requests) == (UNKNOWN, "", [])
        assert not value.strip() or value not in ended.err
    named = ask(at(scripted), "--token-env", "OTHER", env={"OTHER": f"{TOKEN}1\n", "PORTAL_TOKEN": ""})
    assert named.code == YES
    assert scripted.requests[0].headers["authorization"] == f"Bearer {TOKEN}1"


def test_the_token_is_never_printed(scripted: ScriptedServer) -> None:
    echo = REASON | {"what": f"you sent {TOKEN}", "who": TOKEN[:9] + "\x1b" + TOKEN[9:]}
    scripted.behave(says(launch_allowed=False, blocked_reasons=[echo], severity_note=TOKEN, digest=f"x{TOKEN}"))
    for ended in (
        ask(at(scripted)),
        ask(at(scripted), "--token", TOKEN),
        ask(at(scripted), f"--token={TOKEN}"),
        ask(at(scripted), "--token-env", TOKEN),
        ask(at(scripted), "--json"),
    ):
        assert ended.code != YES
        assert TOKEN not in ended.out + ended.err
    answered = json.loads(ask(at(scripted), "--json").out)["answer"]
    assert (answered["severity_note"], answered["digest"]) == ("***", "x***")
    # A broken status line comes back in the words of the error.
    scripted.behave(lambda exchange: _status_line(exchange, f"HTTP/9 {TOKEN}"))
    ended = ask(at(scripted))
    assert (ended.code, TOKEN in ended.err) == (UNKNOWN, False)


def _status_line(exchange: Exchange, line: str) -> None:
    exchange.close_connection = True
    exchange.wfile.write(f"{line}\r\n\r\n".encode())


def test_nothing_commands_the_terminal_or_the_runner(scripted: ScriptedServer) -> None:
    hostile = "\x1b[2J\x1b]0;pwned\x07 a\u202eb\u200b\x9b1m \r\n::set-output name=x::y\u2028##[add-mask]x ###[x]"
    scripted.behave(says(launch_allowed=False, blocked_reasons=[REASON | {"what": hostile}], severity_note=hostile))
    ended = ask(at(scripted))
    assert ended.code == NO
    assert not [one for one in ended.out if one != "\n" and not one.isprintable()]
    assert not [line for line in ended.out.splitlines() if line.strip().startswith("::")]
    assert "##" not in ended.out
    assert len(ended.out.splitlines()) == 3
    as_json = ask(at(scripted), "--json").out
    assert (as_json.isascii(), "##" in as_json, "\x1b" in as_json, "\x7f" in as_json) == (True, False, False, False)
    assert json.loads(as_json)["answer"]["severity_note"] == hostile


def test_as_json(scripted: ScriptedServer) -> None:
    scripted.script([says(), says(launch_allowed=False, blocked_reasons=[REASON]), server_of.html()])
    found = [json.loads(ask(at(scripted), "--json").out) for _ in range(3)]
    assert [one["verdict"] for one in found] == ["yes", "no", "unknown"]
    assert found[1]["answer"]["blocked_reasons"] == [REASON]
    assert (found[2]["answer"], "no gate" in found[2]["problem"]) == (None, True)


def test_a_yes_that_cannot_be_told_is_no_yes(scripted: ScriptedServer) -> None:
    scripted.behave(says())
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no device here that is always full")
    with full.open("w") as nowhere:
        ended = ask(at(scripted), stdout=nowhere)
        assert (ended.code, "OSError" in ended.err) == (UNKNOWN, True)
        assert ask(at(scripted), stdout=nowhere, stderr=nowhere).code == UNKNOWN


def test_a_log_that_knows_ascii_alone(scripted: ScriptedServer) -> None:
    scripted.behave(says(launch_allowed=False, blocked_reasons=[REASON | {"what": "كشوف خاطئة"}]))
    ended = ask(at(scripted), env={"PYTHONIOENCODING": "ascii"})
    assert (ended.code, "\\u0643" in ended.out) == (NO, True)


def test_it_needs_python_3_9_and_nothing_else() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 9))
    names = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {one.partition(".")[0] for one in names} <= sys.stdlib_module_names


@pytest.mark.usefixtures("committed")
def test_against_the_portal_itself(served: LiveServer, token_of: Callable[..., str]) -> None:
    world.well()
    env = {"PORTAL_TOKEN": token_of("vera")}

    def asked(release: str = "R-2026.12", to: str = "staging", **other: str) -> tuple[int, str]:
        ended = run("--url", served.url, "--release", release, "--to", to, env=env | other)
        return ended.code, ended.out + ended.err

    code, words = asked()
    assert (code, "R-2026.12 may be promoted to staging" in words) == (YES, True)
    assert asked("r-2026.12")[0] == YES
    incident = world.trouble(Level.V3)
    code, words = asked()
    assert (code, "R-2026.12 may NOT be promoted to staging" in words) == (NO, True)
    assert f"blocks: {incident.human_id} V3 is not resolved" in words
    assert f"{served.url}/incidents/{incident.human_id}/" in words
    for wrong, status in (
        (asked("R-none"), 404),
        (asked(to="moon"), 422),
        (asked(PORTAL_TOKEN="0" * 64), 401),
    ):
        assert (wrong[0], f"HTTP {status}" in wrong[1]) == (UNKNOWN, True), wrong
