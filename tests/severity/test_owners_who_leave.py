"""A team that loses its last active member answers for nothing any more: one task for those who can give it somebody."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.changes import services as changes
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.outbox import lanes
from portal.outbox.models import Notice, OutboxEvent
from portal.people import services, teams
from portal.people.models import Team
from portal.refusals import Invalid
from severity import reconcile, sweep, team_statements
from severity import services as acting
from severity.models import Incident, TimelineEvent
from tests.documents import runtime_tool_document
from tests.events.registering import family
from tests.metrics.registering import changed, metric, metric_document
from tests.people import actor, machine, user
from tests.registering import EVIDENCE, apply_connector

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def administrators() -> None:
    user("adam")


def now() -> Any:
    return database_now()


def leave(name: str) -> None:
    teams.remove_members(actor=actor("adam"), key="crm-team", usernames=[name], now=now())


def join(name: str) -> None:
    user(name)
    teams.add_members(actor=actor("adam"), key="crm-team", usernames=[name], now=now())


def incidents() -> list[tuple[str, int, str, str]]:
    """What stands after the sweep and the slower look, each twice."""
    for _again in range(2):
        sweep.tick()
        reconcile.tick()
    return list(Incident.objects.order_by("id").values_list("rule", "severity", "state", "title"))


def hears() -> set[tuple[str, str]]:
    lanes.expand()
    return set(Notice.objects.values_list("user__username", "event__topic"))


def test_every_kind_of_entry_is_counted() -> None:
    tables = {
        "connectors_connector",
        "events_eventfamily",
        "events_eventschema",
        "metrics_metric",
        "policy_approvalpolicy",
    }
    assert set(team_statements._TABLES) >= tables


def test_the_last_one_who_leaves_opens_one_task_that_administrators_hear_of() -> None:
    metric()
    apply_connector(runtime_tool_document())
    assert incidents() == []
    user("khalid")
    leave("maha")
    assert incidents() == [("nobody", 1, "open", "Nobody answers: 2 entries of Crm Team")]
    incident = Incident.objects.get()
    assert (incident.subject_kind, incident.subject_key, incident.owner.key) == ("team", "crm-team", "crm-team")
    assert ("adam", "incident.told") in hears()
    assert not {who for who, topic in hears() if topic == "incident.told"} - {"adam"}
    # A machine answers for nothing.
    Team.objects.get(key="crm-team").members.add(machine("meter"))
    Team.objects.update(judge_at=now())
    assert [one[2] for one in incidents()] == ["open"]
    join("noor")
    assert [one[2] for one in incidents()] == ["resolved"]
    assert TimelineEvent.objects.latest("id").text == "The team has somebody again."
    assert ("noor", "incident.told") in hears()


def test_who_is_deactivated_has_left_and_comes_back() -> None:
    metric()
    services.deactivate(actor=actor("adam"), username="maha", now=now())
    assert [(one[2], one[3]) for one in incidents()] == [("open", "Nobody answers: 1 entry of Crm Team")]
    services.reactivate(actor=actor("adam"), username="maha", now=now())
    assert [one[2] for one in incidents()] == ["resolved"]
    services.deactivate(actor=actor("adam"), username="maha", now=now())
    assert [one[2] for one in incidents()] == ["resolved", "open"]


def test_a_team_that_owns_nothing_is_no_task_and_one_that_gives_all_away_is_done() -> None:
    Team.objects.create(key="idle", name="Idle")
    teams.add_members(actor=actor("adam"), key="idle", usernames=["adam"], now=now())
    teams.remove_members(actor=actor("adam"), key="idle", usernames=["adam"], now=now())
    assert incidents() == []
    # Given an entry while it has nobody: kinds that do not ask for somebody let that happen.
    family(owner="idle")
    assert [(one[0], one[2]) for one in incidents()] == [("nobody", "open")]


def test_those_who_stay_hear_what_their_team_answers_for() -> None:
    metric()
    join("noor")
    join("amal")
    OutboxEvent.objects.all().delete()
    leave("amal")
    event = OutboxEvent.objects.get(topic="team.left")
    assert event.subject == "Amal left Crm Team, which answers for one entry"
    assert event.payload["owned"] == [{"kind": "Metrics", "count": 1, "first": ["Recognized revenue"]}]
    assert event.payload["url"] == "/settings/teams/crm-team/"
    assert {who for who, topic in hears() if topic == "team.left"} == {"maha", "noor"}
    services.deactivate(actor=actor("adam"), username="noor", now=now())
    assert OutboxEvent.objects.filter(topic="team.left").count() == 2
    assert incidents() == []
    leave("noor")
    leave("amal")
    assert OutboxEvent.objects.filter(topic="team.left").count() == 2, "who was gone does not leave again"


def test_a_person_who_resolves_it_is_left_alone_for_a_day() -> None:
    metric()
    leave("maha")
    incidents()
    acting.resolve(actor=actor("omar"), incident_id=Incident.objects.get().pk, now=now(), text="Known.")
    assert [one[2] for one in incidents()] == ["resolved"]


def test_a_metric_is_proposed_for_a_team_that_has_somebody() -> None:
    metric()
    Team.objects.create(key="ghosts", name="Ghosts").members.add(machine("meter"))
    draft = Draft(document=metric_document(owner="ghosts"), evidence=EVIDENCE)
    change = changes.propose(actor=actor("amal"), kind_name="metric", key="revenue_sar", draft=draft, now=now())
    with pytest.raises(Invalid) as caught:
        changes.submit(actor=actor("amal"), change_id=change.pk, now=now())
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [("owner", "nobody")]
    assert changed(metric_document(owner="ghosts")).state == "in_review", "once somebody belongs to it"


def test_looking_at_a_thousand_teams_is_one_statement() -> None:
    Team.objects.bulk_create(Team(key=f"team-{number}", name=str(number)) for number in range(1_000))
    metric()
    with CaptureQueriesContext(connection) as caught:
        reconcile.tick()
    assert len([one for one in caught if "people_team" in one["sql"]]) <= 6
