"""Who is told what of a change: the author, followers, co-authors, those who can sign, the team."""

from datetime import timedelta

import pytest

from portal.changes import decisions, discussion, services, waking
from portal.changes.models import ChangeRequest
from portal.changes.reads import helpful_signers
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.outbox import lanes
from portal.outbox.models import Notice, OutboxEvent
from portal.outbox.rules import Reason
from portal.people.actors import Actor
from portal.people.models import User
from tests.changes.deciding import amended, classed, described, edited, signed
from tests.documents import runtime_tool_document
from tests.people import actor, machine, team, user
from tests.registering import EVIDENCE, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def everybody() -> None:
    for name in ("amal", "noor", "omar", "lina", "huda", "khalid"):
        user(name)


def told(topic: str, number: int = 0) -> dict[str, str]:
    """Who was told by name, of the newest event of this topic or one before it."""
    event = OutboxEvent.objects.filter(topic=f"change.{topic}").order_by("-id")[number]
    names = {str(one.pk): one.username for one in User.objects.all()}
    return {names[key]: reason for key, reason in event.people.items()}


def a2() -> ChangeRequest:
    return submitted(classed("A2", "R2"))


def test_those_who_can_sign_are_told_when_it_comes_before_them() -> None:
    a2()
    assert told("submitted") == dict.fromkeys(("omar", "lina", "huda", "khalid"), Reason.SIGNER) | {
        "amal": Reason.AUTHOR
    }
    assert OutboxEvent.objects.get().caused_by == user("amal").pk


def test_only_the_owner_teams_signers_are_told_where_it_has_some() -> None:
    team().members.add(user("lina"), user("noor"))
    a2()
    assert told("submitted") == {"lina": Reason.SIGNER, "amal": Reason.AUTHOR}


def test_nobody_is_asked_to_sign_what_nobody_signs() -> None:
    document = runtime_tool_document()
    change = submitted(document)
    if change.action_class == "A":
        assert not OutboxEvent.objects.filter(topic="change.submitted").exists()
    else:
        assert set(told("submitted").values()) == {Reason.SIGNER, Reason.AUTHOR}


def test_whoever_signed_is_not_asked_again_until_the_content_changes() -> None:
    change = signed(a2(), "omar")
    assert "omar" not in {one.username for one in helpful_signers(change)}
    change = edited(change, described("Another text.", classed("A2", "R2")))
    assert told("submitted")["omar"] == Reason.SIGNER


def test_after_one_lead_only_a_head_helps() -> None:
    change = signed(a2(), "omar")
    assert [one.username for one in helpful_signers(change)] == ["khalid", "huda"]


def test_an_amendment_is_told_to_its_author_and_its_writer_does_not_sign() -> None:
    amended(a2(), described("Clearer.", classed("A2", "R2")), by="lina")
    people = told("amended")
    assert people["amal"] == Reason.AUTHOR
    assert people["lina"] == Reason.AUTHOR
    assert people["huda"] == Reason.SIGNER


def test_followers_hear_of_every_step_and_the_mentioned_of_the_comment() -> None:
    change = a2()
    discussion.watch(actor=actor("noor"), change_id=change.pk, now=database_now())
    discussion.comment(actor=actor("omar"), change_id=change.pk, text="@lina please look", now=database_now())
    assert told("comment") == {"amal": Reason.AUTHOR, "noor": Reason.WATCHER, "lina": Reason.MENTION}
    decisions.reject(
        actor=actor("omar"), change_id=change.pk, digest=change.digest, reason="Not yet.", now=database_now()
    )
    assert told("rejected") == {"amal": Reason.AUTHOR, "noor": Reason.WATCHER}


def test_the_human_who_answers_for_a_machine_hears_as_its_author() -> None:
    account = Actor.of(machine("robot", accountable="noor"))
    team()
    draft = Draft(document=classed("A2", "R2"), evidence=EVIDENCE)
    change = services.propose(
        actor=account, kind_name="runtime_tool", key="crm-lookup", draft=draft, now=database_now()
    )
    services.submit(actor=account, change_id=change.pk, now=database_now())
    assert (told("submitted")["noor"], told("submitted")["robot"]) == (Reason.AUTHOR, Reason.AUTHOR)


def test_a_withdrawal_and_an_application_are_told() -> None:
    change = a2()
    services.withdraw(actor=actor("amal"), change_id=change.pk, reason="Wrong.", now=database_now())
    assert told("withdrawn") == {"amal": Reason.AUTHOR}
    signed(submitted(classed("A2", "R2", key="other-lookup")), "omar", "huda")
    assert told("applied") == {"amal": Reason.AUTHOR}
    assert OutboxEvent.objects.get(topic="change.applied").team_key == "crm-team"


def test_a_reminder_goes_to_all_who_can_sign_and_to_the_team_each_round() -> None:
    team().members.add(user("lina"))
    change = a2()
    for number in range(2):
        ChangeRequest.objects.filter(pk=change.pk).update(
            remind_at=database_now() - timedelta(seconds=1), wake_at=database_now() - timedelta(seconds=1)
        )
        waking.tick()
        assert OutboxEvent.objects.filter(topic="change.reminder").count() == number + 1
    expected = dict.fromkeys(("omar", "lina", "huda", "khalid"), Reason.SIGNER) | {"amal": Reason.AUTHOR}
    assert told("reminder") == expected
    assert OutboxEvent.objects.filter(topic="change.reminder", team_key="crm-team").count() == 2


def test_an_emergency_asks_for_reviewers() -> None:
    change = a2()
    decisions.apply_in_emergency(
        actor=actor("khalid"), change_id=change.pk, digest=change.digest, reason="The desk is down.", now=database_now()
    )
    people = told("emergency")
    assert {name for name, reason in people.items() if reason == Reason.SIGNER} == {"omar", "lina", "huda"}
    change.refresh_from_db()
    decisions.review(actor=actor("huda"), change_id=change.pk, digest=change.digest, now=database_now())
    assert [one.username for one in helpful_signers(change)] == ["lina", "omar"]


def unread(name: str) -> list[str]:
    lanes.expand()
    rows = Notice.objects.filter(user=user(name), read_at__isnull=True).order_by("id")
    return list(rows.values_list("event__topic", flat=True))


def test_a_call_for_a_signature_is_no_news_once_it_is_settled() -> None:
    change = a2()
    assert unread("lina") == ["change.submitted"]
    other = submitted(classed("A2", "R2", key="other-lookup"))
    signed(change, "omar", "huda")
    assert unread("lina") == ["change.submitted"]
    decisions.reject(actor=actor("omar"), change_id=other.pk, digest=other.digest, reason="No.", now=database_now())
    assert unread("lina") == []
    assert unread("amal") == ["change.applied", "change.rejected"]


def test_what_is_asked_and_settled_in_one_go_is_settled() -> None:
    signed(a2(), "omar", "huda")
    assert unread("lina") == []


def test_an_emergency_is_settled_by_its_second_reviewer() -> None:
    change = a2()
    decisions.apply_in_emergency(
        actor=actor("khalid"), change_id=change.pk, digest=change.digest, reason="The desk is down.", now=database_now()
    )
    assert unread("lina") == ["change.emergency"]
    for name in ("huda", "omar"):
        decisions.review(actor=actor(name), change_id=change.pk, digest=change.digest, now=database_now())
    assert unread("lina") == []
