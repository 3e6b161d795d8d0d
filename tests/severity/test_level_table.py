"""The level table as one table: every source in every circumstance, how bad it is, what recovery makes of it, whom it holds up.

The right side is written out by hand from the domain (Severity and incidents, Tracked tasks, Great Expectations checkpoints,
Changes), so that it is no copy of the code's own table.
"""

import itertools
from typing import Any

import pytest

from portal.operations.services import database_now
from portal.people.actors import Actor
from severity.gate.services import evaluate
from severity.models import Incident, ReleaseCandidate
from severity.opening import Found, open_incident
from severity.readiness import STAGES
from severity.recovering import recover
from severity.rules import RULES, Level
from tests.people import team
from tests.releases import world

pytestmark = pytest.mark.django_db

TASK = ("start", "deadline", "stall", "input", "blind", "cancel", "late_completion")
ENDED = ("failed_tool", "failed", "cancelled_remotely", "lost", "expired", "not_started")
CHECKS = ("checkpoint_failed", "checkpoint_error")
# What holds up: "" nothing, R the row is at risk, B it blocks; on the ways to staging, canary and prod.
V0, V1, V2, V3 = ("V0", "resolved", ""), ("V1", "resolved", "RRR"), ("V2", "mitigated", "RRB"), ("V3", "open", "BBB")
# (source, rule, circumstance) → level, state after recovery, effect.
TABLE: dict[tuple[str, str, str], tuple[str, str, str]] = {
    **{("task", rule, "plain"): V1 for rule in (*TASK, *ENDED)},
    **{("task", rule, "customer"): V2 for rule in (*TASK, *ENDED)},
    ("watch", "unjudged", "plain"): V1,
    ("watch", "nobody", "plain"): V1,
    ("watch", "part_silent", "plain"): V1,
    ("watch", "polls_behind", "plain"): V1,
    ("approval", "approval_late", "plain"): V2,
    ("approval", "emergency", "plain"): V1,
    ("freshness", "freshness", "plain"): V1,
    ("freshness", "freshness", "customer"): V2,
    ("freshness", "sync_failed", "plain"): V1,
    ("freshness", "sync_failed", "customer"): V2,
    ("drift", "notice_late", "plain"): V1,
    ("drift", "waiver_over", "plain"): V1,
    ("drift", "move_late", "plain"): V1,
    ("drift", "tool_drift", "plain"): V1,
    ("drift", "tool_drift", "customer"): V2,
    ("drift", "tool_drift", "steering"): V2,
    ("drift", "tool_added", "plain"): V0,
    ("metric", "out_of_range", "plain"): V1,
    ("metric", "certification_over", "plain"): V0,
    **{("checkpoint", rule, "plain"): V1 for rule in (*CHECKS, "checkpoint_absent")},
    **{("checkpoint", rule, "customer"): V2 for rule in (*CHECKS, "checkpoint_absent")},
    **{("checkpoint", rule, "regulated"): V3 for rule in CHECKS},
    ("contradiction", "claim_contradicted", "plain"): V2,
    ("contradiction", "claim_contradicted", "governed"): V3,
    ("contradiction", "claim_partial", "plain"): V2,
    ("contradiction", "claim_partial", "governed"): V2,
    ("manual", "declared", "plain"): V0,
    ("api", "reported", "plain"): V0,
}
LEVELS = {"V0": V0, "V1": V1, "V2": V2, "V3": V3}


def test_no_rule_and_no_circumstance_is_left_out() -> None:
    assert {(rule, seen) for _source, rule, seen in TABLE} == {
        (rule.name, seen) for rule in RULES.values() for seen in rule.circumstances
    }


def opened(source: str, rule: str, circumstance: str, level: Level = Level.V0) -> Incident:
    found = Found(
        rule=RULES[rule], source=source, dedup_key=f"{source}:{rule}", epoch=database_now(), title=RULES[rule].title,
        told=RULES[rule].told, owner_id=team("crm-team").pk, subject_kind="thing", subject_key="one",
        circumstance=circumstance, level=level, evidence=[{"kind": "log", "reference": "log:1", "note": ""}],
    )  # fmt: skip
    return open_incident(found, actor=Actor.system("tests"))[0]


def effect(incident: Incident) -> str:
    """What the incident does to each promotion, as the gate tells it."""
    told = ""
    for stage, to in itertools.pairwise(STAGES):
        ReleaseCandidate.objects.update(stage=stage)
        evaluation = evaluate("r-2026.12", to)
        blocks = any(one.object == incident.human_id for one in evaluation.blocked)
        warns = any(one.object == incident.human_id for one in evaluation.warnings)
        assert evaluation.allowed is not blocks, "nothing else is wrong in this world"
        status = {row.dimension: row.status.value for row in evaluation.rows}[incident.dimension]
        assert status == ("blocked" if blocks else "risk" if warns or incident.dimension == "provenance" else "ok")
        told += "B" if blocks else "R" if warns else ""
    return told


@pytest.mark.parametrize(("key", "row"), TABLE.items(), ids=["-".join(key) for key in TABLE])
def test_level_state_and_effect(key: tuple[str, str, str], row: tuple[str, str, str]) -> None:
    world.well()
    incident = opened(*key)
    assert (incident.level.name, incident.state) == (row[0], "open")
    assert effect(incident) == row[2]
    recover(told="Its cause is over.", actor=Actor.system("tests"), incident_id=incident.pk)
    incident.refresh_from_db()
    assert incident.state == row[1]


@pytest.mark.parametrize("source", ["manual", "api"])
@pytest.mark.parametrize("level", LEVELS)
def test_what_people_and_other_systems_say_is_as_bad_as_they_say(source: str, level: str) -> None:
    world.well()
    incident = opened(source, "declared" if source == "manual" else "reported", "plain", Level[level])
    assert incident.level.name == level
    assert effect(incident) == LEVELS[level][2]
    recover(told="Its cause is over.", actor=Actor.system("tests"), incident_id=incident.pk)
    incident.refresh_from_db()
    assert incident.state == LEVELS[level][1]


@pytest.mark.parametrize(
    ("level", "change", "told"),
    [
        ("V1", {"measure": "Done by hand every morning."}, ""),
        ("V2", {"measure": "Done by hand every morning."}, "RRB"),
        ("V3", {"measure": "Done by hand every morning."}, "BBB"),
        ("V2", {"state": "mitigated"}, "RRR"),
        ("V3", {"state": "mitigated"}, "BBB"),
        ("V2", {"state": "acknowledged"}, "RRB"),
        ("V3", {"state": "acknowledged"}, "BBB"),
    ],
)
def test_what_people_do_about_it(level: str, change: dict[str, Any], told: str) -> None:
    world.well()
    incident = opened("manual", "declared", "plain", Level[level])
    now = database_now()
    times = {"acknowledged_at": now} if "state" in change else {}
    times |= {"mitigated_at": now} if change.get("state") == "mitigated" else {}
    Incident.objects.filter(pk=incident.pk).update(**change, **times)
    assert effect(incident) == told
