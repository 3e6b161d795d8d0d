"""The picture: lanes that never mix, bounds, hostile names, the forms that it is taken away in."""

import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from connectors.diagram import mermaid, picture
from connectors.diagram.drawing import WIDTH, draw
from connectors.diagram.picture import MOST_CONNECTORS, MOST_EDGES, MOST_NODES, SYNC, TOOL, Row, host_of, lanes
from portal.registry.models import EntryState
from tests.documents import data_movement_document, runtime_tool_document
from tests.people import team
from tests.registering import apply_connector

WORDS = {
    "decision": "Decision plane", "execution": "Execution plane", "agent": "Agent", "runtime_tool": "Runtime tool",
    "server": "Server", "system": "Source", "data_movement": "Data movement", "dataset": "Dataset",
    "more": "%(n)d more", "many": "%(n)d connectors",
}  # fmt: skip
HOSTILE = [
    "</text><script>alert(1)</script>", 'a"]; click x href "javascript:alert(1)"', "]]>", "<!--", "&amp;&#x0;",
    "end", "subgraph x", "a --> b", "`bold`", "%%{init: {}}%%", "\x01\x0b\ufffe", "a\nb\r\nc", "‮evil", "عميل",
    "😀" * 40, "x" * 500, "#quot;", "{{ settings.SECRET_KEY }}", "{% load x %}", ";;", "",
]  # fmt: skip
ROWS = st.builds(
    Row, number=st.just("RT-001"), key=st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True), name=st.text(max_size=20),
    kind=st.sampled_from([TOOL, SYNC]), state=st.sampled_from(["active", "deprecated"]), owner=st.sampled_from("abc"),
    owner_name=st.text(max_size=9), address=st.just("/tools/x/"), before=st.lists(st.text(max_size=6), max_size=4).map(tuple),
    after=st.text(max_size=9), facade=st.text(max_size=9),
)  # fmt: skip
UNHURRIED = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)


def row(number: int, kind: str = TOOL, **given: Any) -> Row:
    told: dict[str, Any] = {
        "number": f"RT-{number:03d}", "key": f"c{number}", "name": f"Connector {number}", "kind": kind, "state": "active",
        "owner": f"team-{number % 7}", "owner_name": f"Team {number % 7}", "address": f"/tools/c{number}/",
        "before": (f"agent-{number % 5}",), "after": f"host-{number % 3}", "facade": "facades.crm",
    }  # fmt: skip
    return Row(**told | given)


@UNHURRIED
@given(st.lists(ROWS, max_size=90, unique_by=lambda one: one.key))
def test_no_node_and_no_edge_is_of_both_planes(rows: list[Row]) -> None:
    decision, execution = lanes(rows)
    assert {one.kind for one in decision.nodes} <= {"agent", TOOL, "server"}
    assert {one.kind for one in execution.nodes} <= {"system", SYNC, "dataset"}
    ids = [{one.id for one in lane.nodes} for lane in (decision, execution)]
    assert not ids[0] & ids[1]
    for lane, own in zip((decision, execution), ids, strict=True):
        assert len(own) == len(lane.nodes)
        assert {name for edge in lane.edges for name in (edge.source, edge.target)} <= own
        column = {one.id: one.column for one in lane.nodes}
        assert all(column[edge.target] == column[edge.source] + 1 for edge in lane.edges)
    sheet = draw([decision, execution], WORDS)
    first, second = sheet.strips
    assert all(first.y <= box.y and box.y + 44 <= first.y + first.height < second.y for box in first.boxes)
    assert all(second.y <= box.y and box.y + 44 <= second.y + second.height <= sheet.height for box in second.boxes)


@UNHURRIED
@given(st.lists(ROWS, max_size=30, unique_by=lambda one: one.key), st.randoms())
def test_the_same_connectors_in_any_order_make_the_same_picture(rows: list[Row], chance: random.Random) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert lanes(shuffled) == lanes(rows)
    assert draw(lanes(shuffled), WORDS) == draw(lanes(rows), WORDS)


def test_many_connectors_are_grouped_by_owner_and_nothing_is_left_out_unsaid() -> None:
    decision, execution = lanes([row(number) for number in range(1_500)] + [row(5_000, SYNC)])
    assert (decision.grouped, decision.connectors, decision.hidden) == (True, 1_500, 0)
    middle = [one for one in decision.nodes if one.column == 1]
    assert sum(one.count for one in middle) == 1_500
    assert middle[0].address == "/tools/?owner=team-0"
    assert not execution.grouped


