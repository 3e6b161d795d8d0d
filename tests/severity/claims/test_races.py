"""The same report at the same moment, and two verdicts at once, on connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.db import transaction
from pytest_django.live_server_helper import LiveServer

from portal.people.actors import Actor
from portal.roles import ActorType
from severity.models import Claim, ClaimEvent, Incident
from tests.at_once import FEW, Both
from tests.people import actor, machine
from tests.releases.test_races import beside, somebody_waits_for_a_lock
from tests.severity.claims.world import body, corrected, reported

pytestmark = pytest.mark.usefixtures("committed")


@pytest.mark.parametrize(("other", "told"), [("contradicted", "CLM"), ("unverified", "other_content")])
def test_a_report_waits_for_the_same_one_that_is_being_kept(other: str, told: str) -> None:
    actor("amal")
    body()
    with transaction.atomic():
        claim = reported()
        thread, answers = beside(lambda: reported(other).human_id)
        waited = somebody_waits_for_a_lock()
    thread.join(20)
    assert waited
    assert answers == ([claim.human_id] if told == "CLM" else [["other_content"]])
    assert Claim.objects.count() == ClaimEvent.objects.count() == Incident.objects.count() == 1
    assert Incident.objects.get().repeats == 0


def test_many_equal_reports_over_http_are_one_claim(served: LiveServer, token_of: Callable[..., str]) -> None:
    headers = {"Authorization": f"Bearer {token_of('amal')}"}
    sent = body(reversibility="R3")

    def send(_turn: int) -> tuple[int, Any]:
        answer = httpx.post(f"{served.url}/api/v1/claims/", json=sent, headers=headers, timeout=60)
        return answer.status_code, answer.json().get("human_id")

    with ThreadPoolExecutor(6) as many:
        answers = list(many.map(send, range(12)))
    assert sorted(status for status, _name in answers) == [200] * 11 + [201]
    assert {name for _status, name in answers} == {Claim.objects.get().human_id}
    assert Incident.objects.get().repeats == 0


def test_two_verdicts_at_once_follow_one_another(both: Both) -> None:
    people = [actor("omar"), actor("huda")]
    for number in range(FEW):
        claim = reported(reference=f"c-{number}", reversibility="R1")
        both(
            lambda claim=claim: corrected(claim, "verified", by=people[0]),
            lambda claim=claim: corrected(claim, "contradicted", by=people[1]),
        )
        claim.refresh_from_db()
        events = list(claim.events.values_list("verdict", flat=True))
        assert claim.verdict == events[-1]
        assert len(events) == 3
        # What the incident says follows the verdict that stands.
        state = Incident.objects.get(subject_id=claim.pk).state
        assert state == ("mitigated" if claim.verdict == "verified" else "open")


def test_a_verdict_is_judged_by_what_stands_once_the_one_before_it_is_kept() -> None:
    claim, agent = reported("verified"), Actor.of(machine("watcher", actor_type=ActorType.OBSERVER_AGENT))
    actor("huda")
    with transaction.atomic():
        corrected(claim, "contradicted", by="huda")
        # Worse than verified, but better than what is being written.
        thread, answers = beside(lambda: corrected(claim, "partially_verified", by=agent).verdict)
        waited = somebody_waits_for_a_lock()
    thread.join(20)
    assert waited
    assert answers == [["only_worse"]]
    claim.refresh_from_db()
    assert claim.verdict == "contradicted"
