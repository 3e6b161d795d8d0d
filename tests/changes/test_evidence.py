"""Evidence packs: needed, whole, frozen with the proposal, and never a way in."""

from typing import Any

import pytest

from portal.changes.evidence import check_evidence
from portal.changes.models import Proposal
from portal.changes.signing import signatures
from portal.refusals import Invalid
from tests.changes.deciding import classed, edited, signed
from tests.registering import EVIDENCE, submitted

FIELDS = ("sources", "assumptions", "freshness", "compliance_notes", "alternatives", "rollback")


@pytest.mark.django_db
@pytest.mark.parametrize("document", [classed("A1", "R0"), classed("A2", "R2"), classed("A3", "R3")])
def test_what_somebody_signs_needs_it_and_every_missing_field_is_named(document: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        submitted(document, evidence={})
    assert caught.value.rule == "evidence"
    assert [problem.path for problem in caught.value.problems] == [f"evidence.{name}" for name in FIELDS]


@pytest.mark.django_db
def test_class_a_needs_none() -> None:
    assert submitted(classed("A0", "R0", "S0"), evidence={}).state == "applied"


@pytest.mark.django_db
def test_it_is_frozen_with_the_proposal_and_an_edit_of_it_voids_the_signatures() -> None:
    change = signed(submitted(classed("A2", "R2")), "omar")
    change = edited(change, dict(change.document), evidence=EVIDENCE | {"rollback": "By hand."})
    assert (change.state, signatures(change)) == ("in_review", [])
    first, second = Proposal.objects.filter(change=change)
    assert (first.evidence, second.evidence["rollback"]) == (EVIDENCE, "By hand.")


@pytest.mark.parametrize(
    ("hostile", "path"),
    [
        ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "evidence.links.0.url"),
        ({"links": [{"title": "x", "url": "https://"}]}, "evidence.links.0.url"),
        ({"attachments": [{"name": "../../etc/passwd", "digest": "0" * 64}]}, "evidence.attachments.0.name"),
        ({"attachments": [{"name": "a.pdf", "digest": "zz"}]}, "evidence.attachments.0.digest"),
        ({"rollback": "x" * 5001}, "evidence.rollback"),
        ({"sources": []}, "evidence.sources"),
        ({"sources": ["x"] * 51}, "evidence.sources"),
        ({"surprise": 1}, "evidence.surprise"),
        ({"assumptions": None}, "evidence.assumptions"),
    ],
)
def test_hostile_and_huge_input_is_named_by_its_path(hostile: dict[str, Any], path: str) -> None:
    _pack, problems = check_evidence(EVIDENCE | hostile)
    assert [problem.path for problem in problems] == [path]


@pytest.mark.django_db
def test_a_file_that_was_never_uploaded_is_no_evidence() -> None:
    with pytest.raises(Invalid) as caught:
        submitted(classed("A1", "R0"), evidence=EVIDENCE | {"attachments": [{"name": "a.pdf", "digest": "0" * 64}]})
    assert [problem.path for problem in caught.value.problems] == ["evidence.attachments.0.digest"]