def test_every_column_is_bounded_and_says_how_many_more_there_are() -> None:
    rows = [
        row(number, owner=f"team-{number}", before=(f"agent-{number}",), after=f"host-{number}")
        for number in range(900)
    ]
    decision, _execution = lanes(rows)
    for column in range(3):
        assert len([one for one in decision.nodes if one.column == column]) <= MOST_NODES
    assert decision.hidden == 900 - MOST_NODES
    few, _none = lanes(rows[:MOST_CONNECTORS])
    assert not few.grouped
    wide, _none = lanes([row(1, before=tuple(f"agent-{number}" for number in range(200)))])
    more = next(one for one in wide.nodes if one.id.endswith("more"))
    assert more.count == 200 - (MOST_NODES - 1)


def test_edges_are_bounded_where_everybody_calls_everything() -> None:
    agents = tuple(f"agent-{number}" for number in range(50))
    decision, _execution = lanes([row(number, before=agents) for number in range(MOST_CONNECTORS)])
    into = [edge for edge in decision.edges if edge.target.startswith("d1")]
    assert len(into) <= MOST_EDGES + MOST_CONNECTORS
    assert sum(max(one.count, 1) for one in decision.nodes if one.column == 0) == 50


def test_to_the_right_becomes_to_the_left_where_people_read_so() -> None:
    found = lanes([row(1), row(2, SYNC)])
    plain, mirrored = draw(found, WORDS), draw(found, WORDS, mirrored=True)
    for one, other in zip(plain.strips, mirrored.strips, strict=True):
        for box, flipped in zip(one.boxes, other.boxes, strict=True):
            assert (flipped.x, flipped.y) == (WIDTH - box.x - 230, box.y)


GRAMMAR = [
    r"flowchart (?:LR|RL)", r'  subgraph (?:decision|execution)\["[^"\[\]{}<>`;]*"\]', r"    direction (?:LR|RL)", r"  end",
    r'    [de][012]_(?:\d+|more)(?:\(\[|\[\[|\[/|\[\(|\[)"(?:[^"\[\]{}()<>`;#&\\|]|#\d+;)*<br/>(?:[^"\[\]{}()<>`;#&\\|]|#\d+;)*"'
    r"(?:\]\)|\]\]|/\]|\)\]|\])",
    r"    [de][012]_(?:\d+|more) --> [de][012]_(?:\d+|more)",
    r"  classDef (?:runtime_tool|data_movement) [a-z0-9:,#-]+", r"  class [de1_0-9,]+ (?:runtime_tool|data_movement)",
    r'  click [de]1_\d+ href "https://portal\.example/[a-z0-9/?=_.-]*"',
]  # fmt: skip


def grammatical(text: str) -> None:
    for line in text.removesuffix("\n").split("\n"):
        assert any(re.fullmatch(one, line) for one in GRAMMAR), line


