"""The graph: what is declared, what was seen, what each edge is worth; datasets; the page."""

import re
from datetime import timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest

from metrics.lineage.drawing import WIDE, draw, layers
from metrics.lineage.graph import Edge, Graph, Node, around, parse_focus
from metrics.models import LineageEdge, LineageNode
from portal.operations.services import database_now
from portal.refusals import Invalid, Missing
from portal.registry import kinds
from tests.documents import runtime_tool_document
from tests.events.registering import family, signed
from tests.metrics.deciding import choice, decision, submitted
from tests.metrics.lineage.telling import INPUT, OUTPUT, STORE, bound, dataset, dataset_document, event, tell
from tests.metrics.registering import changed, metric, metric_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
MOVE = "orders-to-warehouse"


def states(focus: str = "", depth: int = 4) -> dict[tuple[str, str], str]:
    """Every edge around a focus with its state."""
    found = around(focus, depth=depth, now=database_now())
    return {(one.source.name, one.target.name): one.state for one in found.edges}


def refused(document: dict[str, Any], **draft: Any) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        submitted("dataset", document, **draft)
    return {(problem.path, problem.code) for problem in caught.value.problems}


def test_from_a_data_movement_to_a_dashboard() -> None:
    bound()
    family()
    signed(changed(metric_document(dashboards=[{"name": "Board", "address": ""}])))
    dataset(written_by=[MOVE], events=["order-placed"], metrics=["revenue_sar"])
    out = OUTPUT["name"]
    assert states() == {
        (MOVE, out): "declared", (out, "order-placed"): "declared", (out, "revenue_sar"): "declared",
        ("revenue_sar", "Board"): "declared",
    }  # fmt: skip
    tell(event(at=database_now().isoformat()))
    assert states()[MOVE, out] == "proven"
    assert states()[INPUT["name"], MOVE] == "undeclared"
    LineageEdge.objects.exclude(seen_at=None).update(seen_at=database_now() - timedelta(days=8))
    assert (states()[MOVE, out], states()[INPUT["name"], MOVE]) == ("stale", "undeclared")
    tell(event(run=2, at=database_now().isoformat()))
    assert states()[MOVE, out] == "proven"


def test_what_is_not_declared_any_more_is_gone_unless_it_was_seen() -> None:
    bound()
    metric()
    dataset(written_by=[MOVE], metrics=["revenue_sar"])
    tell(event(at=database_now().isoformat()))
    dataset(description="Nothing is declared.")
    assert states() == {(MOVE, OUTPUT["name"]): "undeclared", (INPUT["name"], MOVE): "undeclared"}
    dataset(written_by=[MOVE], metrics=["revenue_sar"])
    signed(submitted("dataset", dataset_document(written_by=[MOVE], metrics=["revenue_sar"]), to_state="retired"))
    assert (OUTPUT["name"], "revenue_sar") not in states()


def test_a_change_of_a_metric_leaves_what_leads_to_it() -> None:
    metric()
    dataset(metrics=["revenue_sar"])
    signed(changed(metric_document(description="Said better.", dashboards=[{"name": "Board", "address": ""}])))
    assert set(states("metric:revenue_sar")) == {(OUTPUT["name"], "revenue_sar"), ("revenue_sar", "Board")}


def test_a_dataset_names_what_there_is() -> None:
    apply_connector(runtime_tool_document())
    tool = runtime_tool_document()["key"]
    assert refused(dataset_document(written_by=["nothing", tool], events=["nope"], metrics=["none_sar"])) == {
        ("written_by", "unknown_connector"), ("written_by", "other_kind"), ("events", "unknown_key"), ("metrics", "unknown_key"),
    }  # fmt: skip
    dataset()
    assert refused(dataset_document(namespace="elsewhere")) == {("namespace", "fixed")}
    assert ("dataset", "dataset_once") in refused(dataset_document(key="the-same"))


