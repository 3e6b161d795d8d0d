"""A promotion and bad news at the same moment: one waits for the other, and the promotion never slips through beside it."""

import threading
import time
from typing import Any

from django.db import connection, transaction

from portal.changes import decisions
from portal.operations.services import database_now
from portal.refusals import Refusal
from severity.models import Promotion, ReleaseCandidate
from severity.rules import Level
from tests.people import actor
from tests.releases import world


def somebody_waits_for_a_lock(seconds: float = 10.0) -> bool:
    """Whether somebody waits for this transaction; tests beside this one wait for locks of their own."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.02)
    return False


def beside(call: Any) -> tuple[threading.Thread, list[Any]]:
    """The call in a thread with a connection of its own; its answer, or the rules of its refusal, come into the list."""
    told: list[Any] = []

    def run() -> None:
        try:
            told.append(call())
        except Refusal as refusal:
            told.append([refusal.rule, *(one.code for one in refusal.problems)])
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, told


def sign(change: Any) -> Any:
    decisions.approve(actor=actor("omar"), change_id=change.pk, digest=change.digest, now=database_now())
    return "signed"


def test_a_promotion_waits_for_a_v3_that_is_being_opened_and_is_refused(committed: None) -> None:
    world.well()
    change = world.promotion()
    actor("omar")
    with transaction.atomic():
        world.trouble(Level.V3)
        thread, told = beside(lambda: sign(change))
        waited = somebody_waits_for_a_lock()
    thread.join(20)
    assert waited, "the promotion looked beside the lock"
    assert told == [["gate", "v3_open"]]
    assert ReleaseCandidate.objects.get().stage == "dev"


def test_a_v3_waits_for_a_promotion_that_is_being_written(committed: None) -> None:
    world.well()
    change = world.promotion()
    actor("omar"), actor("yusuf")
    with transaction.atomic():
        sign(change)
        thread, told = beside(lambda: world.trouble(Level.V3).human_id)
        waited = somebody_waits_for_a_lock()
    thread.join(20)
    assert waited
    assert told[0].startswith("INC-")
    assert Promotion.objects.get().to_stage == "staging"


def test_a_promotion_waits_for_a_checkpoint_that_is_reported_as_failed(committed: None) -> None:
    world.well()
    change = world.promotion()
    actor("omar")
    with transaction.atomic():
        world.checkpoint("payments-daily", "fail")
        thread, told = beside(lambda: sign(change))
        waited = somebody_waits_for_a_lock()
    thread.join(20)
    assert waited
    assert told == [["gate", "checkpoint_not_passed"]]
