"""Asking while a list changes, and counting answers by two workers at once, and by one that dies."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from connectors.allowlist import reading
from connectors.allowlist.counting import _GATHER, gather, tick
from connectors.allowlist.deciding import Call, CallAnswer, decide
from connectors.models import CallCount, CallDecision
from portal.operations.models import Heartbeat
from portal.operations.services import database_now
from portal.people.actors import Actor
from tests.at_once import Both
from tests.connectors.allowlist.world import AGENT, READ, WRITE, document, line, rewritten, tool
from tests.database import address
from tests.people import actor


def asked(by: Actor) -> CallAnswer:
    return decide(Call(AGENT, "crm-lookup", READ, "dev"), actor=by)


def test_whoever_asks_during_a_change_sees_all_of_it_or_nothing(committed: None) -> None:
    """The change moves the allowed operation and its environment together: any mix of both would be a third answer."""
    amal = actor("amal")
    connector = tool(document(allowlist=[line(READ, environments=("dev",))]))
    sides = [[line(READ, environments=("dev",))], [line(WRITE, environments=("prod",))]]
    seen: set[tuple[tuple[str, ...], int]] = set()
    stop, failures = threading.Event(), []

    def ask() -> None:
        try:
            while not stop.is_set():
                answer = asked(amal)
                seen.add((tuple(one["code"] for one in answer["reasons"]), answer["version"] % 2))
                standing, told = reading.allowed(AGENT, "")
                names = [(one["name"], one["environments"]) for c in told["connectors"] for one in c["operations"]]
                version = told["connectors"][0]["version"]
                assert names == ([(READ, ["dev"])] if version % 2 else [(WRITE, ["prod"])]), (names, version)
                # The trigger grows the revision with every version: they belong together.
                assert standing.revision == version
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 60):
        with transaction.atomic():
            rewritten(connector, allowlist=sides[number % 2])
        # Committed: the next question sees it.
        assert asked(amal)["allowed"] is (number % 2 == 0)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert seen == {((), 1), (("not_allowlisted",), 0)}


def questions(by: Actor, count: int) -> None:
    for number in range(count):
        decide(Call(AGENT, "crm-lookup", READ if number % 2 else WRITE, "dev"), actor=by)


def counts() -> dict[tuple[str, str], int]:
    return {(one.operation, one.reason): one.calls for one in CallCount.objects.all()}


def test_two_workers_count_every_answer_once(committed: None, both: Both) -> None:
    connector, amal = tool(), actor("amal")
    for _ in range(5):
        questions(amal, 20)
        both(lambda: gather(3) + gather(3), lambda: gather(4) + gather(50))
    while gather():
        pass
    assert counts() == {(READ, ""): 50, (WRITE, "not_allowlisted"): 50}
    assert not CallDecision.objects.exists()
    assert set(CallCount.objects.values_list("connector_id", flat=True)) == {connector.pk}


def test_what_was_asked_while_counting_is_counted_later(committed: None, both: Both) -> None:
    tool()
    amal = actor("amal")
    both(lambda: questions(amal, 40), lambda: [gather(7) for _ in range(12)])
    while gather():
        pass
    assert counts() == {(READ, ""): 20, (WRITE, "not_allowlisted"): 20}


def test_a_worker_that_dies_while_counting_has_neither_taken_nor_counted(committed: None) -> None:
    tool()
    questions(actor("amal"), 10)
    with psycopg.connect(address()) as dying:
        with dying.cursor() as cursor:
            cursor.execute(_GATHER, {"batch": 100})
            assert cursor.fetchone() == (10,)
        # Whoever counts meanwhile leaves to it what it holds.
        assert gather() == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [dying.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            dying.commit()
        dying.close()
    assert (CallDecision.objects.count(), counts()) == (10, {})
    assert tick()["counted"] == 10
    assert counts() == {(READ, ""): 5, (WRITE, "not_allowlisted"): 5}
    assert Heartbeat.objects.get(name="connectors.allowlist.counting").detail == {"counted": 10, "forgotten": 0}


def test_counts_are_forgotten_after_four_hundred_days(committed: None) -> None:
    tool()
    questions(actor("amal"), 2)
    tick()
    now = database_now()
    kept, old = CallCount.objects.order_by("id")
    CallCount.objects.filter(pk=old.pk).update(hour=now - timedelta(days=401))
    CallCount.objects.filter(pk=kept.pk).update(hour=now - timedelta(days=399))
    assert tick()["forgotten"] == 1
    assert CallCount.objects.get().pk == kept.pk


def test_an_answer_is_not_waited_for_on_disk_and_what_follows_is(committed: None) -> None:
    """The setting ends with its statement: nothing else of the connection commits without waiting."""
    tool()
    amal = actor("amal")
    with CaptureQueriesContext(connection) as queries:
        questions(amal, 1)
    (one,) = queries
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        questions(amal, 1)
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
        with transaction.atomic():
            cursor.execute(one["sql"])
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("off",)
        cursor.execute("RESET synchronous_commit")
