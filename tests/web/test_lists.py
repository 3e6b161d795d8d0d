"""The lists of entries: their cells, and what they load."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from portal.registry.kinds import all_kinds
from tests.documents import data_movement_document, runtime_tool_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>"


def test_a_list_never_loads_whole_documents(
    client_of: Callable[[str], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    apply_connector(runtime_tool_document("crm-lookup"))
    apply_connector(data_movement_document("crm-warehouse"))
    client = client_of("amal")
    for kind in all_kinds():
        for address in (f"/{kind.pages}/", f"/{kind.pages}/?format=csv"):
            with django_assert_max_num_queries(25) as made:
                response = client.get(address)
                assert b"".join(response) if response.streaming else response.content
            assert isinstance(made, CaptureQueriesContext)
            asked = [query["sql"] for query in made.captured_queries]
            whole = f'"{kind.model._meta.db_table}"."document",'
            assert asked
            assert not [sql for sql in asked if whole in sql], address


def test_every_cell_shows_what_the_document_holds(client_of: Callable[[str], Client]) -> None:
    apply_connector(
        runtime_tool_document("crm-lookup", {"runtime_tool.endpoint": f"https://mcp.example.com/{'x' * 60}"})
    )
    apply_connector(
        data_movement_document(
            "crm-warehouse",
            {"data_movement.schedule": "15 4 * * 1", "data_movement.freshness_seconds": 93_600},
        )
    )
    client = client_of("amal")
    tools, syncs = (client.get(address).content.decode() for address in ("/tools/", "/syncs/"))
    assert f'title="https://mcp.example.com/{"x" * 60}"' in tools
    assert "<span>1</span><span>one agent</span>" in tools
    assert "15 4 * * 1" in syncs
    assert "<bdi>1d 2h</bdi>" in syncs
    assert "<bdi>CRM</bdi>" in syncs
    assert "<bdi>Warehouse</bdi>" in syncs


def test_a_hostile_name_is_text(client_of: Callable[[str], Client]) -> None:
    apply_connector(data_movement_document("crm-warehouse", {"name": HOSTILE, "data_movement.source.system": HOSTILE}))
    page = client_of("amal").get("/syncs/").content.decode()
    assert HOSTILE not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 2


def test_a_row_has_a_cell_for_every_head(client_of: Callable[[str], Client]) -> None:
    apply_connector(runtime_tool_document("crm-lookup"))
    page = client_of("amal").get("/tools/").content.decode()
    table = page[page.index("<table") : page.index("</table>")]
    assert table.count('<th scope="col"') == table.count("<td>") + table.count('<th scope="row"')
