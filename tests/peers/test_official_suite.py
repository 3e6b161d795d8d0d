"""The official JSON Schema test suite through the engine that judges events: as data of an event in its envelope."""

import json
import os
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from portal_client import Bundle

from events.bundle import FORMAT
from events.envelope import whole_schema
from events.models import EventFamily
from events.schemas import embedded, problems_of
from events.schemas.walking import DRAFT_07, DRAFT_2020
from events.validation import Version
from tests.events.test_envelope import ENVELOPE

_SOURCES = sorted((Path(sys.prefix) / "suite").glob("jsonschema-*.tar.gz"))
pytestmark = pytest.mark.skipif(not _SOURCES and not os.environ.get("PEERS"), reason="make peers brings the suite")
DRAFTS = {"draft7": DRAFT_07, "draft2020-12": DRAFT_2020}
# What the registry refuses in a schema, on purpose (docs/decisions/0005): such a group is not judged.
ON_PURPOSE = {
    "unsupported",
    "reference",
    "dangling",
    "pattern",
    "meta_schema",
    "circle",
    "dialect",
    "too_large",
    "nul_character",
}
POLICY: dict[str, Any] = {"required": [], "tenants": [], "sources": []}


@cache
def groups(draft: str) -> list[tuple[str, Any]]:
    """(file, group) of every required test of a draft."""
    found = []
    with tarfile.open(_SOURCES[-1]) as source:
        for member in source.getmembers():
            parts = member.name.split("/")
            if parts[1:4] != ["json", "tests", draft] or len(parts) != 5 or not member.name.endswith(".json"):
                continue
            file = source.extractfile(member)
            assert file is not None
            found += [(parts[4], group) for group in json.load(file)]
    return found


def as_event(schema: Any, dialect: str) -> Any:
    """The schema as that of a field of an event, which is always an object."""
    inner = embedded(schema, "/properties/value")
    return {"$schema": dialect, "type": "object", "properties": {"value": inner}}


def judged(draft: str) -> Iterator[tuple[str, Any, Any]]:
    """(name, whole schema, group) of every group whose schema the registry takes; counts the others."""
    for file, group in groups(draft):
        if isinstance(group["schema"], dict) and group["schema"].get("$schema", DRAFTS[draft]) != DRAFTS[draft]:
            continue  # of a dialect of its own, which the registry refuses
        schema = as_event(group["schema"], DRAFTS[draft])
        problems = problems_of(schema, lambda _family, _version: None)
        if not problems:
            yield f"{file}: {group['description']}", schema, group
        else:
            assert {one.code for one in problems} <= ON_PURPOSE, (file, group["description"], problems)


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_instance_is_judged_as_the_suite_says(draft: str) -> None:
    family = EventFamily(key="order-placed", document={"envelope": POLICY})
    wrong, counts = [], Counter[str]()
    for name, schema, group in judged(draft):
        counts["groups"] += 1
        ours = Version(family, "1.1.0", schema)
        whole = whole_schema("order-placed", "1.1.0", POLICY, schema)
        told = {"order-placed": {"1.1.0": {"deprecated": False, "schema": whole}}}
        helper = Bundle({"format": FORMAT, "families": told})
        for test in group["tests"]:
            counts["instances"] += 1
            event = ENVELOPE | {"data": {"value": test["data"]}}
            if not (ours.accepts(event) is helper.judge(event).accepted is test["valid"]):
                wrong.append(f"{name}: {test['description']}")
            if not test["valid"] and ours.accepts(event) is False:
                assert ours.refusal(event).problems, name
    assert wrong == []
    # What is refused on purpose is a small part.
    assert counts["groups"] > 0.8 * len(groups(draft)), counts
    assert counts["instances"] > 800, counts
