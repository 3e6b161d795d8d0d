"""The description of the API tells the truth: it is valid OpenAPI 3.1, and every documented GET answers as it says."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, is_typeddict

import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework.test import APIClient

from connectors.models import Connector, TaskState, TrackedTask
from connectors.polling import Poller
from events.models import EventFamily
from portal.changes.models import ChangeRequest, ChangeState
from portal.operations.services import database_now
from portal.outbox import lanes
from portal.outbox.models import ChatRoom, Delivery, WebhookEndpoint
from portal.people.models import ApiToken, Team
from severity.models import Incident, Source
from severity.routing import services as routes
from severity.routing.told import RouteTold
from severity.watchlist import rollup
from tests.metrics.quality.checking import check as one_check
from tests.metrics.quality.checking import result
from tests.people import actor
from tests.servers.demo import DemoServer
from tests.severity.claims.world import body as claim_body

pytestmark = pytest.mark.django_db
Schema = dict[str, Any]
OPENAPI = {
    # What of the meta-schema of OpenAPI 3.1 a mistake of ours could break; the schemas themselves are checked as such.
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"required": ["title", "version"]},
        "paths": {"additionalProperties": {"additionalProperties": {"$ref": "#/$defs/operation"}}},
    },
    "$defs": {
        "operation": {
            "type": "object",
            "required": ["operationId", "responses"],
            "properties": {
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                "requestBody": {"required": ["content"]},
                "responses": {
                    "required": ["default"],
                    "propertyNames": {"pattern": "^([1-5][0-9][0-9]|default)$"},
                    "additionalProperties": {"required": ["description"]},
                },
            },
        },
        "parameter": {
            "type": "object",
            "required": ["name", "in", "schema"],
            "properties": {"in": {"enum": ["query", "path", "header"]}, "description": {"type": "string"}},
            "if": {"properties": {"in": {"const": "path"}}},
            "then": {"required": ["required"]},
        },
    },
}


@pytest.fixture
def described(api_of: Callable[..., APIClient]) -> Schema:
    answer = api_of("amal").get("/api/v1/schema/")
    assert answer.status_code == 200
    schema: Schema = answer.json()
    return schema


def schema_of(described: Schema, address: str, status: int = 200) -> Schema:
    response = described["paths"][address]["get"]["responses"][str(status)]
    found: Schema = response["content"]["application/json"]["schema"]
    return found


def check(described: Schema, address: str, body: Any) -> None:
    validator = Draft202012Validator(
        {**closed(schema_of(described, address)), "components": closed(described["components"])},
        format_checker=FormatChecker(),
    )
    problems = [
        f"{list(one.absolute_path)}: {one.message[-200:]}"
        for error in validator.iter_errors(body)
        for one in [error, *(error.context or ())]
    ]
    assert not problems, (address, problems)


def closed(schema: Any) -> Any:
    """The same schema, but an object may have no other properties than those described: nothing is left unsaid."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(one) for name, one in schema.items()}
    if made.get("type") == "object" and "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


@pytest.fixture
def demo(settings: Any, monkeypatch: pytest.MonkeyPatch, demo_server: DemoServer) -> None:
    """The data of the demo, with its tasks looked at once and a slip of one of them."""
    settings.DEMO = True
    monkeypatch.setenv("DEMO_MCP_PORT", demo_server.url.split(":")[2].split("/")[0])
    call_command("load_demo")
    Poller().tick()
    task, now = TrackedTask.objects.order_by("id")[0], database_now()
    slip = Incident.objects.create(
        severity=1, source=Source.TASK, rule="deadline", subject_kind="task", subject_key=task.human_id,
        subject_id=task.pk, task=task, connector=task.connector, title="Late", dedup_key=f"task:{task.pk}:deadline",
        epoch=now, owner=task.owner, opened_at=now, last_update_at=now,
    )  # fmt: skip
    slip.timeline.create(at=now, what="opened", actor_name="portal:sweep", severity=1, text="It passed.")


