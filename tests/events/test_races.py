"""Two schema versions of one family at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from events.models import EventSchema, QuarantinedEvent, RefusedEvents
from events.quarantine import Tally, Why, keep
from portal.changes import decisions
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from portal.refusals import Refusal
from tests.events.registering import changed, family, schema_document, version
from tests.events.test_registry import with_field
from tests.people import actor, user

pytestmark = pytest.mark.usefixtures("committed")


def test_two_versions_applied_at_once_are_judged_one_after_the_other() -> None:
    family()
    version()
    left, right = (
        changed(schema_document(number, with_field(schema={"type": kind})))
        for number, kind in (("1.1.0", "string"), ("1.2.0", "integer"))
    )
    gate, answers = threading.Barrier(2), []

    def sign(change: ChangeRequest, name: str) -> None:
        try:
            gate.wait(20)
            told = {"change_id": change.pk, "digest": change.digest, "now": database_now()}
            answers.append(decisions.approve(actor=actor(name), **told).state)
        except Refusal as refusal:
            answers.append(refusal.rule)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign, args=(left, "omar")), threading.Thread(target=sign, args=(right, "lina"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["applied", "incomplete"], "of two that do not get on, one stands"
    assert EventSchema.objects.count() == 2


def test_many_who_count_at_once_lose_nothing() -> None:
    user("amal")
    whys = [Why("", "", f"/{number}", "type") for number in range(20)]

    def count(turn: int) -> None:
        try:
            tally = Tally()
            for why in whys if turn % 2 else reversed(whys):
                tally.count(why, 3, [{"event_id": str(turn)}] * 3)
            keep(actor=actor("amal"), tally=tally, now=database_now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    assert {one.seen for one in RefusedEvents.objects.all()} == {120}
    assert QuarantinedEvent.objects.count() == 20 * QuarantinedEvent.MOST
