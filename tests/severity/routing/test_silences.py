"""A silence holds notices back, never incidents, and never a V3; it ends by the clock or by somebody."""

from typing import Any

import pytest

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from severity import reconcile
from severity.models import Incident, Silence, Telling
from severity.routing import services
from severity.rules import Level
from tests.changes.deciding import refusal
from tests.connectors.tracking.world import connector
from tests.people import actor, team
from tests.severity.routing.world import over, owners, passes, route, slip, told_to

pytestmark = pytest.mark.django_db


def silent(by: str = "amal", **more: Any) -> Silence:
    owners("amal")
    given: dict[str, Any] = {"minutes": 60, "reason": "The vendor moves its servers.", "team": "crm-team"} | more
    return services.silence(actor=actor(by), now=database_now(), **given)


def test_nothing_is_told_until_it_ends_and_then_what_is_still_open() -> None:
    route("pager", window_minutes=0)
    one = silent()
    stays, ends = slip(1), slip(2)
    assert told_to("pager") == []
    assert Incident.objects.unresolved().count() == 2
    assert set(Telling.objects.values_list("held", "silence")) == {("silence", one.pk)}
    over(ends)
    passes(minutes=59)
    assert told_to("pager") == []
    passes(minutes=2)
    assert told_to("pager") == [f"V1 opened: {stays.title}"]


def test_a_v3_is_never_silent_and_what_rises_to_one_speaks() -> None:
    route("pager")
    silent()
    slip(1)
    slip(2, level=Level.V3)
    assert told_to("pager") == ["V3 opened: Slip 2"]
    slip(1, level=Level.V3)
    assert told_to("pager")[1:] == ["V3 raised: Slip 1"]


def test_it_is_over_what_it_names_alone() -> None:
    one = connector("http://127.0.0.1:9/mcp")
    route("pager")
    silent(by="adam", team="", connector=one.key, rule="freshness")
    slip(1, connector=one)
    slip(2)
    assert told_to("pager") == ["V1 opened: Slip 2"]


def test_ended_early_what_it_held_is_told_now_escalations_too() -> None:
    route("pager", escalate_minutes=10, escalate_to=route("boss", only_escalated=True))
    slip(1)
    assert len(told_to("pager")) == 1
    one = silent()
    slip(2, dedup_key="other", connector=connector("http://127.0.0.1:9/mcp"))
    passes(minutes=11)
    assert (len(told_to("pager")), told_to("boss")) == (1, [])
    services.end_silence(actor=actor("amal"), silence_id=one.pk, now=database_now())
    assert (len(told_to("pager")), told_to("boss")) == (2, ["V1 escalated: Slip 1"])
    refusal(Conflict, services.end_silence, actor=actor("amal"), silence_id=one.pk)
    assert list(AuditLine.objects.filter(object_kind="silence").order_by("id").values_list("action", flat=True)) == [
        "silence.begin", "silence.end",
    ]  # fmt: skip


def test_one_that_was_ended_while_a_sweep_held_something_back_by_it_is_found() -> None:
    route("pager")
    one = silent()
    slip()
    told_to("pager")
    Silence.objects.filter(pk=one.pk).update(ends_at=database_now())
    assert told_to("pager") == []
    reconcile.tick()
    assert told_to("pager") == ["V1 opened: Slip 1"]


def test_of_two_silences_the_longer_counts() -> None:
    route("pager")
    silent(minutes=10)
    silent(minutes=30)
    slip()
    told_to("pager")
    passes(minutes=11)
    assert told_to("pager") == []
    passes(minutes=20)
    assert told_to("pager") == ["V1 opened: Slip 1"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 7 * 24 * 60 + 1}, "minutes"),
        ({"minutes": 10**12}, "minutes"),
        ({"reason": "  "}, "reason"),
        ({"reason": "a\x00"}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"team": ""}, "team"),
        ({"team": "nobody"}, "team"),
        ({"team": "a\x00"}, "team"),
        ({"connector": "nothing"}, "connector"),
        ({"rule": "nonsense"}, "rule"),
    ],
)
def test_a_silence_without_end_reason_or_matter_is_refused(wrong: dict[str, Any], path: str) -> None:
    team()
    refused = refusal(Invalid, lambda **told: silent(**wrong))
    assert path in {problem.path for problem in refused.problems}


def test_who_may_silence_whom() -> None:
    owners("amal", "vera")
    now = database_now()
    for who, target in (("vera", "crm-team"), ("noor", "crm-team"), ("amal", ""), ("amal", "erp-team")):
        team("erp-team")
        more = {"team": target} if target else {"rule": "freshness"}
        refusal(Forbidden, services.silence, actor=actor(who), minutes=5, reason="No.", **more)
    everything = services.silence(actor=actor("adam"), minutes=5, reason="Known.", rule="freshness", now=now)
    refusal(Forbidden, services.end_silence, actor=actor("amal"), silence_id=everything.pk)
    refusal(Missing, services.end_silence, actor=actor("adam"), silence_id=0)
