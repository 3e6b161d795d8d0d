"""MCP server.json becomes the draft of a runtime tool: twenty in the forms that are found, old ones and careless ones too."""

from pathlib import Path

import orjson
import pytest

from connectors.importing.service import imported
from portal.refusals import Invalid
from tests.importing.reading import SERVERS, holds_up, server, told

pytestmark = pytest.mark.django_db


def test_there_are_twenty() -> None:
    assert len(SERVERS) == 20


@pytest.mark.parametrize(
    "path", [path for path in SERVERS if path.stem != "bare-name-only"], ids=lambda path: path.stem
)
def test_each_is_read_and_says_what_is_missing(path: Path) -> None:
    found = imported(path.read_bytes(), "mcp")
    assert found.kind == "runtime_tool"
    holds_up(found)
    assert "contract" in found.missing
    assert found.document["key"]
    assert ("version" in found.filled) == (path.stem != "not-semantic-version")
    assert found.remarks


def test_the_plain_one_fills_name_version_transport_and_endpoint_and_invents_nothing() -> None:
    found = server("streamable-minimal")
    assert found.document == {
        "name": "forecast",
        "key": "forecast",
        "description": "Forecasts by city and hour.",
        "facets": {"version": {"number": "1.4.0"}},
        "runtime_tool": {"transport": "streamable_http", "endpoint": "https://mcp.weatherly.example/mcp"},
    }
    assert found.filled == ("version",)


def test_of_several_remotes_the_one_that_the_portal_speaks_is_taken() -> None:
    found = server("sse-and-streamable")
    assert found.document["runtime_tool"] == {
        "transport": "streamable_http",
        "endpoint": "https://mcp.linearly.example/mcp",
    }
    assert told(found, "sse mcp.linearly.example")
    alone = server("sse-only")
    assert alone.document["runtime_tool"] == {"endpoint": "https://sse.oldport.example/sse"}
    assert told(alone, "does not speak the transport “sse”")


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("secret-header", "env:CONTACTS_AUTHORIZATION"),
        ("header-with-variable", "env:PAYRAIL_TOKEN"),
        ("two-secret-headers", "env:VAULT_X_CLIENT_SECRET"),
        ("npm-stdio", "env:BRAVELY_API_KEY"),
        ("schema-2025-05", "env:EVERYTHING_AUTHORIZATION"),
        ("streamable-minimal", None),
    ],
)
def test_a_secret_becomes_a_name_of_one(name: str, reference: str | None) -> None:
    assert server(name).document.get("runtime_tool", {}).get("credential_ref") == reference


def test_further_secrets_and_headers_are_told() -> None:
    assert told(server("two-secret-headers"), "“X-Signing-Key” is a further secret")
    assert told(server("secret-header"), "“X-Region” is to be set as well")


def test_no_published_secret_is_taken_or_repeated() -> None:
    found = server("leaked-secret")
    assert found.document["runtime_tool"]["endpoint"] == "https://mcp.careless.example/mcp"
    everything = repr(found)
    assert "sk-live" not in everything
    assert "hunter2" not in everything


def test_variables_of_the_address_take_their_defaults_or_leave_it_missing() -> None:
    assert (
        server("url-variables-with-defaults").document["runtime_tool"]["endpoint"]
        == "https://eu-1.maps.example:8443/mcp"
    )
    found = server("url-variables")
    assert "endpoint" not in found.document["runtime_tool"]
    assert told(found, "no address without tenant")


def test_packages_are_those_that_only_the_facade_may_import() -> None:
    assert server("npm-stdio").document["facade"] == {"npm_packages": ["@bravely/search-mcp"]}
    assert server("pypi-stdio").document["facade"] == {"python_packages": ["mcp_server_git_tools"]}
    assert server("remote-and-packages").document["facade"] == {
        "npm_packages": ["hybrid-notes-mcp"],
        "python_packages": ["hybrid_notes"],
    }
    assert server("schema-2025-07-09").document["facade"] == {"npm_packages": ["@modest/server-filesystem"]}
    assert told(server("oci-and-nuget"), "“Contoso.Inventory.Mcp” of nuget")
    assert "facade" not in server("oci-and-nuget").document


def test_old_schemas_say_the_same_with_other_names() -> None:
    found = server("schema-2025-05")
    assert found.document["facets"]["version"]["number"] == "0.1.0"
    assert found.document["runtime_tool"]["transport"] == "streamable_http"
    assert found.document["facade"] == {"python_packages": ["mcp_everything"]}
    assert told(server("schema-2025-07-09"), "it is deprecated")
    assert server("registry-answer").document["key"] == "calendar"


def test_other_scripts_are_kept() -> None:
    found = server("unicode")
    assert found.document["name"] == "تدقيق مسار — Masār 🧭"
    assert found.document["runtime_tool"]["endpoint"].endswith("/تدقيق")


def test_key_and_owner_may_be_told() -> None:
    content = SERVERS[0].read_bytes()
    found = imported(content, "mcp", key="our-own", owner="crm-team")
    assert (found.document["key"], found.document["owner"]) == ("our-own", "crm-team")
    with pytest.raises(Invalid):
        imported(content, "mcp", key="No Key")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"3", b'"text"', b"{}", b'{"name": 7}', b'{"openapi": "3.0.0"}', b'{"name": "a/b"}', b"- a\n- b"],
)
def test_what_is_no_server_json_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        imported(content, "mcp")
    assert refused.value.problems


def test_longer_texts_are_cut_and_told() -> None:
    content = orjson.dumps({"name": "a.b/c", "title": "n" * 500, "description": "d" * 9000, "remotes": []})
    found = imported(content, "mcp")
    assert (len(found.document["name"]), len(found.document["description"])) == (120, 2000)
    assert told(found, "title: cut to 120 letters")
