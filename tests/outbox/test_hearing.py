"""Who hears of an event and how: by team, by name, by choice; in the portal and through a real mail server."""

from datetime import timedelta

import pytest

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.outbox import delivery, lanes, services
from portal.outbox.models import Delivery, Notice, OutboxEvent
from portal.outbox.rules import DEFAULTS, Reason, Ways
from portal.people.actors import Actor
from portal.people.models import Team, User
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.roles import Role
from tests import people
from tests.outbox.notices import notice
from tests.outbox.receivers import MailServer

pytestmark = pytest.mark.django_db


def told(topic: str, who: dict[User, Reason], *, team: str = "", by: User | None = None) -> OutboxEvent:
    services.publish(
        topic=topic,
        subject="Something happened",
        payload={"url": "/changes/1/"},
        dedup_key=topic,
        team_key=team,
        people={user.pk: reason for user, reason in who.items()},
        caused_by=by.pk if by else None,
    )
    return OutboxEvent.objects.get(dedup_key=topic)


def member(name: str) -> User:
    user = people.user(name)
    people.team().members.add(user)
    return user


def heard(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("id").values_list("reason", flat=True))


def choose(user: User, **ways: Ways) -> None:
    services.choose(actor=Actor.of(user), ways=ways, now=database_now())


def test_people_told_by_name_get_a_notice_and_a_mail_though_no_team_is_told(mail_server: MailServer) -> None:
    amal, noor = people.user("amal"), people.user("noor")
    told("change.applied", {amal: Reason.AUTHOR})
    delivery.tick()
    assert (heard(amal), heard(noor)) == ([Reason.AUTHOR], [])
    assert [mail.to for mail in mail_server.mails] == ["amal@portal.example"]


def test_who_hears_for_several_reasons_hears_once_and_for_the_strongest(mail_server: MailServer) -> None:
    omar = member("omar")
    told("change.comment", {omar: Reason.MENTION}, team="crm-team")
    delivery.tick()
    assert heard(omar) == [Reason.MENTION]
    assert len(mail_server.mails) == 1


def test_two_people_with_one_address_get_one_mail_and_a_notice_each(mail_server: MailServer) -> None:
    omar, lina = member("omar"), member("lina")
    User.objects.filter(pk=lina.pk).update(email=omar.email)
    notice("incident.opened", team="crm-team")
    delivery.tick()
    assert (heard(omar), heard(lina)) == ([Reason.INCIDENT], [Reason.INCIDENT])
    assert len(mail_server.mails) == 1


def test_nobody_is_told_what_they_did_themselves(mail_server: MailServer) -> None:
    omar, lina = member("omar"), member("lina")
    told("change.applied", {omar: Reason.AUTHOR}, team="crm-team", by=omar)
    delivery.tick()
    assert (heard(omar), heard(lina)) == ([], [Reason.TEAM])
    assert [mail.to for mail in mail_server.mails] == ["lina@portal.example"]


def test_the_inactive_are_not_told() -> None:
    gone = people.user("amal")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    told("change.applied", {gone: Reason.AUTHOR})
    lanes.expand()
    assert (heard(gone), Delivery.objects.count()) == ([], 0)


@pytest.mark.parametrize("in_portal", [True, False])
@pytest.mark.parametrize("by_email", [True, False])
def test_each_way_is_chosen_by_itself(in_portal: bool, by_email: bool) -> None:
    omar, lina = member("omar"), member("lina")
    choose(omar, incident=Ways(in_portal, by_email))
    notice("incident.opened", team="crm-team")
    lanes.expand()
    assert heard(omar) == ([Reason.INCIDENT] if in_portal else [])
    mails = set(Delivery.objects.values_list("receiver", flat=True))
    assert mails == ({omar.email} if by_email else set()) | {lina.email}


def test_a_choice_for_one_reason_says_nothing_of_another() -> None:
    omar = member("omar")
    choose(omar, team=Ways(False, False))
    told("change.comment", {omar: Reason.MENTION}, team="crm-team")
    notice("change.applied", team="crm-team")
    lanes.expand()
    assert heard(omar) == [Reason.MENTION]
    assert Delivery.objects.count() == 1