def test_it_is_valid_openapi_3_1_and_every_reference_leads_somewhere(described: Schema) -> None:
    problems = [
        f"{list(one.absolute_path)}: {one.message[:200]}"
        for one in Draft202012Validator(OPENAPI).iter_errors(described)
    ]
    assert not problems, problems
    for name, schema in described["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema, name
    references: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                references.append(node["$ref"])
            node = list(node.values())
        if isinstance(node, list):
            for one in node:
                walk(one)

    walk(described)
    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert len(references) > 50
    assert set(references) <= known, set(references) - known
    ids = [one["operationId"] for path in described["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))


def test_every_get_answers_as_it_is_described(described: Schema, demo: None, api_of: Callable[..., APIClient]) -> None:
    api, _named_below = api_of("amal"), api_of("omar")
    documented = {address for address, path in described["paths"].items() if "get" in path} - {"/api/v1/schema/"}
    # A file answers as itself (see test_change_attachments), a JSON Schema as one (see tests/files/test_schemas).
    documented -= {"/api/v1/attachments/{digest}/", "/api/v1/schemas/{name}.json"}
    # A signed list is no JSON (see connectors/allowlist).
    documented -= {"/api/v1/allowlist/bundle/"}
    called: set[str] = set()

    def get(address: str, query: str = "", by: str = "amal", **parts: Any) -> Any:
        answer = (api if by == "amal" else api_of(by)).get(address.format(**parts) + query)
        assert answer.status_code == 200, (address, parts, answer.content)
        check(described, address, answer.json())
        called.add(address)
        return answer.json()

    for collection in (
        "connectors",
        "backfills",
        "policies",
        "event-families",
        "event-schemas",
        "metrics",
        "decisions",
        "lineage-choice",
        "datasets",
        "checkpoints",
        "workflows",
        "severity-table",
        "releases",
        "exceptions",
    ):
        assert f"/api/v1/{collection}/" in documented
        listed = get(f"/api/v1/{collection}/")["results"]
        if not listed:
            assert collection in ("policies", "severity-table"), "the demo has none of its own"
            documented = {address for address in documented if not address.startswith(f"/api/v1/{collection}/{{")}
            continue
        for one in listed:
            get(f"/api/v1/{collection}/{{key}}/", key=one["key"])
        get(f"/api/v1/{collection}/{{key}}/versions/", key=listed[0]["key"])
        get(f"/api/v1/{collection}/{{key}}/versions/{{number}}/", key=listed[0]["key"], number=1)
        if collection == "metrics":
            measured = {"at": database_now().isoformat(), "value": "12.5"}
            sent = {"unit": listed[0]["unit"], "points": [measured]}
            assert api.post(f"/api/v1/metrics/{listed[0]['key']}/values/", sent).json()["new"] == 1
            assert get("/api/v1/metrics/{key}/values/", key=listed[0]["key"])["results"][0]["value"] == "12.5"
        if collection == "connectors":
            shown = get("/api/v1/connectors/{key}/tools/", key="ledger-desk")["tools"]
            get("/api/v1/connectors/{key}/tools/{name}/", key="ledger-desk", name=shown[0]["name"])
        if collection == "checkpoints":
            passed = result("run-1", *(one_check(definition=one) for one in ("row-count", "amount-not-null")))
            assert api.post("/api/v1/checkpoints/invoices-daily/results/", passed).json()["verdict"] == "pass"
            ran = get("/api/v1/checkpoints/{key}/results/", key="invoices-daily")["results"][0]
            assert get("/api/v1/checkpoints/{key}/results/{id}/", key="invoices-daily", id=ran["id"])["results"]
        if collection == "workflows":
            told = get("/api/v1/workflows/{key}/promotion/", key="monthly-statement")
            assert told["held"] is False, told
    mcp = Connector.objects.filter(document__runtime_tool__transport="streamable_http").earliest("id")
    assert get("/api/v1/connectors/{key}/server.json", key=mcp.key)["remotes"]
    for part in ("gate", "matrix", "rows", "attestations", "promotions", "decisions"):
        assert get(f"/api/v1/releases/{{key}}/{part}/", key="r-2026.12")
    assert get("/api/v1/backfills/{key}/job/", key="billing-tax")["rows"]
    for part in ("partitions", "log"):
        assert get(f"/api/v1/backfills/{{key}}/{part}/", key="billing-tax")["results"]
    assert get("/api/v1/syncs/{key}/drills/", key="billing-to-warehouse")["results"]
    assert get("/api/v1/events/asyncapi/")["channels"]
    get("/api/v1/events/asyncapi/{key}/", key=EventFamily.objects.earliest("id").key)
    assert get("/api/v1/changes/", "?limit=3")["next"]
    states = {change.state: change.pk for change in ChangeRequest.objects.all()}
    assert {ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPLIED, ChangeState.REJECTED} <= set(states)
    for pk in states.values():
        get("/api/v1/changes/{id}/", id=pk)
        get("/api/v1/changes/{id}/conflict/", id=pk)
        get("/api/v1/changes/{id}/watch/", id=pk)
        api.post(f"/api/v1/changes/{pk}/comments/", {"text": "Looks sound to @omar."})
        assert get("/api/v1/changes/{id}/comments/", id=pk)["results"]
    tool = Connector.objects.earliest("id").key
    assert get("/api/v1/connectors/{key}/compare/", "?from=1&to=1", key=tool)["bump"]["needed"] == "none"
    assert get("/api/v1/connectors/{key}/consumers/", key=tool)["key"] == tool
    assert get("/api/v1/architecture/")["lanes"][0]["nodes"]
    assert get("/api/v1/tasks/")["results"]
    for task in TrackedTask.objects.all():
        get("/api/v1/tasks/{id}/", id=task.pk)
    assert set(TrackedTask.objects.values_list("state", flat=True)) & {TaskState.WORKING}
    planned = {"team": "crm-team", "until": f"{database_now() + timedelta(hours=1)}", "reason": "Upgrade."}
    away = api.post("/api/v1/maintenance/", planned).json()["id"]
    assert get("/api/v1/maintenance/")["results"]
    rollup.tick()
    assert get("/api/v1/watchlist/")["results"]
    assert get("/api/v1/sla/")["results"]
    get("/api/v1/maintenance/{id}/", id=away)
    assert get("/api/v1/incidents/")["results"]
    slip = Incident.objects.get(source=Source.TASK).pk
    api.post(f"/api/v1/incidents/{slip}/step/", {"number": 1})
    api.post(f"/api/v1/incidents/{slip}/link/", {"reference": "https://status.example/17"})
    api.post(f"/api/v1/incidents/{slip}/severity/", {"severity": "V2", "text": "Customers see it."})
    assert get("/api/v1/incidents/{id}/", id=slip)["next_duty"]["duty"]
    api.post(f"/api/v1/incidents/{slip}/resolve/", {"text": "Fixed."})
    words = {"what_happened": "It was late.", "cause": "The queue.", "follow_up": "Watch it."}
    api.post(f"/api/v1/incidents/{slip}/review/", words)
    whole = get("/api/v1/incidents/{id}/", id=slip)
    assert whole["links"]
    assert (bool(whole["review"]["digest"]), whole["steps"][0]["done_by"]) == (True, "amal")
    told = api.post("/api/v1/claims/", claim_body("verified", about={"kind": "contact", "key": "C-1"}))
    assert told.status_code == 201
    claim = get("/api/v1/claims/")["results"][0]
    assert get("/api/v1/claims/{id}/", id=claim["human_id"])["events"]
    assert get("/api/v1/syncs/", "?ordering=deadline&limit=3")["next"]
    assert get("/api/v1/syncs/{key}/", key="crm-to-warehouse")["breaking_change_due"]
    brought = get("/api/v1/syncs/{key}/runs/", key="crm-to-warehouse")["results"][0]
    assert get("/api/v1/syncs/{key}/runs/{id}/", key="crm-to-warehouse", id=brought["id"])["streams"]
    breaks = get("/api/v1/syncs/{key}/notices/", key="crm-to-warehouse")["results"][0]
    assert get("/api/v1/syncs/{key}/notices/{id}/", key="crm-to-warehouse", id=breaks["id"])["behind"]
    assert get("/api/v1/allowlist/", "?agent=support-agent")["connectors"]
    assert get("/api/v1/allowlist/keys/")["keys"]
    lanes.expand()
    assert get("/api/v1/events/envelope/")["required"]
    assert get("/api/v1/events/bundle/", "?family=order-placed")["families"]["order-placed"]
    refused = api.post("/api/v1/events/validate/", {"event": {"event_type": "order-placed"}}, format="json")
    assert not refused.json()["accepted"]
    assert get("/api/v1/events/refusals/", "?family=order-placed")["results"][0]["samples"]
    assert get("/api/v1/notices/", by="omar")["results"]
    get("/api/v1/notices/choices/")
    assert get("/api/v1/deliveries/", by="adam")["results"]
    get("/api/v1/deliveries/{id}/", by="adam", id=Delivery.objects.latest("id").pk)
    WebhookEndpoint.objects.create(name="pager", url="https://hooks.example/", secret_ref="env:CREDENTIAL_HOOK")
    assert get("/api/v1/webhooks/", by="adam")["results"]
    ChatRoom.objects.create(name="ops", url_ref="env:CREDENTIAL_ROOM")
    routes.add_route(actor=actor("adam"), name="pager", told=RouteTold(way="chat", room="ops"), now=database_now())
    routes.silence(actor=actor("adam"), minutes=5, reason="A move.", rule="freshness", now=database_now())
    get("/api/v1/webhooks/{id}/", by="adam", id="pager")
    assert get("/api/v1/routes/")["results"]
    get("/api/v1/routes/{id}/", id="pager")
    assert get("/api/v1/silences/")["results"]
    assert get("/api/v1/rooms/", by="adam")["results"]
    get("/api/v1/rooms/{id}/", by="adam", id="ops")
    for address in ("people", "teams", "tokens"):
        assert get(f"/api/v1/{address}/", by="adam")["results"]
    get("/api/v1/people/{id}/", by="adam", id="amal")
    get("/api/v1/teams/{id}/", id=Team.objects.latest("id").key)
    get("/api/v1/tokens/{id}/", id=ApiToken.objects.filter(user__username="amal").latest("created").token_key)
    assert get("/api/v1/lineage/graph/")["edges"]
    assert get("/api/v1/lineage/namespaces/", by="adam")["results"]
    assert called == documented


def test_no_two_answers_share_a_name(described: Schema) -> None:
    """The description names its components by their classes: of two with one name, one would stand for both."""
    answers = {
        (one.__module__, one.__name__)
        for module in list(sys.modules.values())
        if module.__name__.split(".")[0] in ("portal", "connectors", "events", "metrics", "severity")
        for one in vars(module).values()
        if is_typeddict(one)
    }
    names = [name for _module, name in answers]
    assert {name for name in names if names.count(name) > 1} == set()


def test_a_refusal_is_described_too(described: Schema, api_of: Callable[..., APIClient]) -> None:
    problem = {"$ref": "#/components/schemas/Problem", "components": closed(described["components"])}
    for path in described["paths"].values():
        for operation in path.values():
            content = operation["responses"]["default"]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for address in ("tasks/999999/", "changes/?state=none", "allowlist/", "incidents/?nonsense=1"):
        refused = api_of("amal").get(f"/api/v1/{address}")
        assert refused.status_code in (404, 422)
        Draft202012Validator(problem).validate(refused.json())


@pytest.mark.parametrize(
    "which", ["connectors", "changes", "tasks", "incidents", "claims", "people", "teams", "tokens"]
)
def test_each_documented_parameter_of_a_list_is_known_and_no_other(
    described: Schema, which: str, api_of: Callable[..., APIClient]
) -> None:
    api = api_of("adam")
    parameters = described["paths"][f"/api/v1/{which}/"]["get"]["parameters"]
    names = [one["name"] for one in parameters if one["in"] == "query"]
    assert {"q", "cursor", "limit", "ordering"} <= set(names)
    assert len(names) == len(set(names))
    refused = api.get(f"/api/v1/{which}/?nonsense=1").json()["errors"][0]["message"]
    assert set(refused.removeprefix("Unknown parameter. Known: ").rstrip(".").split(", ")) - {"format"} == set(names)
    for one in parameters:
        for value in one["schema"].get("items", one["schema"]).get("enum", []):
            answer = api.get(f"/api/v1/{which}/", {one["name"]: value})
            assert answer.status_code == 200, (one["name"], value, answer.content)


def test_headers_are_described_where_they_are_heeded(described: Schema) -> None:
    def headers(address: str, verb: str) -> set[str]:
        parameters = described["paths"][f"/api/v1/{address}"][verb].get("parameters", [])
        return {one["name"] for one in parameters if one["in"] == "header"}

    assert headers("connectors/{key}/", "get") == {"If-None-Match"}
    assert headers("connectors/{key}/", "put") == headers("connectors/{key}/", "patch") == {"If-Match"}
    assert headers("changes/{id}/approve/", "post") == {"If-Match", "Idempotency-Key"}
    assert headers("tasks/", "post") == headers("tasks/{id}/answer/", "post") == {"Idempotency-Key"}
    for address in ("connectors/{key}/", "changes/{id}/", "allowlist/"):
        assert "ETag" in described["paths"][f"/api/v1/{address}"]["get"]["responses"]["200"]["headers"]
    # What is secret is kept for no repeat.
    secret = {"/api/v1/tokens/", "/api/v1/people/{id}/password/", "/api/v1/events/validate/"}
    secret |= {"/api/v1/lineage/", "/api/v1/lineage/batch/"}
    # An answer is of its moment.
    secret |= {"/api/v1/allowlist/decide/"}
    # A run names itself.
    secret |= {f"/api/v1/checkpoints/{one}/" for one in ("results", "{key}/results", "{key}/files")}
    secret |= {f"/api/v1/syncs/{one}/" for one in ("{key}/runs", "{key}/runs/batch", "runs/batch")}
    assert not any(headers(address.removeprefix("/api/v1/"), "post") for address in secret)
    posts = [path["post"] for at, path in described["paths"].items() if "post" in path and at not in secret]
    assert len(posts) >= 12
    assert all("Idempotency-Key" in str(post["parameters"]) for post in posts)
