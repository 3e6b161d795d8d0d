"""Two at the same moment: who takes it on, what is merged into what, what is reported twice."""

from functools import partial
from typing import Any

import pytest

from portal.operations.services import database_now
from portal.people.actors import Actor
from severity import services
from severity.models import Incident, IncidentState
from severity.rules import Level
from severity.services import Told
from tests.at_once import Both
from tests.people import actor, machine, team, user
from tests.severity.incidents.making import SHOWN, again, declared, lines

ROUNDS = 4


@pytest.mark.usefixtures("committed")
def test_of_two_who_acknowledge_at_once_one_commands(both: Both) -> None:
    people = [actor("amal"), actor("omar")]
    for _ in range(ROUNDS):
        incident = declared()
        told: dict[str, Any] = {"incident_id": incident.pk, "now": database_now()}
        answers = both(*(partial(services.acknowledge, actor=one, **told) for one in people))
        assert answers.count("state") == 1
        after = again(incident)
        winner = next(one for one in answers if one != "state")
        assert (after.state, after.commander_id) == (IncidentState.ACKNOWLEDGED, winner.commander_id)
        assert lines(after).count("acknowledged") == 1


@pytest.mark.usefixtures("committed")
def test_two_merges_into_each_other_make_no_circle(both: Both) -> None:
    people = [actor("amal"), actor("omar")]
    for _ in range(ROUNDS):
        one, other = declared(Level.V1), declared(Level.V2)
        now = database_now()
        answers = both(
            partial(services.merge, actor=people[0], incident_id=one.pk, into=other.pk, now=now),
            partial(services.merge, actor=people[1], incident_id=other.pk, into=one.pk, now=now),
        )
        assert answers.count("state") == 1
        lasting = Incident.objects.unresolved().filter(pk__in=[one.pk, other.pk]).get()
        assert (lasting.level, lasting.by_hand, lasting.merged_into_id) == (Level.V2, True, None)


@pytest.mark.usefixtures("committed")
def test_what_is_merged_and_resolved_at_once_is_never_lost(both: Both) -> None:
    people = [actor("amal"), actor("omar")]
    for _ in range(ROUNDS):
        gone, kept = declared(Level.V3), declared(Level.V1)
        now = database_now()
        answers = both(
            partial(services.merge, actor=people[0], incident_id=gone.pk, into=kept.pk, now=now),
            partial(services.resolve, actor=people[1], incident_id=kept.pk, now=now),
        )
        # Resolved first, there is nothing to merge into; merged first, what goes on is a V3 and asks for a sentence.
        assert sorted(str(one) for one in answers if isinstance(one, str)) in (["state"], ["text"])
        assert Incident.objects.unresolved().filter(severity=Level.V3).count() == 1
        Incident.objects.update(state="resolved", resolved_at=now, resolved_by=user("omar"), mitigated_at=None)


@pytest.mark.usefixtures("committed")
def test_the_same_report_at_once_opens_one_incident(both: Both) -> None:
    team()
    sender = Actor.of(machine("pager"))
    for number in range(ROUNDS):
        told = Told(title="Disk full", severity=Level.V2, owner="crm-team", evidence=SHOWN)
        call = partial(services.report, actor=sender, now=database_now(), key=f"disk-{number}", told=told)
        answers = both(call, call)
        assert sorted(what for _incident, what in answers) == ["known", "opened"]
        assert Incident.objects.get(dedup_key__endswith=f":disk-{number}").repeats == 0
