"""Whatever happens in whatever order, at whatever moment: never a yes with an open V3, nor to prod with an open V2 that no
live exception covers. Judged against books of its own, on the real database.
"""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.operations.services import database_now
from severity.gate.services import evaluate
from severity.models import GateException, Incident, ReleaseCandidate
from severity.readiness import STAGES
from severity.rules import Level
from tests.people import user
from tests.releases import world

pytestmark = pytest.mark.django_db

KEYS = st.integers(0, 1)
EVENTS = st.one_of(
    st.tuples(st.just("open"), KEYS, st.sampled_from([Level.V2, Level.V2, Level.V2, Level.V1, Level.V3])),
    st.tuples(st.sampled_from(["acknowledge", "mitigate", "resolve", "retire"]), KEYS, st.none()),
    st.tuples(st.just("except"), KEYS, st.sampled_from([-60, 600, 1800, 3600])),
    st.tuples(st.just("time"), st.just(0), st.integers(1, 3000)),
)


class Books:
    """What should be so: by key the level and state of its unresolved incident, and the seconds its exceptions still last."""

    def __init__(self) -> None:
        self.open: dict[int, list[Any]] = {}
        self.lasts: dict[int, list[list[int]]] = {}
        self.ids: dict[int, int] = {}

    def may(self, to: str) -> bool:
        for key, (level, state) in self.open.items():
            if level == Level.V3:
                return False
            covered = any(left > 0 for (left,) in self.lasts.get(key, []))
            if to == "prod" and level == Level.V2 and state != "mitigated" and not covered:
                return False
        return True


def happen(books: Books, release: ReleaseCandidate, event: tuple[str, int, Any]) -> None:
    """One event, in the database and in the books."""
    what, key, more = event
    now = database_now()
    if what == "open":
        incident = world.trouble(more, key=f"trouble:{key}", epoch=now)
        level, state = books.open.get(key, [more, "open"])
        if books.ids.get(key) != incident.pk:
            books.lasts[key] = []
        books.ids[key] = incident.pk
        books.open[key] = [max(level, more), "open" if state == "mitigated" else state]
        return
    if what == "time":
        for one in GateException.objects.all():
            GateException.objects.filter(pk=one.pk).update(expires_at=one.expires_at - timedelta(seconds=more))
        books.lasts = {at: [[left - more] for (left,) in lasting] for at, lasting in books.lasts.items()}
        return
    if key not in books.open:
        return
    incident = Incident.objects.get(pk=books.ids[key])
    if what == "except":
        if incident.severity != Level.V2:
            return
        document = {"key": f"exc-{GateException.objects.count() + 1}", "name": "x", "incident": incident.human_id,
                    "release": release.key, "expires_at": (now + timedelta(seconds=more)).isoformat()}  # fmt: skip
        one = GateException(state="active", version=0, created_at=now, updated_at=now)
        one.take_document(document, release.owner)
        one.version, one._history_date = 1, now
        one.applied_change_id = release.history.latest("history_id").change_id
        one.save()
        books.lasts.setdefault(key, []).append([more])
    elif what == "retire":
        GateException.objects.filter(incident=incident).update(state="retired")
        books.lasts[key] = []
    elif what == "resolve":
        Incident.objects.filter(pk=incident.pk).update(state="resolved", resolved_at=now, resolved_by=user("omar"))
        del books.open[key]
        books.lasts[key] = []
    else:
        times = {"acknowledged_at": incident.acknowledged_at or now}
        times |= {"mitigated_at": now} if what == "mitigate" else {}
        if what == "acknowledge" and incident.state != "open":
            return
        Incident.objects.filter(pk=incident.pk).update(
            state="mitigated" if what == "mitigate" else "acknowledged", escalate_at=None, **times
        )
        books.open[key][1] = "mitigated" if what == "mitigate" else "acknowledged"


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=3, max_size=12))
@example(events=[("open", 0, Level.V2), ("except", 0, 600), ("time", 0, 900)])
@example(events=[("open", 0, Level.V2), ("except", 0, 600), ("open", 0, Level.V3), ("mitigate", 0, None)])
@example(
    events=[("open", 0, Level.V2), ("mitigate", 0, None), ("open", 0, Level.V1), ("except", 0, 60), ("retire", 0, None)]
)
def test_the_gate_never_says_yes_where_it_must_not(events: list[tuple[str, int, Any]], one_release: Any) -> None:
    with transaction.atomic():
        # However long the others took: a watch that has not looked for a minute closes the gate.
        world.watched()
        books = Books()
        for event in events:
            happen(books, one_release, event)
            for stage, to in itertools.pairwise(STAGES):
                ReleaseCandidate.objects.update(stage=stage)
                assert evaluate(one_release.key, to).allowed == books.may(to), (to, events, books.open, books.lasts)
        transaction.set_rollback(True)


@pytest.fixture
def one_release() -> ReleaseCandidate:
    """A candidate with which nothing else is wrong."""
    found = world.well()
    user("omar")
    return found
