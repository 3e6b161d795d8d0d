"""What happens by the clock: windows, expiry, reminders, and applying what was signed before."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from connectors.models import Connector
from portal.audit.models import AuditLine
from portal.changes import decisions, rebasing, services
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.services import Draft
from portal.changes.signing import signatures
from portal.changes.waking import tick, wake
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from portal.people.actors import Actor
from portal.refusals import Conflict, Invalid
from portal.roles import ActorType
from tests.changes.deciding import classed, described, edited, refusal, signed
from tests.people import actor, user
from tests.registering import apply_connector, approved, submitted

HOUR = timedelta(hours=1)


def soon() -> datetime:
    return database_now() + HOUR


def again(change: ChangeRequest) -> ChangeRequest:
    change.refresh_from_db()
    return change


def topics(change: ChangeRequest) -> list[str]:
    """What was told of it after it was submitted."""
    rows = OutboxEvent.objects.filter(payload__change=change.human_id).exclude(topic="change.submitted").order_by("id")
    return list(rows.values_list("topic", flat=True))


@pytest.mark.django_db
def test_a_signed_change_waits_for_its_time_and_is_applied_then_once() -> None:
    later = soon()
    change = signed(submitted(classed("A1", "R0"), apply_after=later), "omar")
    assert (change.state, change.wake_at) == (ChangeState.APPROVED, later)
    assert not Connector.objects.exists()
    assert wake(change.pk, now=later - timedelta(seconds=1)) == ""
    assert wake(change.pk, now=later) == "applied"
    assert wake(change.pk, now=later) == ""
    change = again(change)
    assert (change.state, change.applied_version, change.wake_at) == (ChangeState.APPLIED, 1, None)
    assert AuditLine.objects.filter(action="runtime_tool.apply").get().actor_name == "portal:changes"
    assert topics(change) == ["change.applied"]


@pytest.mark.django_db
def test_a_class_a_change_waits_for_its_time_too() -> None:
    later = soon()
    change = submitted(classed("A0", "R0", "S0"), apply_after=later)
    assert (change.state, change.wake_at) == (ChangeState.APPROVED, later)
    change = edited(change, described("Better words.", classed("A0", "R0", "S0")))
    assert (change.state, change.wake_at) == (ChangeState.APPROVED, later)
    assert wake(change.pk, now=later) == "applied"
    assert Connector.objects.get().document["description"] == "Better words."


@pytest.mark.django_db
def test_what_was_not_applied_before_its_window_closed_never_is() -> None:
    change = signed(submitted(classed("A1", "R0"), apply_after=soon(), apply_before=soon() + HOUR), "omar")
    assert wake(change.pk, now=soon() + 2 * HOUR) == "window_closed"
    assert (again(change).state, topics(change)) == (ChangeState.WITHDRAWN, ["change.window_closed"])
    assert not Connector.objects.exists()


@pytest.mark.django_db
def test_the_last_signature_after_the_window_applies_nothing() -> None:
    closes = soon()
    change = submitted(classed("A1", "R0"), apply_before=closes)
    told: dict[str, Any] = {"actor": actor("omar"), "change_id": change.pk, "digest": change.digest}
    assert refusal(Conflict, decisions.approve, **told, now=closes).rule == "window_closed"
    assert signatures(change) == []
    assert wake(change.pk, now=closes) == "window_closed"
    assert again(change).state == ChangeState.WITHDRAWN
    inside = submitted(classed("A1", "R0"), apply_before=closes)
    assert signed(inside, "omar").state == ChangeState.APPLIED


@pytest.mark.django_db
def test_a_window_that_is_over_or_empty_is_not_proposed() -> None:
    later = soon()
    backwards: dict[str, Any] = {"apply_after": later, "apply_before": later}
    for window in (backwards, {"apply_before": database_now() - HOUR}):
        with pytest.raises(Invalid) as caught:
            submitted(classed("A1", "R0"), **window)
        assert [problem.path for problem in caught.value.problems] == ["apply_before"]


@pytest.mark.django_db
def test_unsigned_too_long_it_expires_and_reminds_before() -> None:
    change = submitted(classed("A1", "R0"))
    sent = change.submitted_at
    assert sent is not None
    assert change.sign_by == sent + 24 * HOUR
    assert change.remind_at == change.wake_at
    assert wake(change.pk, now=sent + 12 * HOUR) == "reminder"
    assert wake(change.pk, now=sent + 13 * HOUR) == ""
    change = again(change)
    assert (change.state, change.remind_at, change.wake_at) == ("in_review", None, sent + timedelta(days=30))
    assert wake(change.pk, now=sent + timedelta(days=30)) == "expired"
    change = again(change)
    assert (change.state, change.reason) == (ChangeState.WITHDRAWN, "Nobody signed it in time.")
    assert topics(change) == ["change.reminder", "change.expired"]
    told: dict[str, Any] = {"actor": actor("omar"), "change_id": change.pk, "digest": change.digest}
    assert refusal(Conflict, decisions.approve, **told).rule == "state"


@pytest.mark.django_db
def test_a_new_proposal_starts_the_clocks_anew_and_a_no_op_save_does_not() -> None:
    change = submitted(classed("A1", "R0"))
    before = change.expires_at
    assert edited(change, classed("A1", "R0")).expires_at == before
    later = database_now() + 3 * HOUR
    wanted = Draft(document=described("Other."))
    told: dict[str, Any] = {"actor": actor("amal"), "change_id": change.pk}
    change = services.edit(draft=wanted, now=later, **told)
    assert (change.sign_by, change.expires_at) == (later + 24 * HOUR, later + timedelta(days=30))


@pytest.mark.django_db
def test_an_approved_change_that_is_edited_goes_back_to_review() -> None:
    later = soon()
    change = signed(submitted(classed("A1", "R0"), apply_after=later), "omar")
    change = edited(change, described("Other words."))
    assert (change.state, signatures(change), change.decided_at) == (ChangeState.IN_REVIEW, [], None)
    assert wake(change.pk, now=later) == ""
    assert not Connector.objects.exists()
    assert signed(change, "omar").state == ChangeState.APPROVED
    moved = services.edit(
        actor=actor("amal"), change_id=change.pk, draft=Draft(apply_after=later + HOUR), now=database_now()
    )
    assert (moved.state, signatures(moved)) == (ChangeState.IN_REVIEW, [])


@pytest.mark.django_db
def test_what_is_held_back_by_a_conflict_is_told_and_tried_once() -> None:
    apply_connector(classed("A1", "R0"))
    later = soon()
    change = signed(submitted(described("Later."), apply_after=later), "omar")
    approved(submitted(described("Now."), by="noor"), "omar")
    assert wake(change.pk, now=later) == "held_back"
    change = again(change)
    assert (change.state, change.wake_at) == (ChangeState.APPROVED, None)
    assert "moved on to version 2" in change.held_back
    assert topics(change) == ["change.held_back"]
    told: dict[str, Any] = {"actor": actor("amal"), "change_id": change.pk}
    change = rebasing.rebase(choices={"description": "proposed"}, now=later, **told)
    # What is proposed is what was signed, and its object stands where it is made from now.
    assert (change.held_back, change.state, change.applied_version) == ("", ChangeState.APPLIED, 3)


@pytest.mark.django_db
def test_what_lacks_a_signature_when_its_time_has_come_goes_back_to_collect_it() -> None:
    later = soon()
    change = signed(submitted(classed("A1", "R0"), apply_after=later), "omar")
    omar = user("omar")
    omar.is_active = False
    omar.save()
    assert wake(change.pk, now=later) == "held_back"
    change = again(change)
    assert (change.state, change.sign_by is not None) == (ChangeState.IN_REVIEW, True)
    assert "Still needed" in change.held_back
    assert not Connector.objects.exists()
    decisions.approve(actor=actor("lina"), change_id=change.pk, digest=change.digest, now=later)
    assert again(change).state == ChangeState.APPLIED


@pytest.mark.django_db
def test_an_observers_token_never_commits_what_its_human_drafted() -> None:
    observer = Actor.of(user("amal"), actor_type=ActorType.OBSERVER_AGENT.value)
    apply_connector(classed("A0", "R0", "S0"))
    later = soon()
    change = submitted(described("Same.", classed("A0", "R0", "S0")), apply_after=later, to_state="deprecated")
    assert change.state == ChangeState.APPROVED
    apply_connector(described("Same.", classed("A0", "R0", "S0")), by="noor")
    told: dict[str, Any] = {"actor": observer, "change_id": change.pk}
    change = rebasing.rebase(choices={}, now=later, **told)
    assert (change.state, change.required_class, change.action_class) == ("in_review", "A1", "B")
    draft = services.propose(actor=actor("amal"), kind_name="runtime_tool", key="", now=later,
                             draft=Draft(document=classed("A0", "R0", "S0", key="second"),
                                         evidence=change.evidence))  # fmt: skip
    sent = services.submit(actor=observer, change_id=draft.pk, now=later)
    assert (sent.state, sent.required_class, sent.action_class) == ("in_review", "A1", "B")
    assert Connector.objects.get().version == 2


def four_due() -> list[ChangeRequest]:
    """One to remind of, one that expires, one to apply, one that cannot be applied."""
    apply_connector(classed("A1", "R0", key="held"))
    past = database_now() - HOUR
    later = soon()
    held = signed(submitted(described("Later.", classed("A1", "R0", key="held")), apply_after=later), "omar")
    approved(submitted(described("Now.", classed("A1", "R0", key="held")), by="noor"), "omar")
    changes = [
        submitted(classed("A1", "R0", key="reminded")),
        submitted(classed("A1", "R0", key="expired")),
        signed(submitted(classed("A1", "R0", key="applied"), apply_after=later), "omar"),
        held,
    ]
    rows = [ChangeRequest.objects.filter(pk=change.pk) for change in changes]
    rows[0].update(remind_at=past, wake_at=past)
    rows[1].update(expires_at=past, wake_at=past)
    rows[2].update(apply_after=past, wake_at=past)
    rows[3].update(apply_after=past, wake_at=past)
    return changes


ALL_ONCE = {"reminder": 1, "expired": 1, "applied": 1, "held_back": 1}


def states(changes: list[ChangeRequest]) -> list[str]:
    return [again(change).state for change in changes]


@pytest.mark.django_db
def test_a_second_tick_finds_nothing_left() -> None:
    changes = four_due()
    assert tick() == ALL_ONCE
    assert tick() == {}
    assert states(changes) == ["in_review", "withdrawn", "applied", "approved"]


def test_two_workers_at_once_do_everything_once(committed: None) -> None:
    changes = four_due()

    def work(_: int) -> dict[str, int]:
        try:
            return tick()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(work, range(2)))
    total = {name: sum(one.get(name, 0) for one in done) for name in ALL_ONCE}
    assert total == ALL_ONCE
    assert states(changes) == ["in_review", "withdrawn", "applied", "approved"]
    told = [topic for change in changes for topic in topics(change)]
    assert sorted(told) == ["change.applied", "change.expired", "change.held_back", "change.reminder"]
    assert (
        AuditLine.objects.filter(object_kind="runtime_tool", object_key="applied", action="runtime_tool.apply").count()
        == 1
    )
