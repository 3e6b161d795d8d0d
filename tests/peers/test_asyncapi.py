"""AsyncAPI documents under the schema of the specification, and as its reference parser reads them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from events import asyncapi
from tests.events.exporting import lines, lookup
from tests.peers.tools import MODULES, needs_node, node

pytestmark = needs_node("@asyncapi/parser")
DOCUMENTS = {"whole": asyncapi.of_all(lines(), lookup), "empty": asyncapi.of_all([], lookup)} | {
    line.family["key"]: asyncapi.of_family(line, lookup) for line in lines()
}


@cache
def specification() -> Any:
    schema = json.loads((MODULES / "@asyncapi/specs/schemas/3.0.0.json").read_text())
    return jsonschema_rs.validator_for(schema, offline=True)


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_a_document_is_what_the_specification_says(name: str) -> None:
    found = [f"{error.instance_path}: {error.message[:300]}" for error in specification().iter_errors(DOCUMENTS[name])]
    assert found == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("info", "version"), None), (("operations", "order-placed.send", "action"), "publish"),
        (("channels", "commerce.orders", "title"), 5), (("components", "messages", "money", "unheard"), 1),
    ],
)  # fmt: skip
def test_the_check_itself_sees_what_is_wrong(path: tuple[str, ...], value: Any) -> None:
    document = json.loads(asyncapi.in_bytes(DOCUMENTS["whole"]))
    here = document
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    assert not specification().is_valid(document)


def parsed(document: dict[str, Any], tmp_path: Path) -> Any:
    file = tmp_path / "asyncapi.json"
    file.write_bytes(asyncapi.in_bytes(document))
    answer = node("parse_asyncapi.mjs", str(file))
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_the_reference_parser_reads_every_channel_message_and_operation(name: str, tmp_path: Path) -> None:
    document = DOCUMENTS[name]
    found = parsed(document, tmp_path)
    assert [one for one in found["diagnostics"] if one["severity"] == 0] == []
    assert found["parsed"]
    assert found["channels"] == {
        channel["address"]: sorted(channel["messages"]) for channel in document["channels"].values()
    }
    assert found["operations"] == {
        key: [one["action"], [message["$ref"].rsplit("/", 1)[1] for message in one["messages"]]]
        for key, one in document["operations"].items()
    }


def test_the_reference_parser_sees_a_reference_that_leads_nowhere(tmp_path: Path) -> None:
    text = asyncapi.in_bytes(DOCUMENTS["money"]).replace(b"/schema/$defs/amount", b"/schema/$defs/nobody")
    found = parsed(json.loads(text), tmp_path)
    assert any(one["severity"] == 0 for one in found["diagnostics"])
