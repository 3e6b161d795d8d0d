"""Notices told in rooms of a chat, by the real Apprise at a real server: guarded, bounded, logged without the secret."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from portal.operations.services import database_now
from portal.outbound import borrowed
from portal.outbox import chat, delivery, rooms
from portal.outbox.models import ChatRoom, Delivery, OutboxEvent
from portal.outbox.rooms import Room
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from tests.changes.deciding import refusal
from tests.outbox.notices import pauses_pass
from tests.people import actor

pytestmark = pytest.mark.django_db
TOKEN = "4yheu7ox4tuhr8dhe7bn3k9y2r"


class Chat:
    """Enough of Mattermost's incoming webhooks: notes each message, answers as told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.location = ""
        self.drips = False
        self.end = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.paths.append(self.path)
                outer.messages.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("location", outer.location)
                self.send_header("content-length", "1000000" if outer.drips else "0")
                self.end_headers()
                while outer.drips and not outer.end.wait(0.2):
                    self.wfile.write(b".")

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args: Any) -> None:
                """A client that went away is expected here."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"mmost://127.0.0.1:{self.server.server_port}/{TOKEN}"

    def close(self) -> None:
        self.end.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mattermost(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    server = Chat()
    monkeypatch.setenv("CREDENTIAL_ROOM", server.address)
    yield server
    server.close()


@pytest.fixture
def room() -> ChatRoom:
    return rooms.add_room(actor=actor("adam"), name="ops", room=Room("env:CREDENTIAL_ROOM"), now=database_now())


def tell(lines: tuple[str, ...] = ()) -> None:
    OutboxEvent.objects.create(
        topic="incident.told", subject="V1: 2 incidents of CRM", payload={"url": "/incidents/", "lines": list(lines)},
        dedup_key="told:1", broadcast=False, receivers=[{"channel": "chat", "receiver": "ops"}],
    )  # fmt: skip


def test_a_notice_is_told_in_its_room_once(mattermost: Chat, room: ChatRoom) -> None:
    tell(("INC-1 V1 opened: Late", "INC-2 V1 opened: Stalled"))
    delivery.tick()
    delivery.tick()
    (message,) = mattermost.messages
    for words in ("V1: 2 incidents of CRM", "INC-2 V1 opened: Stalled", "/incidents/"):
        assert words in message["text"]
    assert mattermost.paths == [f"/hooks/{TOKEN}"]
    done = Delivery.objects.get()
    assert (done.channel, done.lane, done.delivered_at is not None) == ("chat", "chat:ops", True)


def test_a_test_goes_to_this_room_alone(mattermost: Chat, room: ChatRoom) -> None:
    rooms.send_test(actor=actor("adam"), name="ops", now=database_now())
    delivery.tick()
    assert "A test, sent by adam" in mattermost.messages[0]["text"]


def test_a_room_in_trouble_is_tried_again_and_its_error_tells_no_secret(mattermost: Chat, room: ChatRoom) -> None:
    mattermost.status = 500
    tell()
    delivery.tick()
    late = Delivery.objects.get()
    assert (late.delivered_at, late.attempts) == (None, 1)
    assert "500" in late.last_error
    assert TOKEN not in late.last_error
    mattermost.status = 200
    pauses_pass()
    delivery.tick()
    assert Delivery.objects.get().delivered_at is not None


def test_the_guard_judges_where_the_library_connects(mattermost: Chat, room: ChatRoom, settings: Any) -> None:
    settings.OUTBOUND_ALLOW = []
    tell()
    delivery.tick()
    assert mattermost.messages == []
    assert "not an address of the public internet" in Delivery.objects.get().last_error


def test_redirects_lead_nowhere(mattermost: Chat, room: ChatRoom) -> None:
    mattermost.status, mattermost.location = 307, f"http://127.0.0.1:{mattermost.server.server_port}/elsewhere"
    tell()
    delivery.tick()
    assert mattermost.paths == [f"/hooks/{TOKEN}"]
    assert Delivery.objects.get().delivered_at is None


def test_an_answer_that_never_ends_ends_with_the_time(
    mattermost: Chat, room: ChatRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "TOTAL_SECONDS", 1.0)
    mattermost.drips = True
    tell()
    began = time.monotonic()
    delivery.tick()
    assert time.monotonic() - began < 4
    assert Delivery.objects.get().last_error == "The service did not answer within 1 s."


def test_what_is_sent_without_the_guard_is_as_it_was(mattermost: Chat) -> None:
    requests.post(f"http://127.0.0.1:{mattermost.server.server_port}/plain", json={"a": 1}, timeout=5)
    assert mattermost.paths == ["/plain"]
    assert getattr(borrowed._current, "sending", None) is None


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("json://127.0.0.1:9/secret-token", "names no service that may be spoken to"),
        ("mailto://user:secret-token@example.com", "names no service that may be spoken to"),
        ("secret-token", "names no service that may be spoken to"),
        ("slack://", "no complete address"),
        ("", "is not set or empty"),
    ],
)
def test_an_address_that_will_not_do_is_told_without_it(
    room: ChatRoom, monkeypatch: pytest.MonkeyPatch, address: str, says: str
) -> None:
    monkeypatch.setenv("CREDENTIAL_ROOM", address)
    tell()
    delivery.tick()
    error = Delivery.objects.get().last_error
    assert says in error
    assert "secret-token" not in error


def test_no_part_of_an_address_is_left_in_an_error() -> None:
    address = "slack://botname@T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?token=abcdef%20ghi"
    said = f"{address} T1JJ3T3L2 A1BRTD4JD TIiajkdnlazkcOXrIdevi7FQ abcdef ghi botname"
    assert set(chat.without_secrets(said, address)) <= set("… ")


def test_a_room_that_is_off_hears_nothing_more(mattermost: Chat, room: ChatRoom) -> None:
    tell()
    rooms.change_room(
        actor=actor("adam"), name="ops", room=Room("env:CREDENTIAL_ROOM", active=False), now=database_now()
    )
    delivery.tick()
    assert mattermost.messages == []
    assert "switched off" in Delivery.objects.get().last_error
    refusal(Conflict, rooms.send_test, actor=actor("adam"), name="ops", now=database_now())


def test_who_may_and_what_is_a_room() -> None:
    def add(who: str = "adam", name: str = "ops", reference: str = "env:CREDENTIAL_ROOM") -> Callable[..., Any]:
        return lambda **told: rooms.add_room(actor=actor(who), name=name, room=Room(reference), now=database_now())

    for who in ("amal", "omar", "yusuf", "vera"):
        refusal(Forbidden, add(who))
    for name in ("", "new", "Ops", "a" * 61, "a--b", "a\x00"):
        assert refusal(Invalid, add(name=name)).problems[0].path == "name"
    for reference in ("", f"mmost://chat/{TOKEN}", "env:SECRET_KEY", "file:../x"):
        assert refusal(Invalid, add(reference=reference)).problems[0].path == "url_ref"
    add()()
    assert refusal(Conflict, add()).problems[0].code == "taken"
    refusal(
        Missing, rooms.change_room, actor=actor("adam"), name="no", room=Room("env:CREDENTIAL_X"), now=database_now()
    )