def test_the_defaults_hold_until_something_is_chosen() -> None:
    amal = people.user("amal")
    told("change.applied", {amal: Reason.WATCHER})
    lanes.expand()
    assert (heard(amal), Delivery.objects.count()) == ([Reason.WATCHER], 0)
    assert services.ways_of(amal) == DEFAULTS


def test_expanding_twice_tells_once() -> None:
    omar = member("omar")
    event = notice("incident.opened", team="crm-team")
    lanes.expand()
    OutboxEvent.objects.filter(pk=event.pk).update(due_at=database_now() - timedelta(seconds=1))
    lanes.expand()
    assert (len(heard(omar)), Delivery.objects.count()) == (1, 1)


def test_who_is_told_by_name_is_mailed_also_after_leaving_the_team(mail_server: MailServer) -> None:
    omar, lina = member("omar"), member("lina")
    told("change.reminder", {omar: Reason.SIGNER}, team="crm-team")
    lanes.expand()
    Team.objects.get().members.clear()
    delivery.tick()
    assert [mail.to for mail in mail_server.mails] == [omar.email]
    assert Delivery.objects.get(receiver=lina.email).last_error.startswith("Given up: Nobody")


def test_choosing_is_audited_and_an_unknown_reason_is_refused_with_the_known_ones() -> None:
    amal = people.user("amal")
    choose(amal, mention=Ways(True, False))
    choose(amal, mention=Ways(True, False))
    line = AuditLine.objects.get(action="notices.choose")
    assert (line.object_key, line.detail) == ("amal", "mention: portal yes, e-mail no")
    with pytest.raises(Invalid) as refused:
        choose(amal, gossip=Ways(True, True))
    assert "mention" in refused.value.problems[0].message


def test_notices_are_ones_own_to_read() -> None:
    amal, noor = people.user("amal"), people.user("noor")
    told("change.applied", {amal: Reason.AUTHOR})
    lanes.expand()
    mine = Notice.objects.get()
    with pytest.raises(Missing):
        services.read(actor=Actor.of(noor), notice_id=mine.pk, now=database_now())
    assert services.read_all(actor=Actor.of(noor), until=mine.pk, now=database_now()) == 0
    first = services.read(actor=Actor.of(amal), notice_id=mine.pk, now=database_now()).read_at
    again = services.read(actor=Actor.of(amal), notice_id=mine.pk, now=database_now()).read_at
    assert first == again == Notice.objects.get().read_at


def test_read_all_leaves_what_came_after_the_page_was_made() -> None:
    amal = people.user("amal")
    told("change.applied", {amal: Reason.AUTHOR})
    lanes.expand()
    seen = Notice.objects.get().pk
    told("change.rejected", {amal: Reason.AUTHOR})
    lanes.expand()
    assert services.read_all(actor=Actor.of(amal), until=seen, now=database_now()) == 1
    assert Notice.objects.filter(read_at__isnull=True).count() == 1


def test_only_what_was_given_up_is_sent_again_and_only_by_who_may(mail_server: MailServer) -> None:
    member("omar")
    notice("incident.opened", team="crm-team")
    lanes.expand()
    one = Delivery.objects.get()
    adam, amal = people.actor("adam"), people.actor("amal")
    with pytest.raises(Forbidden):
        services.send_again(actor=amal, delivery_id=one.pk, now=database_now())
    with pytest.raises(Conflict):
        services.send_again(actor=adam, delivery_id=one.pk, now=database_now())
    Delivery.objects.update(due_at=None, attempts=14, last_error="Given up: no answer")
    services.send_again(actor=adam, delivery_id=one.pk, now=database_now())
    delivery.tick()
    assert len(mail_server.mails) == 1
    one.refresh_from_db()
    assert (one.attempts, one.last_error, one.delivered_at is not None) == (1, "", True)
    with pytest.raises(Conflict):
        services.send_again(actor=adam, delivery_id=one.pk, now=database_now())
    assert AuditLine.objects.filter(action="delivery.again").count() == 1
    assert people.user("adam").roles == [Role.ADMINISTRATOR]
