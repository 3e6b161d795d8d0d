"""What a verdict needs, which is worse, what looks like a credential; and that what is sent is bounded."""

from typing import Any

import pytest

from severity.claims import rules
from severity.claims.serializers import ClaimBody
from severity.rules import Level


def pieces(*said: str) -> list[dict[str, Any]]:
    return [{"kind": "log", "reference": f"log:{number}", "says": one} for number, one in enumerate(said)]


@pytest.mark.parametrize(
    ("said", "borne"),
    [
        ((), {"unverified"}),
        (("unclear",), {"unverified"}),
        (("supports",), {"unverified", "verified"}),
        (("supports", "unclear"), {"unverified", "verified", "partially_verified"}),
        (("supports", "contradicts"), {"unverified", "partially_verified", "contradicted"}),
        (("contradicts",), {"unverified", "contradicted"}),
        (("contradicts", "unclear"), {"unverified", "contradicted"}),
    ],
)
def test_which_verdicts_evidence_bears(said: tuple[str, ...], borne: set[str]) -> None:
    assert {one for one in rules.VERDICTS if not rules.missing_for(one, pieces(*said))} == borne
    assert rules.missing_for("sure", pieces(*said))


@pytest.mark.parametrize("reversibility", range(4))
@pytest.mark.parametrize(
    ("verdict", "plain", "governed"),
    [
        ("verified", None, None),
        ("partially_verified", Level.V2, Level.V2),
        ("unverified", Level.V2, Level.V3),
        ("contradicted", Level.V2, Level.V3),
    ],
)
def test_how_bad_a_verdict_is(verdict: str, plain: Level | None, governed: Level | None, reversibility: int) -> None:
    rule = rules.rule_of(verdict)
    found = rule.least(rules.circumstance_of(reversibility)) if rule else None
    assert found == (governed if reversibility >= 2 else plain)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://name:hunter22@host/log", True),
        ("Authorization: Bearer abcdefghijkl12345", True),
        ("https://host/log?token=abcdef123456", True),
        ("password=correct-horse", True),
        ("ghp_0123456789abcdefghij", True),
        ("run 42 of the nightly job", False),
        ("https://host/runs/42?page=2", False),
        ("the token of the run was refused", False),
    ],
)
def test_what_looks_like_a_credential(text: str, secret: bool) -> None:
    problems = rules.secrets_in({}, [{"reference": text, "note": ""}])
    assert [one.path for one in problems] == (["evidence.0.reference"] if secret else [])
    assert all(text not in one.message for one in problems)


def test_only_agents_that_speak_may_not_better() -> None:
    assert [one for one in ("human", "observer_agent", "recommender_agent") if rules.may_better(one)] == ["human"]
    assert rules.worse("contradicted", "verified")
    assert not rules.worse("verified", "verified")
    assert rules.same_name("Amal ", "ａmal")


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "x" * 101}, {"reference": "a\x00b"}, {"statement": "x" * 2001}, {"reversibility": "R4"},
        {"verdict": "sure"}, {"evidence": pieces(*["supports"] * 51)}, {"evidence": "all"}, {"evidence": [{"a": 1}]},
        {"about": {"kind": "Tool!", "key": "x"}}, {"more": 1}, {"connector": ["x"]}, {"claimed_by": {}},
    ],
)  # fmt: skip
def test_what_is_sent_is_bounded(change: dict[str, Any]) -> None:
    sound = {
        "reference": "c-1", "statement": "It is done.", "claimed_by": "agent", "actor_type": "observer_agent",
        "reversibility": "R2", "verdict": "verified", "evidence": pieces("supports"),
    }  # fmt: skip
    assert ClaimBody(data=sound).is_valid()
    assert not ClaimBody(data=sound | change).is_valid()