def test_how_strict_the_columns_are_decides_who_signs() -> None:
    def named(*classes: str) -> dict[str, Any]:
        columns = [{"name": f"c{at}", "classification": one} for at, one in enumerate(classes)]
        return dataset_document(columns=columns)

    assert [kinds.get("dataset").floor(kinds.get("dataset").check(named(*one))[0]).sensitivity
            for one in (["public"], ["public", "internal"], ["internal", "personal"], ["regulated"])] == [0, 1, 2, 3]  # fmt: skip
    assert submitted("dataset", dataset_document(key="unknown-columns", dataset="x", columns=[])).required_class == "A2"
    signed(submitted("dataset", named("personal", "internal")))
    touched = kinds.get("dataset").touched
    strict, milder, fewer = (kinds.get("dataset").check(named(*one))[0] for one in (["personal"], ["internal"], []))
    assert touched(strict, milder) == touched(strict, fewer) == {"sensitivity"}
    assert touched(milder, strict) == touched(None, milder) == frozenset()
    assert submitted("dataset", named("internal", "internal")).required_class == "A2"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"namespace": "\U00020000" * 300, "dataset": "\U00020000" * 300}, "dataset"),
        ({"namespace": "a\nb"}, "namespace"), ({"dataset": ""}, "dataset"), ({"columns": [{"name": "a"}]}, "columns"),
        ({"columns": [{"name": "a", "classification": "secret"}]}, "columns"),
        ({"consumers": [{"kind": "x", "name": "y"}]}, "consumers"),
        ({"columns": [{"name": "a", "classification": "public"}] * 2}, "columns"), ({"metrics": ["A"]}, "metrics"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where(more: dict[str, Any], path: str) -> None:
    _clean, problems = kinds.get("dataset").check(dataset_document(**more))
    assert any(problem.path.startswith(path) for problem in problems), problems


def test_a_focus_is_found_by_its_name_however_many_colons() -> None:
    bound()
    tell(event(outputs=[OUTPUT, {"namespace": STORE, "name": "a:b:c"}]))
    assert parse_focus(f"dataset:{STORE}:a:b:c").name == "a:b:c"
    assert parse_focus(f"connector:{MOVE}").kind == "connector"
    assert set(states(f"dataset:{STORE}:a:b:c", depth=1)) == {(MOVE, "a:b:c")}


def test_a_focus_of_many_colons_is_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1), pytest.raises(Missing):
        parse_focus("dataset:" + ":".join("a" * 60))


def test_pages_and_api(client_of: Any, api_of: Any, django_assert_max_num_queries: Any) -> None:
    page = client_of("vera").get("/lineage/")
    assert (page.status_code, "Nothing links here yet" in page.content.decode()) == (200, True)
    bound()
    decision()
    choice()
    metric()
    one = dataset(written_by=[MOVE], metrics=["revenue_sar"])
    fields = [{"name": "order_id"}, {"name": "<b>phone</b>"}]
    tell(event(at=database_now().isoformat(), outputs=[OUTPUT | {"facets": {"schema": {"fields": fields}}}]))
    vera = client_of("vera")
    vera.get("/lineage/")
    with django_assert_max_num_queries(25):
        page = vera.get("/lineage/").content.decode()
    assert "Orders of the warehouse" in page
    assert "openlineage" in page
    assert page.count('class="flow flow--proven"') == 1
    assert page.count('class="flow flow--undeclared"') == 1
    shown = vera.get("/lineage/?focus=metric:revenue_sar&depth=1&state=declared").content.decode()
    assert "is-centre" in shown
    for asked, status in (
        ("focus=x", 422),
        ("focus=metric:none_sar", 404),
        ("focus=metric:%00", 422),
        ("depth=9&state=x", 200),
    ):
        assert vera.get(f"/lineage/?{asked}").status_code in (status, 400), asked
    detail = vera.get(one.get_absolute_url()).content.decode()
    assert "&lt;b&gt;phone&lt;/b&gt;" in detail
    assert "Undeclared" in detail
    graph = api_of("vera").get("/api/v1/lineage/graph/?focus=metric:revenue_sar&depth=1").json()
    assert [(edge["source"], edge["state"]) for edge in graph["edges"]] == [
        (f"dataset:{STORE}:{OUTPUT['name']}", "declared")
    ]
    assert api_of("vera").get("/api/v1/lineage/graph/?depth=9").status_code == 422