@UNHURRIED
@given(st.lists(ROWS, max_size=10, unique_by=lambda one: one.key))
def test_mermaid_text_keeps_to_its_grammar_whatever_names_say(rows: list[Row]) -> None:
    grammatical(mermaid.text(lanes(rows), WORDS, "https://portal.example"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_end_nothing_in_mermaid(name: str) -> None:
    rows = [
        row(1, name=name, before=(name,), after=name, facade=name),
        row(2, SYNC, name=name, before=(name,), after=name),
    ]
    text = mermaid.text(lanes(rows), WORDS, "https://portal.example")
    grammatical(text)
    assert text.count("\n  subgraph ") == text.count("\n  end\n") == 2


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [("https://user:pw@mcp.example.com:8443/x", "mcp.example.com:8443"), ("http://[::1]:9/mcp", "[::1]:9"),
     ("http://[bad", "http://[bad"), ("", "")],
)  # fmt: skip
def test_the_server_is_named_without_what_is_secret(endpoint: str, host: str) -> None:
    assert host_of(endpoint) == host


def test_what_xml_has_no_letter_for_is_replaced() -> None:
    assert picture.plain("a\x01b\x0b\ud800c\n d") == "a\ufffdb\ufffd\ufffdc d"


@pytest.fixture
def registered(db: None) -> None:
    apply_connector(
        runtime_tool_document("crm-lookup", {"name": "CRM <lookup> & more", "facade.module": "facades.crm"})
    )
    apply_connector(data_movement_document("ledger"))


def svg(client: Client, query: str = "") -> ET.Element:
    answer = client.get(f"/architecture/?format=svg{query}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    return ET.fromstring(answer.content.decode())


NS = "{http://www.w3.org/2000/svg}"


def test_the_file_is_whole_links_to_the_portal_and_loads_nothing(
    registered: None, client_of: Callable[[str], Client]
) -> None:
    tree = svg(client_of("vera"))
    assert [one.get("href") for one in tree.iter(f"{NS}a")] == [
        "http://127.0.0.1:8000/tools/crm-lookup/", "http://127.0.0.1:8000/syncs/ledger/"
    ]  # fmt: skip
    assert "CRM <lookup> & more" in "".join(tree.itertext())
    assert {one.tag.removeprefix(NS) for one in tree.iter()} <= {
        "svg",
        "g",
        "rect",
        "path",
        "text",
        "a",
        "title",
        "style",
    }
    assert not any(name.startswith("on") or name == "style" for one in tree.iter() for name in one.attrib)
    assert not re.search(r"@import|url\(|<script|javascript:", ET.tostring(tree, encoding="unicode"))
    lane = {one.get("class"): one for one in tree.iter(f"{NS}g") if (one.get("class") or "").startswith("lane-of")}
    assert "ledger" not in ET.tostring(lane["lane-of--decision"], encoding="unicode")
    assert "crm-lookup" not in ET.tostring(lane["lane-of--execution"], encoding="unicode")


@pytest.mark.parametrize("name", [one for one in HOSTILE if one.strip()])
def test_hostile_names_leave_the_file_and_the_page_whole(
    db: None, client_of: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rows = [row(1, name=name, before=(name,), after=name, facade=name, owner_name=name)]
    monkeypatch.setattr("connectors.diagram.page.rows", lambda **asked: rows)
    client = client_of("vera")
    assert picture.plain(name) in "".join(svg(client).itertext())
    page = client.get("/architecture/").content.decode()
    assert "<script>alert" not in page
    drawn = page[page.index('<svg class="diagram') : page.index("</svg>", page.index('<svg class="diagram')) + 6]
    ET.fromstring(drawn)


def test_the_page_shows_both_lanes_as_a_picture_and_as_tables(
    registered: None, client_of: Callable[[str], Client]
) -> None:
    page = client_of("vera").get("/architecture/").content.decode()
    assert page.count('href="/tools/crm-lookup/"') == 2
    assert page.count('href="/syncs/ledger/"') == 2
    decision, execution = (
        page[page.index(f'id="{one}-caption"') :].split("</table>")[0] for one in ("decision", "execution")
    )
    assert "support-agent" in decision
    assert "127.0.0.1:9" in decision
    assert "ledger" not in decision
    assert "Warehouse: raw.crm" in execution
    assert "support-agent" not in execution


def test_what_is_asked_for_is_drawn(registered: None, client_of: Callable[[str], Client]) -> None:
    client = client_of("vera")
    apply_connector(runtime_tool_document("old-tool"))
    apply_connector(runtime_tool_document("old-tool"), to_state=EntryState.RETIRED)
    team("other-team")
    assert "old-tool" not in client.get("/architecture/").content.decode()
    retired = client.get("/architecture/?state=retired").content.decode()
    assert "/tools/old-tool/" in retired
    assert "/tools/crm-lookup/" not in retired
    assert "No connector is like that" in client.get("/architecture/?owner=other-team").content.decode()
    assert client.get("/architecture/?owner=nobody").status_code == 422
    assert client.get("/architecture/?state=%3Cb%3E").status_code == 422


def test_an_empty_registry_teaches(db: None, client_of: Callable[[str], Client]) -> None:
    assert "Nothing is registered yet" in client_of("amal").get("/architecture/").content.decode()
    assert len(list(svg(client_of("amal")).iter(f"{NS}rect"))) == 2


def test_the_picture_reads_from_the_right_in_arabic(registered: None, client_of: Callable[[str], Client]) -> None:
    client = client_of("vera")
    client.cookies["language"] = "ar"
    tree = svg(client)
    assert tree.get("direction") == "rtl"
    boxes = {(one.get("class") or "").split()[1]: one.find(f"{NS}rect") for one in tree.iter(f"{NS}g")
             if (one.get("class") or "").startswith("box ")}  # fmt: skip
    assert (
        int(boxes["box--agent"].get("x"))
        > int(boxes["box--runtime_tool"].get("x"))
        > int(boxes["box--server"].get("x"))
    )
    assert client.get("/architecture/?format=mermaid").content.decode().startswith("flowchart RL")


def test_the_api_gives_the_same(
    registered: None, api_of: Callable[..., APIClient], client_of: Callable[[str], Client]
) -> None:
    api = api_of("vera")
    answer = api.get("/api/v1/architecture/").json()
    assert [(one["plane"], one["connectors"]) for one in answer["lanes"]] == [("decision", 1), ("execution", 1)]
    assert answer["svg"] == client_of("vera").get("/architecture/?format=svg").content.decode()
    assert answer["mermaid"] == client_of("vera").get("/architecture/?format=mermaid").content.decode()
    assert api.get("/api/v1/architecture/?state=gone").status_code == 422
    assert api.get("/api/v1/architecture/?owner=nobody").status_code == 422


def test_the_page_takes_few_queries(
    registered: None, client_of: Callable[[str], Client], django_assert_max_num_queries: Any
) -> None:
    client = client_of("vera")
    with django_assert_max_num_queries(12):
        assert client.get("/architecture/").status_code == 200
