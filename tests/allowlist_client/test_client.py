"""The client against the portal over a socket: whatever is not a fresh, signed yes is a no."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from portal_allowlist import AllowlistClient, Refused, ed25519
from portal_allowlist.bundles import Expected, keys_of, opened
from pytest_django.live_server_helper import LiveServer

from connectors.allowlist import bundle as bundles
from connectors.allowlist.keys import SigningKey, kid_of, shown_keys, signing_key, text64
from tests.connectors.allowlist.world import AGENT, READ, WRITE, document, line, quarantined, rewritten, tool
from tests.servers.scripted import Exchange, ScriptedServer, answer

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
ISSUER, JOSE = "https://portal.example.com", "application/jose"
INTEGRATION = Path(__file__).parents[2] / "integrations" / "portal_allowlist"


class Clock:
    """Two clocks that only move when told."""

    def __init__(self) -> None:
        self.wall, self.steady = time.time(), 1000.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture(params=["library", "python"])
def _both_ways(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(ed25519, "_by_library", None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


# A real portal.


@pytest.fixture
def make(
    committed: None, served: LiveServer, token_of: Callable[..., str], clock: Clock
) -> Iterator[Callable[..., Any]]:
    token, made = token_of("vera"), []

    def build(**more: Any) -> AllowlistClient:
        how: dict[str, Any] = {
            "url": served.url, "token": token, "agent": AGENT, "environment": "prod", "keys": shown_keys(),
            "issuer": "http://127.0.0.1:8000", "clock": lambda: clock.wall, "monotonic": lambda: clock.steady,
        } | more  # fmt: skip
        made.append(AllowlistClient(how.pop("url"), **how))
        return made[-1]

    yield build
    for one in made:
        one.close()


@pytest.mark.usefixtures("_both_ways")
def test_it_follows_the_portal(make: Callable[..., AllowlistClient]) -> None:
    connector = tool(document(allowlist=[line(READ, WRITE)]))
    client = make()
    assert client.may("crm-lookup", READ).reason == "no_allowlist"
    assert client.refresh(), client.problem
    assert client.may("crm-lookup", READ).allowed
    assert client.may("crm-lookup", "drop_tables").reason == "not_allowlisted"
    assert client.may("other", READ).reason == "not_allowlisted"
    first = client.bundle
    assert client.refresh()
    assert client.bundle is first, "unchanged"
    quarantined(connector)
    assert client.refresh(), client.problem
    assert [client.may("crm-lookup", one).allowed for one in (READ, WRITE)] == [False, True]
    rewritten(connector, allowlist=[])
    assert client.refresh()
    assert not client.may("crm-lookup", WRITE).allowed


def test_an_agent_that_nobody_names_may_nothing(make: Callable[..., AllowlistClient]) -> None:
    tool()
    client = make(agent="stranger")
    assert client.refresh()
    assert client.may("crm-lookup", READ).reason == "not_allowlisted"


def test_a_list_is_renewed_before_it_ends_and_refused_after(
    make: Callable[..., AllowlistClient], clock: Clock, settings: Any, served: LiveServer
) -> None:
    tool()
    client = make()
    assert client.refresh()
    held = client.bundle
    assert held is not None
    # The portal's own clock stands: it answers 304 for now, and that makes the list no younger.
    clock.pass_(600)
    assert client.refresh()
    assert client.may("crm-lookup", READ).allowed
    # With a quarter left, a new one is asked for whatever was said before; here it is of the same second or a later one.
    clock.pass_(100)
    assert client.refresh()
    assert client.bundle is not held
    clock.wall = held.expires + 29
    assert client.may("crm-lookup", READ).allowed, "within the skew"
    clock.wall = held.expires + 60
    assert client.may("crm-lookup", READ).reason == "stale"
    assert not client.refresh()
    assert "ended" in client.problem


def test_a_clock_that_is_set_back_makes_no_list_live_longer(make: Callable[..., AllowlistClient], clock: Clock) -> None:
    tool()
    client = make()
    assert client.refresh()
    clock.pass_(880)
    clock.wall -= 3600
    assert client.may("crm-lookup", READ).allowed
    clock.pass_(60)
    assert client.may("crm-lookup", READ).reason == "stale"
    assert not client.refresh()
    assert "future" in client.problem


def test_it_starts_from_its_file_while_the_portal_is_away(
    make: Callable[..., AllowlistClient], clock: Clock, tmp_path: Path
) -> None:
    tool()
    cache = tmp_path / "list.json"
    client = make(cache=cache)
    assert client.refresh()
    assert oct(cache.stat().st_mode & 0o777) == "0o600"
    assert [one.name for one in tmp_path.iterdir()] == ["list.json"]
    alone = make(cache=cache, url="http://127.0.0.1:9", timeout=1.0)
    assert alone.may("crm-lookup", READ).allowed
    assert not alone.refresh()
    assert alone.may("crm-lookup", READ).allowed, "a portal that is away takes nothing away before its time"
    clock.pass_(931)
    assert alone.may("crm-lookup", READ).reason == "stale"
    late = make(cache=cache, url="http://127.0.0.1:9", timeout=1.0)
    assert late.may("crm-lookup", READ).reason == "no_allowlist"
    other = make(cache=cache, agent="sales-agent")
    assert other.may("crm-lookup", READ).reason == "no_allowlist"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"bundle": 1, "etag": 2}', b"\xff" * 100, b"[" * 200_000, b"x" * 17_000_000],
)
def test_a_file_that_is_none_is_no_list(make: Callable[..., AllowlistClient], tmp_path: Path, content: bytes) -> None:
    tool()
    cache = tmp_path / "list.json"
    cache.write_bytes(content)
    client = make(cache=cache)
    assert client.may("crm-lookup", READ).reason == "no_allowlist"
    assert client.refresh()
    assert make(cache=cache).may("crm-lookup", READ).allowed, "mended"


def test_a_file_that_somebody_changed_is_no_list(make: Callable[..., AllowlistClient], tmp_path: Path) -> None:
    tool()
    cache = tmp_path / "list.json"
    assert make(cache=cache).refresh()
    kept = json.loads(cache.read_bytes())
    header, payload, signature = kept["bundle"].split(".")
    told = json.loads(base64.urlsafe_b64decode(payload + "=="))
    told["connectors"][0]["operations"].append({"name": WRITE})
    kept["bundle"] = f"{header}.{text64(json.dumps(told).encode())}.{signature}"
    cache.write_text(json.dumps(kept))
    assert not make(cache=cache).may("crm-lookup", WRITE).allowed


def test_in_the_background_a_change_arrives_by_itself(make: Callable[..., AllowlistClient]) -> None:
    connector = tool()
    with make(refresh=1.0) as client:
        assert client.may("crm-lookup", READ).allowed
        quarantined(connector)
        end = time.monotonic() + 20
        while client.may("crm-lookup", READ).allowed and time.monotonic() < end:
            time.sleep(0.1)
        assert client.may("crm-lookup", READ).reason == "not_allowlisted"


def test_a_child_process_renews_for_itself(make: Callable[..., AllowlistClient]) -> None:
    tool()
    with make(refresh=1.0) as client:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            client.may("crm-lookup", READ)
            names = [one.name for one in threading.enumerate()]
            os.write(writer, b"renews" if "allowlist" in names else b"does not")
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reader, 20) == b"renews"


def test_a_wrong_token_or_key_is_told(make: Callable[..., AllowlistClient]) -> None:
    tool()
    refused = make(token="wrong")
    assert not refused.refresh()
    assert "401" in refused.problem
    client = make(keys=[text64(OTHER.public_key().public_bytes_raw())])
    assert not client.refresh()
    assert "not pinned" in client.problem
    assert client.may("crm-lookup", READ).reason == "no_allowlist"


def test_a_key_takes_the_place_of_another_while_both_are_pinned(
    make: Callable[..., AllowlistClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    tool()
    new = SigningKey(kid_of(OTHER.public_key()), OTHER)
    client = make(keys=[*shown_keys(), text64(OTHER.public_key().public_bytes_raw())])
    assert client.refresh()
    monkeypatch.setattr("connectors.allowlist.api.signing_key", lambda: new)
    before = client.bundle
    assert client.refresh(), client.problem
    assert client.bundle is not before
    assert client.may("crm-lookup", READ).allowed


# A portal that lies.


def payload(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {
        "iss": ISSUER, "aud": AGENT, "agent": AGENT, "environment": "prod", "iat": now, "exp": now + 900, "revision": 7,
        "connectors": [{"key": "crm-lookup", "operations": [{"name": READ}]}],
    } | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not ...}


def jws(told: Any = None, header: Any = None, by: Ed25519PrivateKey = KEY) -> str:
    head = {"alg": "EdDSA", "kid": kid_of(KEY.public_key()), "typ": "portal-allowlist+jws"} | (header or {})
    head = {name: value for name, value in head.items() if value is not ...}
    raw = told if isinstance(told, bytes) else json.dumps(payload() if told is None else told).encode()
    said = f"{text64(json.dumps(head).encode())}.{text64(raw)}"
    return f"{said}.{text64(by.sign(said.encode()))}"


EXPECTED = Expected(ISSUER, AGENT, "prod", keys_of([text64(KEY.public_key().public_bytes_raw())]))


def lying(server: ScriptedServer, clock: Clock | None = None, **more: Any) -> AllowlistClient:
    own = {"clock": lambda: clock.wall, "monotonic": lambda: clock.steady} if clock else {}
    return AllowlistClient(
        f"http://127.0.0.1:{server.port}", token="t", agent=AGENT, environment="prod", issuer=ISSUER,
        keys=[text64(KEY.public_key().public_bytes_raw())], timeout=more.pop("timeout", 5.0), **own, **more,
    )  # fmt: skip


def test_the_form_is_that_of_the_portal(settings: Any) -> None:
    settings.PUBLIC_URL = ISSUER
    made: Any = {"agent": AGENT, "environment": "prod", "revision": 7, "connectors": payload()["connectors"]}
    token = bundles.signed(made, timezone.now(), SigningKey(kid_of(KEY.public_key()), KEY))
    assert opened(token, EXPECTED).calls == opened(jws(), EXPECTED).calls == {"crm-lookup": {READ}}


HMAC = jwt.encode(
    payload(),
    KEY.public_key().public_bytes_raw(),
    "HS256",
    {"kid": kid_of(KEY.public_key()), "typ": "portal-allowlist+jws"},
)
H, P, S = jws().split(".")
X_OF_OTHER = text64(OTHER.public_key().public_bytes_raw())
TWICE = json.dumps({"alg": "EdDSA", "kid": kid_of(KEY.public_key()), "typ": "JWT"}).encode()[:-1] + b', "typ": "JWT"}'
HOSTILE: dict[str, str] = {
    "nothing": "",
    "two parts": f"{H}.{P}",
    "four parts": f"{H}.{P}.{S}.",
    "no signature": f"{H}.{P}.",
    "alg none": jws(header={"alg": "none"}),
    "alg none without a signature": ".".join(jws(header={"alg": "none"}).split(".")[:2]) + ".",
    "alg None": jws(header={"alg": "None"}),
    "alg is missing": jws(header={"alg": ...}),
    "HS256 with the public key": HMAC,
    "HS256 in the header alone": jws(header={"alg": "HS256"}),
    "another typ": jws(header={"typ": "JWT"}),
    "no typ": jws(header={"typ": ...}),
    "crit": jws(header={"crit": ["exp"], "exp": 1}),
    "b64": jws(header={"b64": False}),
    "its own key": jws(header={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": X_OF_OTHER}}, by=OTHER),
    "address of a key": jws(header={"jku": "https://evil.example/keys"}),
    "another kid": jws(header={"kid": "x"}),
    "kid is a list": jws(header={"kid": [kid_of(KEY.public_key())]}),
    "kid is a number": jws(header={"kid": 1}),
    "no kid": jws(header={"kid": ...}),
    "another key": jws(by=OTHER),
    "large header": jws(header={"kid": "x" * 2000}),
    "deep header": f"{text64(b'[' * 700)}.{P}.{S}",
    "header twice": f"{text64(TWICE)}.{P}.{S}",
    "padding": f"{H}.{P}.{S}==",
    "blank": f"{H}.{P}.{S}\n",
    "other last letter": f"{H}.{P}.{S[:-1]}{chr(ord(S[-1]) + 1)}",
    "standard alphabet": f"{H}.{P}.{S[:-2]}+/",
    "letters of others": f"{H}.{P}.{S[:-2]}٣٤",
    "payload is a list": jws([]),
    "payload is no JSON": jws(b"{"),
    "payload is deep": jws(b"[" * 100_000),
    "payload is not UTF-8": jws(b"\xff\xff"),
    "payload with a name twice": jws(json.dumps(payload()).encode()[:-1] + b', "agent": "support-agent"}'),
    "payload with NaN": jws(payload(iat=float("nan"))),
    "another agent": jws(payload(aud="sales-agent", agent="sales-agent")),
    "another audience": jws(payload(aud="sales-agent")),
    "an agent alone": jws(payload(agent="sales-agent")),
    "audience is a list": jws(payload(aud=[AGENT])),
    "another environment": jws(payload(environment="dev")),
    "no environment": jws(payload(environment=...)),
    "another issuer": jws(payload(iss="https://portal.example.com.evil")),
    "no issuer": jws(payload(iss=...)),
    "no end": jws(payload(exp=...)),
    "end is a text": jws(payload(exp="9999999999")),
    "end is true": jws(payload(exp=True)),
    "end is a fraction": jws(payload(exp=time.time() + 900.5)),
    "an end for ever": jws(payload(exp=2**62)),
    "a life of two days": jws(payload(exp=int(time.time()) + 2 * 86400)),
    "an end before its begin": jws(payload(exp=int(time.time()) - 1)),
    "ended": jws(payload(iat=int(time.time()) - 2000, exp=int(time.time()) - 1100)),
    "of the future": jws(payload(iat=int(time.time()) + 600, exp=int(time.time()) + 1500)),
    "no revision": jws(payload(revision=...)),
    "revision below nothing": jws(payload(revision=-1)),
    "no connectors": jws(payload(connectors=...)),
    "connectors are an object": jws(payload(connectors={})),
    "a connector is a text": jws(payload(connectors=["crm-lookup"])),
    "a connector twice": jws(payload(connectors=payload()["connectors"] * 2)),
    "operations are texts": jws(payload(connectors=[{"key": "crm-lookup", "operations": [READ]}])),
    "a name is a number": jws(payload(connectors=[{"key": "crm-lookup", "operations": [{"name": 1}]}])),
    "a name is a list": jws(payload(connectors=[{"key": ["crm-lookup"], "operations": []}])),
}  # fmt: skip


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_not_exactly_a_signed_list_is_refused(scripted: ScriptedServer, what: str) -> None:
    scripted.behave(answer(jws(), 200, JOSE))
    client = lying(scripted)
    assert client.refresh(), client.problem
    held = client.bundle
    scripted.behave(answer(HOSTILE[what].encode(), 200, JOSE))
    assert not client.refresh(), what
    assert client.problem
    assert client.bundle is held, "the one at hand stays"
    fresh = lying(scripted)
    assert not fresh.refresh()
    assert fresh.may("crm-lookup", READ).reason == "no_allowlist"


def slowly(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/jose\r\nContent-Length: 100000\r\n\r\n")
    while exchange.pause(0.05):
        exchange.wfile.write(b"a")
        exchange.wfile.flush()


def slow_headers(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while exchange.pause(0.05):
        exchange.wfile.write(b"X-A: a\r\n")
        exchange.wfile.flush()


def huge(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/jose\r\nConnection: close\r\n\r\n")
    for _ in range(400):
        exchange.wfile.write(b"a" * 1_000_000)


def cut(exchange: Exchange) -> None:
    text = jws().encode()
    exchange.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/jose\r\nContent-Length: %d\r\n\r\n" % (len(text) + 9)
    )
    exchange.wfile.write(text)
    exchange.close_connection = True


def no_http(exchange: Exchange) -> None:
    exchange.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    exchange.close_connection = True


def gone(exchange: Exchange) -> None:
    exchange.close_connection = True


def redirected(exchange: Exchange) -> None:
    exchange.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")


ANSWERS = {
    "json": answer(jws(), 200, "application/json"), "html": answer("<html>", 200, "text/html"), "500": answer("no", 500, JOSE),
    "304 unasked": answer("", 304, JOSE), "204": answer("", 204, JOSE), "201": answer(jws(), 201, JOSE),
    "slowly": slowly, "slow headers": slow_headers, "huge": huge, "cut": cut, "no http": no_http, "gone": gone,
    "redirected": redirected, "not ascii": answer("é", 200, JOSE),
}  # fmt: skip


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_that_is_lost_or_none_is_survived(scripted: ScriptedServer, what: str) -> None:
    scripted.behave(ANSWERS[what])
    client = lying(scripted, timeout=1.0)
    begun = time.monotonic()
    assert not client.refresh()
    assert time.monotonic() - begun < 5
    assert client.problem
    assert client.may("crm-lookup", READ).reason == "no_allowlist"
    scripted.behave(answer(jws(), 200, JOSE))
    assert client.refresh(), client.problem
    scripted.behave(ANSWERS[what])
    client.refresh()
    assert client.may("crm-lookup", READ).allowed


def test_nothing_older_than_what_was_seen_is_taken(scripted: ScriptedServer) -> None:
    client, now = lying(scripted), int(time.time())
    scripted.behave(answer(jws(payload(iat=now - 10, exp=now + 890, revision=7)), 200, JOSE))
    assert client.refresh()
    for older in (payload(iat=now - 11, exp=now + 889), payload(iat=now, exp=now + 900, revision=6)):
        scripted.behave(answer(jws(older), 200, JOSE))
        assert not client.refresh()
        assert "older" in client.problem
    scripted.behave(answer(jws(payload(iat=now - 10, exp=now + 890, revision=8, connectors=[])), 200, JOSE))
    assert client.refresh()
    assert not client.may("crm-lookup", READ).allowed


def test_unchanged_makes_no_list_live_longer(scripted: ScriptedServer, clock: Clock) -> None:
    scripted.behave(answer(jws(), 200, JOSE, ETag='"1"'))
    client = lying(scripted, clock)
    assert client.refresh()
    scripted.behave(answer("", 304, JOSE))
    for _ in range(20):
        clock.pass_(60)
        client.refresh()
    assert client.may("crm-lookup", READ).reason == "stale"
    sent = ["if-none-match" in one.headers for one in scripted.requests]
    # With a quarter of its life left, only a new one would do.
    assert sent[1:12] == [True] * 11
    assert not any(sent[13:])


@pytest.mark.parametrize(
    "wrong",
    [{"keys": []}, {"keys": ["x"]}, {"keys": [text64(bytes(32))]}, {"keys": [{"kty": "RSA", "x": "AA"}]}, {"token": ""},
     {"token": "a b"}, {"token": "a\r\nX: y"}, {"url": "http://portal.example.com"}, {"url": "ftp://x"}, {"url": "https://"},
     {"url": "https://user@portal.example.com"}, {"url": "portal.example.com"}],
    ids=str,
)  # fmt: skip
def test_a_client_that_could_not_be_safe_is_not_made(wrong: dict[str, Any]) -> None:
    how: dict[str, Any] = {"url": ISSUER, "token": "t", "agent": AGENT, "environment": "prod",
           "keys": [text64(KEY.public_key().public_bytes_raw())]} | wrong  # fmt: skip
    with pytest.raises(ValueError):
        AllowlistClient(how.pop("url"), **how)


def test_it_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    """In a process without site-packages it verifies in Python, and takes and refuses the same."""
    script = tmp_path / "run.py"
    key = text64(KEY.public_key().public_bytes_raw())
    script.write_text(
        f"import sys; sys.path.insert(0, {str(INTEGRATION)!r})\n"
        "from portal_allowlist.bundles import Expected, Refused, keys_of, opened\n"
        "from portal_allowlist import AllowlistClient, ed25519\n"
        "assert ed25519._by_library is None\n"
        f"expected = Expected({ISSUER!r}, {AGENT!r}, 'prod', keys_of([{key!r}]))\n"
        "good, bad = sys.argv[1:]\n"
        "print(dict(opened(good, expected).calls))\n"
        "try:\n    opened(bad, expected)\nexcept Refused as refused:\n    print(refused)\n"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-S", str(script), jws(), jws(by=OTHER)], capture_output=True, text=True, check=True
    )
    assert told.stdout == "{'crm-lookup': frozenset({'lookup_customer'})}\nthe signature is not by the portal's key\n"
    with pytest.raises(Refused):
        opened(jws(by=OTHER), EXPECTED)


def test_the_key_of_the_portal_is_one_that_can_be_pinned() -> None:
    assert list(keys_of(shown_keys())) == [signing_key().kid]