def test_a_crowd_is_cut_and_says_so() -> None:
    bound()
    tell(
        *(
            event(run=run, inputs=[], outputs=[{"namespace": STORE, "name": f"t{run}-{n}"} for n in range(100)])
            for run in (1, 2)
        )
    )
    found = around("", depth=2, now=database_now())
    assert found.more
    assert len(found.nodes) <= 80
    assert len(draw(found).boxes) == len(found.nodes)
    assert LineageNode.objects.count() == 201


def test_flows_among_neighbours_are_told_once_or_cut_aloud() -> None:
    made = [LineageNode.objects.create(kind="dataset", namespace="s", name=f"n{at}") for at in range(41)]
    focus, near, far = made[0], made[1:16], made[16:]
    flows = [(focus, one) for one in near] + list(combinations(near, 2)) + [(near[-1], one) for one in far]
    LineageEdge.objects.bulk_create(LineageEdge(source=one, target=other, declared=True) for one, other in flows)
    found = around("dataset:s:n0", depth=2, now=database_now())
    assert (len(found.edges), found.more) == (len(flows), False)


def _node(number: int) -> Node:
    return Node(number, "dataset", "", f"n{number}", f"n{number}", "", False)


def test_layers_follow_the_flow_and_circles_end() -> None:
    nodes = [_node(number) for number in range(4)]
    chain = [Edge(nodes[a], nodes[b], "proven", None, "") for a, b in ((0, 1), (1, 2), (0, 2), (2, 3))]
    assert layers(nodes, chain) == {0: 0, 1: 1, 2: 2, 3: 3}
    circle = [*chain, Edge(nodes[3], nodes[0], "proven", None, "")]
    assert set(layers(nodes, circle)) == {0, 1, 2, 3}
    assert len(draw(Graph(nodes, circle)).lines) == 5
    long = [_node(number) for number in range(3000)]
    line = [Edge(a, b, "proven", None, "") for a, b in pairwise(long)]
    assert layers(reversed(long), line)[2999] == 2999


def test_the_page_of_a_metric_names_its_dashboards_and_leads_to_its_lineage(client_of: Any) -> None:
    one = metric(dashboards=[{"name": "Board <b>", "address": "https://boards.example/1"}])
    page = client_of("vera").get(one.get_absolute_url()).content.decode()
    assert "Board &lt;b&gt;" in page
    assert "/lineage/?focus=metric:revenue_sar" in page
    assert "Board" in client_of("vera").get("/lineage/?focus=metric:revenue_sar").content.decode()


def test_in_arabic_it_is_read_from_the_right() -> None:
    nodes = [_node(1), _node(2), _node(3)]
    edges = [Edge(nodes[a], nodes[b], "proven", None, "") for a, b in ((0, 1), (1, 2), (2, 0))]
    there, here = draw(Graph(nodes, edges)), draw(Graph(nodes, edges), mirrored=True)
    assert (there.width, there.height) == (here.width, here.height)
    for left, right in zip(there.boxes, here.boxes, strict=True):
        assert (left.node, left.y) == (right.node, right.y)
        assert left.x + WIDE + right.x == there.width
        assert right.x < right.words < right.x + WIDE
    for plain, mirrored in zip(there.lines, here.lines, strict=True):
        turned = [there.width - int(x) for x in re.findall(r"(\d+) \d+", plain.path)]
        assert turned == [int(x) for x in re.findall(r"(\d+) \d+", mirrored.path)]
