"""Those who route, tell and escalate are killed again and again, two at a time: every incident is told once on every route."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from portal.env import ROOT
from portal.outbox.models import OutboxEvent
from severity.models import Telling, TimelineEvent
from tests.database import address
from tests.people import team
from tests.severity.routing.world import owners, passes, route, slip, told

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("committed")]
# Fewer than a notice lists.
INCIDENTS = 48
KILLS = 8
TELL = """
import django
django.setup()
from severity import sweep
from severity.routing import statements
print("telling", flush=True)
while True:
    for statement in (statements.ROUTE, statements.ESCALATE, statements.TELL):
        sweep.drain(statement, batch=2)
"""


def teller() -> subprocess.Popen[str]:
    """A worker that only tells, on the database of this test."""
    environment = os.environ | {
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORTAL_MODE": "test",
    }
    return subprocess.Popen([sys.executable, "-c", TELL], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def killed_and_killed() -> None:
    """Two tellers at a time live for a moment each; what they left is done at the end."""
    chance = random.Random(8)
    for _number in range(KILLS // 2):
        both = [teller(), teller()]
        for one in both:
            assert one.stdout is not None
            assert one.stdout.readline() == "telling\n"
        for one in both:
            time.sleep(chance.uniform(0.02, 0.15))
            one.send_signal(signal.SIGKILL)
            one.wait()
    told()


def told_of(what: str) -> Counter[tuple[str, str]]:
    """How often each incident was told so, by route and number."""
    found: Counter[tuple[str, str]] = Counter()
    for payload in OutboxEvent.objects.filter(topic="incident.told").values_list("payload", flat=True):
        assert payload["count"] == len(payload["incidents"])
        found.update((payload["route"], one["id"]) for one in payload["incidents"] if one["what"] == what)
    return found


def test_every_incident_is_told_once_on_every_route_and_escalated_once() -> None:
    owners("amal")
    route(
        "first", window_minutes=0, escalate_minutes=10, escalate_to=route("boss", window_minutes=0, only_escalated=True)
    )
    route("second", window_minutes=0, team=team())
    numbers = [slip(number).human_id for number in range(INCIDENTS)]
    killed_and_killed()
    # The portal's own route groups: what waits for its window is told when that is over.
    passes(minutes=11)
    killed_and_killed()
    opened = told_of("opened")
    assert opened == Counter({(name, number): 1 for name in ("", "first", "second") for number in numbers})
    assert told_of("escalated") == Counter({("boss", number): 1 for number in numbers})
    assert TimelineEvent.objects.filter(what="escalated").count() == INCIDENTS
    assert set(Telling.objects.values_list("times", flat=True)) == {1}
    assert not Telling.objects.exclude(tell_at=None).exists()
