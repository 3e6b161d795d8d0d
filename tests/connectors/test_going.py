"""A connector that goes: what is refused, what is told, who is still on it; and two versions compared, retired ones included."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from rest_framework.test import APIClient

from connectors.models import CallCount, Connector
from portal.operations.services import database_now
from portal.refusals import Invalid
from portal.registry.models import EntryState
from tests.documents import data_movement_document, put, runtime_tool_document
from tests.metrics.lineage.telling import dataset
from tests.metrics.quality.checking import workflow
from tests.registering import apply_connector, proposed, submitted

pytestmark = pytest.mark.django_db
FAR = "2099-03-31"


def going(sunset: str = FAR, replaced_by: str = "", key: str = "crm-lookup", **changes: Any) -> dict[str, Any]:
    told = {"sunset_on": sunset, "replaced_by": replaced_by, "note": "Call find_customer."}
    return runtime_tool_document(key, {"deprecation": told, **changes})


def refusals(document: dict[str, Any], state: str = EntryState.DEPRECATED) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        submitted(document, to_state=state)
    return [(one.path, one.code) for one in refused.value.problems]


def called(connector: Connector, agent: str = "support-agent", *, reason: str = "", days: int = 1) -> None:
    at = database_now() - timedelta(days=days)
    CallCount.objects.create(
        hour=at, connector=connector, connector_key=connector.key, agent=agent, operation="lookup_customer",
        environment="prod", reason=reason, calls=3, last_at=at,
    )  # fmt: skip


def test_a_deprecation_names_its_day() -> None:
    apply_connector(runtime_tool_document())
    assert refusals(going("")) == [("deprecation.sunset_on", "sunset_missing")]
    assert apply_connector(going(), to_state=EntryState.DEPRECATED).state == "deprecated"


def test_a_replacement_is_a_standing_connector_of_the_same_kind_and_another_one() -> None:
    apply_connector(runtime_tool_document())
    apply_connector(data_movement_document("ledger"))
    apply_connector(runtime_tool_document("old-one"))
    apply_connector(runtime_tool_document("old-one"), to_state=EntryState.RETIRED)
    for key, code in (
        ("nowhere", "no_such_connector"), ("ledger", "other_kind"), ("crm-lookup", "replaces_itself"),
        ("old-one", "replacement_retired"),
    ):  # fmt: skip
        assert refusals(going(replaced_by=key)) == [("deprecation.replaced_by", code)]
        assert refusals(going(replaced_by=key), EntryState.ACTIVE) == [("deprecation.replaced_by", code)]


def test_replacements_never_lead_back() -> None:
    for key in ("one", "two", "three"):
        apply_connector(runtime_tool_document(key))
    apply_connector(going(replaced_by="two", key="one"), to_state=EntryState.DEPRECATED)
    apply_connector(going(replaced_by="three", key="two"), to_state=EntryState.DEPRECATED)
    assert refusals(going(replaced_by="one", key="three")) == [("deprecation.replaced_by", "replacement_circle")]


def test_reviewers_are_told_that_it_goes_early_and_who_is_still_on_it(client_of: Callable[[str], Client]) -> None:
    apply_connector(runtime_tool_document())
    change = submitted(runtime_tool_document(), to_state=EntryState.RETIRED)
    page = client_of("omar").get(change.get_absolute_url()).content.decode()
    assert "retired without having been deprecated" in page
    assert "One consumer is still on it: support-agent." in page


def test_before_its_sunset_it_is_told_and_after_it_is_not(client_of: Callable[[str], Client]) -> None:
    apply_connector(runtime_tool_document())
    apply_connector(going(), to_state=EntryState.DEPRECATED)
    early = submitted(going(), to_state=EntryState.RETIRED)
    assert f"before its sunset, {FAR}" in client_of("omar").get(early.get_absolute_url()).content.decode()
    apply_connector(going("2020-01-01", key="late"))
    apply_connector(going("2020-01-01", key="late"), to_state=EntryState.DEPRECATED)
    late = submitted(going("2020-01-01", key="late"), to_state=EntryState.RETIRED)
    assert "before its sunset" not in client_of("omar").get(late.get_absolute_url()).content.decode()


def test_a_draft_may_say_anything_of_its_going_and_its_page_is_shown(client_of: Callable[[str], Client]) -> None:
    apply_connector(runtime_tool_document())
    anything: list[Any] = [5, [], {"sunset_on": "soon"}, {"sunset_on": {}}]
    for told in anything:
        document = put(runtime_tool_document(), "deprecation", told)
        change = proposed(document, to_state=EntryState.RETIRED)
        assert client_of("amal").get(change.get_absolute_url()).status_code == 200


def test_the_card_shows_the_day_the_replacement_and_the_last_call_of_each_agent(
    client_of: Callable[[str], Client],
) -> None:
    apply_connector(runtime_tool_document("find-customer", {"name": "Find <customers>"}))
    two = [{"agent": name, "operations": ["lookup_customer"], "environments": ["prod"]} for name in ("aged", "eager")]
    tool = apply_connector(going(replaced_by="find-customer", **{"runtime_tool.allowlist": two}))
    called(tool, "eager")
    called(tool, "aged", reason="not_allowed")
    called(tool, "stranger")
    page = client_of("vera").get(tool.get_absolute_url()).content.decode()
    card = page[page.index('id="deprecation"') :].split("</section>")[0]
    assert FAR in card
    assert escape("Find <customers>") in card
    rows = {name: row for row in card.split("<tr>") for name in ("aged", "eager", "stranger") if f">{name}<" in row}
    assert set(rows) == {"aged", "eager"}
    assert "no call seen" in rows["aged"]
    assert "<time" in rows["eager"]


def test_nothing_is_said_of_one_that_stays(client_of: Callable[[str], Client]) -> None:
    tool = apply_connector(runtime_tool_document())
    assert 'id="deprecation"' not in client_of("vera").get(tool.get_absolute_url()).content.decode()


def test_on_a_data_movement_stand_the_datasets_that_it_writes_and_their_workflows(
    api_of: Callable[..., APIClient], client_of: Callable[[str], Client]
) -> None:
    sync = apply_connector(data_movement_document("orders-to-warehouse"))
    stored = dataset(written_by=[sync.key], consumers=[{"kind": "dashboard", "name": "Orders", "address": ""}])
    flow = workflow(consumes=[stored.key])
    told = {"sunset_on": FAR, "replaced_by": "", "note": ""}
    document = put(deepcopy(sync.document), "deprecation", told)
    sync = apply_connector(document, to_state=EntryState.DEPRECATED)
    answer = api_of("vera").get(f"/api/v1/connectors/{sync.key}/consumers/").json()
    assert [(one["kind"], one["key"], one["through"]) for one in answer["results"]] == [
        ("dataset", stored.key, ""), ("workflow", flow.key, stored.key), ("reader", "Orders", stored.key),
    ]  # fmt: skip
    assert (answer["state"], answer["sunset_on"]) == ("deprecated", FAR)
    page = client_of("vera").get(sync.get_absolute_url()).content.decode()
    assert flow.get_absolute_url() in page[page.index('id="deprecation"') :]


def test_two_versions_are_compared_by_api(api_of: Callable[..., APIClient]) -> None:
    apply_connector(runtime_tool_document())
    apply_connector(
        runtime_tool_document(changes={"facets.timeout.total_seconds": 40.0, "facets.version.number": "1.0.1"})
    )
    apply_connector(
        runtime_tool_document(changes={"facets.contract.operations.0.name": "find", "facets.version.number": "2.0.0",
                                       "runtime_tool.allowlist": []})
    )  # fmt: skip
    api = api_of("vera")
    answer = api.get("/api/v1/connectors/crm-lookup/compare/?from=1&to=3").json()
    assert answer["bump"] == {"needed": "major", "actual": "major", "enough": True, "before": "1.0.0", "after": "2.0.0"}
    assert [(one["name"], one["change"], one["level"]) for one in answer["operations"]] == [
        ("lookup_customer", "removed", "major"), ("find", "added", "minor"),
    ]  # fmt: skip
    assert answer["operations"][0]["why"] == ["operation lookup_customer is removed"]
    assert "facets.version.number" in {one["path"] for one in answer["fields"]}
    back = api.get("/api/v1/connectors/crm-lookup/compare/?from=3&to=1").json()["bump"]
    assert (back["actual"], back["enough"]) == ("none", False)
    newest = api.get("/api/v1/connectors/crm-lookup/compare/").json()
    assert (newest["older"], newest["newer"]) == (2, 3)


@pytest.mark.parametrize(
    ("asked", "status"),
    [("from=0", 404), ("to=9", 404), ("from=x", 422), ("to=-1", 422), ("to=٣", 422), ("from=99999999999", 422)],
)
def test_versions_that_are_none_are_told(api_of: Callable[..., APIClient], asked: str, status: int) -> None:
    apply_connector(runtime_tool_document())
    api = api_of("vera")
    assert api.get(f"/api/v1/connectors/crm-lookup/compare/?{asked}").status_code == status
    assert api.get("/api/v1/connectors/nobody/compare/").status_code == 404
    assert api.get("/api/v1/connectors/nobody/consumers/").status_code == 404


def test_the_page_that_compares_says_how_far_the_version_had_to_go_and_why(client_of: Callable[[str], Client]) -> None:
    apply_connector(runtime_tool_document())
    apply_connector(
        runtime_tool_document(changes={"facets.timeout.total_seconds": 40.0, "facets.version.number": "1.1.0"})
    )
    page = client_of("vera").get("/tools/crm-lookup/compare/?from=1&to=2").content.decode()
    assert "facet timeout changed" in page
    assert "far enough" in page
    assert client_of("vera").get("/tools/crm-lookup/compare/?from=0&to=1").status_code == 200


def test_what_was_retired_stays_readable(api_of: Callable[..., APIClient], client_of: Callable[[str], Client]) -> None:
    apply_connector(runtime_tool_document())
    before = database_now()
    apply_connector(going(), to_state=EntryState.DEPRECATED)
    apply_connector(going(), to_state=EntryState.RETIRED)
    api, client = api_of("vera"), client_of("vera")
    assert api.get("/api/v1/connectors/crm-lookup/").json()["state"] == "retired"
    assert [one["version"] for one in api.get("/api/v1/connectors/crm-lookup/versions/").json()["results"]] == [3, 2, 1]
    assert api.get("/api/v1/connectors/crm-lookup/versions/1/").json()["document"]["key"] == "crm-lookup"
    assert api.get("/api/v1/connectors/crm-lookup/compare/?from=1&to=3").status_code == 200
    (then,) = api.get("/api/v1/connectors/", {"as_of": before.isoformat()}).json()["results"]
    assert (then["state"], then["version"]) == ("active", 1)
    page = client.get("/tools/crm-lookup/").content.decode()
    assert "It is retired" in page
    for tab in ("?tab=versions", "?tab=document", "?tab=activity"):
        assert client.get(f"/tools/crm-lookup/{tab}").status_code == 200
    assert "crm-lookup" in client.get("/tools/", {"as_of": before.isoformat()}).content.decode()
