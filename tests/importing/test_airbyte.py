"""Airbyte metadata becomes the draft of a data movement: ten files, sources and destinations."""

from pathlib import Path

import pytest

from connectors.importing.service import imported
from portal.refusals import Invalid
from tests.importing.reading import CONNECTORS, connector, holds_up, told

pytestmark = pytest.mark.django_db


def test_there_are_ten() -> None:
    assert len(CONNECTORS) == 10


@pytest.mark.parametrize("path", CONNECTORS, ids=lambda path: path.stem)
def test_each_is_read_and_says_what_is_missing(path: Path) -> None:
    found = imported(path.read_bytes(), "airbyte")
    assert found.kind == "data_movement"
    holds_up(found)
    assert "contract" in found.missing
    end, other = path.stem.split("-")[0], "destination" if path.stem.startswith("source") else "source"
    assert set(found.document["data_movement"]) == {end}
    assert told(found, f"the {other} is missing")


def test_a_source_fills_its_end_with_its_streams() -> None:
    found = connector("source-github")
    assert found.document["data_movement"]["source"]["system"] == "GitHub"
    assert "pull_requests" in found.document["data_movement"]["source"]["streams"]
    assert found.document["key"] == "source-github"
    assert found.document["facets"] == {"version": {"number": "1.8.30"}}
    assert found.document["facade"] == {"python_packages": ["airbyte_source_github"]}
    assert "api.github.com" in found.document["description"]
    assert "certified" in found.document["description"]
    assert "facade" not in connector("source-low-code").document


def test_breaking_changes_are_listed_to_be_announced() -> None:
    first, second = connector("source-github").notices
    assert (first.version, first.deadline) == ("1.0.0", "2026-04-01")
    assert first.scopes == ["stream commits", "stream merge_requests"]
    assert second.message.startswith("Access tokens")
    assert told(connector("source-github"), "1.0.0 (2026-04-01), 2.0.0 (2027-01-31)")
    many = connector("destination-many-breaks")
    assert [one.deadline for one in many.notices][:4] == ["2026-01-15", "2026-02-15", "", "2026-04-15"]
    assert told(many, "“2026-13-40” is no day")
    assert connector("source-unicode").notices[0].deadline == "2026-12-01"


def test_allowed_hosts_are_told_or_said_to_be_unknown() -> None:
    assert "It may reach no host." in connector("destination-csv").document["description"]
    assert told(connector("source-community-dev"), "names no allowed hosts")
    assert connector("source-many-hosts").document["description"].endswith("ads-11.example.com ….")


def test_a_tag_that_is_no_version_is_left_out() -> None:
    found = connector("source-community-dev")
    assert "version" in found.missing
    assert told(found, "The tag “dev”")


@pytest.mark.parametrize("content", [b"data: []", b"data: {}", b"name: x", b"data: {name: x}", b"a: &a [*a]"])
def test_what_is_no_metadata_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        imported(content, "airbyte")


def test_an_unknown_type_fills_no_end() -> None:
    found = imported(b"data: {connectorType: both, dockerRepository: a/b, name: N}", "airbyte")
    assert "data_movement" not in found.document
    assert told(found, "neither source nor destination")
