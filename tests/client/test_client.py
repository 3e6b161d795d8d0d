"""The helper against the portal over a socket: download, ETag, cache, report."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from portal_client import EventClient, Outcome, RefusedError
from portal_client.judging import Reason
from pytest_django.live_server_helper import LiveServer

from events.models import QuarantinedEvent, RefusedEvents
from tests.client.test_judging import event
from tests.events.registering import changed, family, family_document, signed, version
from tests.events.test_registry import with_field

pytestmark = pytest.mark.usefixtures("committed")
BAD = event(data={"order_id": 5, "secret": "4111"}, event_id="e-bad")


@pytest.fixture
def client(served: LiveServer, token_of: Callable[..., str], tmp_path: Path) -> EventClient:
    family()
    version()
    return EventClient(served.url, token_of("amal"), cache=tmp_path / "schemas.json")


def test_it_downloads_once_and_asks_by_etag_afterwards(client: EventClient) -> None:
    assert client.refresh() is True
    assert client.refresh() is False
    client.check(event())
    signed(changed(family_document(envelope={"required": [], "tenants": ["other"], "sources": []})))
    client.check(event())
    assert client.refresh() is True
    with pytest.raises(RefusedError, match="tenant_id"):
        client.check(event())


def test_without_any_schema_nothing_is_let_through(client: EventClient) -> None:
    with pytest.raises(LookupError, match="refresh"):
        client.check(event())


def test_it_starts_from_its_cache_when_the_portal_is_away(client: EventClient, tmp_path: Path) -> None:
    client.refresh()
    away = EventClient("http://127.0.0.1:9", "none", cache=tmp_path / "schemas.json", timeout=1)
    away.check(event())
    with pytest.raises(URLError):
        away.refresh()
    away.check(event())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tag": "x", "bundle": {"format": 9}}', '{"tag": "x", "bundle": []}'])
def test_a_broken_cache_is_no_cache(text: str, tmp_path: Path) -> None:
    (tmp_path / "schemas.json").write_text(text)
    with pytest.raises(LookupError):
        EventClient("http://127.0.0.1:9", "none", cache=tmp_path / "schemas.json").judge(event())


def test_refusals_are_counted_and_reported_without_values(client: EventClient) -> None:
    client.refresh()
    for _time in range(7):
        assert not client.judge(BAD).accepted
    assert client.report() == 7
    assert client.report() == 0
    found = RefusedEvents.objects.get()
    assert (found.family, found.version, found.seen) == ("order-placed", "1.0.0", 7)
    samples = QuarantinedEvent.objects.all()
    assert [(one.event_id, one.event) for one in samples] == [("e-bad", None)] * 5
    assert "4111" not in json.dumps([str(found), found.place, found.rule])


def test_what_json_cannot_carry_does_not_lose_the_report(client: EventClient) -> None:
    client.refresh()
    client.judge(BAD | {"event_id": "a\0\ud800", "source": 5})
    assert client.report() == 1
    assert QuarantinedEvent.objects.get().event_id == "a?"


def test_a_report_that_was_lost_on_the_way_back_counts_once(
    client: EventClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.refresh()
    client.judge(BAD)
    real = client._ask

    def cut(*given: Any) -> Any:
        real(*given)
        raise URLError("cut on the way back")

    monkeypatch.setattr(client, "_ask", cut)
    with pytest.raises(URLError):
        client.report()
    monkeypatch.undo()
    client.judge(BAD)
    assert client.report() == 1
    assert client.report() == 1
    assert RefusedEvents.objects.get().seen == 2


def test_a_version_that_it_does_not_know_makes_it_ask_once_in_a_while(
    client: EventClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.refresh()
    asked: list[Any] = []
    real = client._ask

    def ask(*given: Any) -> Any:
        asked.append(given)
        return real(*given)

    monkeypatch.setattr(client, "_ask", ask)
    version("1.1.0", with_field())
    newer = event(schema_version="1.1.0", data={"order_id": "1", "note": "x"})
    client.check(newer)
    client.check(newer)
    for _time in range(3):
        assert not client.judge(event(schema_version="7.0.0")).accepted
    assert len(asked) == 1, "not again so soon"


def test_of_many_threads_with_an_unknown_version_one_asks_and_all_accept(client: EventClient) -> None:
    client.refresh()
    version("1.1.0", with_field())
    newer = event(schema_version="1.1.0", data={"order_id": "1", "note": "x"})
    with ThreadPoolExecutor(8) as pool:
        assert {one.accepted for one in pool.map(client.judge, [newer] * 8)} == {True}


def test_a_tenant_that_came_later_is_asked_for(client: EventClient) -> None:
    policy = {"required": [], "tenants": ["other"], "sources": []}
    signed(changed(family_document(envelope=policy)))
    client.refresh()
    signed(changed(family_document(envelope=policy | {"tenants": ["other", "retail"]})))
    client.check(event())


def test_a_cache_that_cannot_be_written_stops_nothing(served: LiveServer, token_of: Callable[..., str]) -> None:
    family()
    version()
    client = EventClient(served.url, token_of("amal"), cache="/nowhere/schemas.json")
    assert client.refresh()
    client.check(event())


def test_the_largest_report_is_taken(client: EventClient) -> None:
    client.refresh()
    for number in range(400):
        for _time in range(5):
            client._count(
                Outcome(False, False, (), Reason("order-placed", "1.0.0", f"/data/{number}", "type")),
                {"event_id": "😀" * 300, "source": '"' * 300},
            )
    assert client.report() == 2_000


def test_counting_never_waits_for_a_report_that_hangs(client: EventClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.refresh()
    client.judge(BAD)
    begun, go = threading.Event(), threading.Event()

    def hang(*_given: Any) -> Any:
        begun.set()
        go.wait(20)
        raise URLError("gone")

    monkeypatch.setattr(client, "_ask", hang)

    def report() -> None:
        with suppress(URLError):
            client.report()

    thread = threading.Thread(target=report)
    thread.start()
    assert begun.wait(5)
    before = time.monotonic()
    client.judge(BAD)
    assert time.monotonic() - before < 5
    go.set()
    thread.join()


def test_a_wrong_token_is_told(served: LiveServer) -> None:
    with pytest.raises(HTTPError, match="401"):
        EventClient(served.url, "nonsense").refresh()


def test_in_the_background_it_refreshes_and_reports(client: EventClient) -> None:
    with client.refreshing(seconds=60):
        client.check(event())
        client.judge(BAD)
    assert RefusedEvents.objects.get().seen == 1


def test_it_needs_nothing_but_the_standard_library_and_jsonschema_rs() -> None:
    import ast
    import sys

    import portal_client

    names = set()
    for path in Path(str(portal_client.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {one.name.split(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"jsonschema_rs", "portal_client"}
