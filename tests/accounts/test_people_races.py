"""Administrators who act on each other at the same moment."""

import threading

import pytest
from django.db import connection

from portal.operations.services import database_now
from portal.people import services
from portal.people.actors import Actor
from portal.people.models import User
from portal.people.services import Person
from portal.refusals import Refusal
from portal.roles import Role
from tests.people import actor

pytestmark = pytest.mark.usefixtures("committed")


@pytest.mark.parametrize("how", ["deactivate", "demote"])
def test_two_administrators_who_remove_each_other_at_once_leave_one(how: str) -> None:
    for _round in range(5):
        User.objects.all().delete()
        who = {"adam": actor("adam"), "salma": actor("salma", Role.ADMINISTRATOR)}
        ready, outcomes = threading.Barrier(2), dict[str, str]()

        def remove(
            name: str,
            other: str,
            who: dict[str, Actor] = who,
            ready: threading.Barrier = ready,
            outcomes: dict[str, str] = outcomes,
        ) -> None:
            ready.wait()
            try:
                if how == "deactivate":
                    services.deactivate(actor=who[name], username=other, now=database_now())
                else:
                    services.change_person(actor=who[name], username=other, person=Person(roles=[]), now=database_now())
                outcomes[name] = "done"
            except Refusal as refusal:
                outcomes[name] = refusal.rule
            finally:
                connection.close()

        threads = [threading.Thread(target=remove, args=pair) for pair in (("adam", "salma"), ("salma", "adam"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(outcomes.values()) == ["done", "role"]
        assert User.objects.filter(roles__contains=["administrator"], is_active=True).count() == 1
