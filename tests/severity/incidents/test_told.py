"""Incidents that are told: declared by people, reported by other systems."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Forbidden, Invalid
from portal.roles import ActorType
from severity import services
from severity.models import Incident, IncidentState
from severity.rules import Level
from severity.services import Told
from tests.changes.deciding import refusal
from tests.people import actor, machine, team
from tests.severity.incidents.making import SHOWN, act, again, declared, lines, table_applied

pytestmark = pytest.mark.django_db
DISK = Told(title="Disk full", severity=Level.V1, owner="crm-team")


@pytest.fixture(autouse=True)
def crm_team() -> None:
    team()


def reported(
    told: Told | None = DISK, name: str = "pager", key: str = "disk", **more: Any
) -> tuple[Incident | None, str]:
    return services.report(actor=Actor.of(machine(name)), key=key, told=told, **({"now": database_now()} | more))


def over(**more: Any) -> tuple[Incident | None, str]:
    return reported(None, status="resolved", **more)


def standing() -> Incident:
    return Incident.objects.unresolved().get()


def test_a_declared_one_is_as_bad_as_was_said_and_not_milder_than_the_table() -> None:
    assert (declared(Level.V1).level, declared(Level.V1).source) == (Level.V1, "manual")
    table_applied(("levels.declared.plain", "V2"))
    raised = declared(Level.V1)
    assert (raised.level, raised.opened_severity, raised.table_version) == (Level.V2, 2, 1)


def test_declared_twice_by_one_form_it_is_declared_once() -> None:
    told: dict[str, Any] = {"actor": actor("amal"), "now": database_now(), "told": DISK, "once": "form-1"}
    assert services.declare(**told) == services.declare(**told)
    assert services.declare(**(told | {"actor": actor("omar")})).pk != standing_of("amal").pk


def standing_of(name: str) -> Incident:
    return Incident.objects.get(dedup_key__startswith=f"manual:{actor(name).user_id}:")


@pytest.mark.parametrize(
    "wrong",
    [{"title": " "}, {"title": "x" * 301}, {"title": "a\x00"}, {"severity": Level.V3}, {"owner": "nobody"},
     {"owner": "\x00"}, {"dimension": "nonsense"}, {"connector": "nonsense"}, {"impact": "x" * 301}],
)  # fmt: skip
def test_what_is_no_incident_is_neither_declared_nor_reported(wrong: dict[str, Any]) -> None:
    told = replace(DISK, **wrong)
    refusal(Invalid, services.declare, actor=actor("amal"), told=told)
    refusal(Invalid, services.report, actor=Actor.of(machine("pager")), key="disk", told=told)


def test_who_may() -> None:
    for who in ("vera", "adam", "omar"):
        refusal(Forbidden, services.report, actor=actor(who), key="disk", told=DISK)
    observer = Actor.of(machine("watcher", actor_type=ActorType.OBSERVER_AGENT))
    refusal(Forbidden, services.report, actor=observer, key="disk", told=DISK)
    for someone in (actor("vera"), Actor.of(machine("pager"))):
        refusal(Forbidden, services.declare, actor=someone, told=DISK)


def test_told_again_it_counts_once_and_worse_it_rises() -> None:
    first, what = reported()
    assert what == "opened"
    assert reported() == (first, "known")
    started = database_now()
    assert reported(started_at=started)[1] == "repeated"
    assert reported(started_at=started)[1] == "known"
    assert reported(started_at=started - timedelta(hours=1))[1] == "known"
    assert reported(replace(DISK, severity=Level.V2))[1] == "raised"
    assert reported(replace(DISK, severity=Level.V3, evidence=SHOWN))[1] == "raised"
    assert (standing().level, standing().repeats) == (Level.V3, 3)


def test_the_key_is_the_account_s_own() -> None:
    one, other = reported()[0], reported(name="other-pager")[0]
    assert one != other
    assert over(name="third-pager") == (None, "nothing")


@pytest.mark.parametrize(
    ("level", "what", "state"),
    [
        (Level.V0, "resolved", IncidentState.RESOLVED),
        (Level.V1, "resolved", IncidentState.RESOLVED),
        (Level.V2, "mitigated", IncidentState.MITIGATED),
        (Level.V3, "stays", IncidentState.OPEN),
    ],
)
def test_recovery_follows_the_domain(level: Level, what: str, state: str) -> None:
    incident = reported(replace(DISK, severity=level, evidence=SHOWN))[0]
    assert incident is not None
    assert over()[1] == what
    assert again(incident).state == state
    assert over()[1] == ("nothing" if state == IncidentState.RESOLVED else "stays")
    assert lines(incident).count(what) == (what != "stays")


def test_what_took_over_another_waits_for_a_person() -> None:
    incident = reported()[0]
    assert incident is not None
    act("merge", declared(), into=incident.pk)
    assert over()[1] == "stays"


def test_the_same_cause_after_its_end_is_a_new_incident_and_a_late_repeat_is_none() -> None:
    started = database_now() - timedelta(hours=1)
    first = reported(started_at=started)[0]
    over()
    assert reported(started_at=started) == (first, "known")
    assert not Incident.objects.unresolved().exists()
    second, what = reported(started_at=started + timedelta(minutes=1))
    assert (what, second == first) == ("opened", False)
    # The end of the first comes late, again.
    assert over(started_at=started)[1] == "stays"
    assert standing() == second


@pytest.mark.parametrize(
    "wrong",
    [{"key": " "}, {"key": "x" * 91}, {"key": "a\x00"}, {"told": None},
     {"started_at": datetime.fromisoformat("2999-01-01T00:00:00+00:00")}],
)  # fmt: skip
def test_a_report_that_says_nothing_is_refused(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"key": "disk", "told": DISK, "actor": Actor.of(machine("pager"))} | wrong
    refusal(Invalid, services.report, **given)
