"""The filter by the word that a sync is shown with: of any state exactly the word that the page shows."""

from datetime import timedelta
from itertools import product

import pytest

from connectors.models import RunState, SyncRun, SyncState
from connectors.syncs.filters import SyncFilter
from connectors.syncs.reads import listed, word_of
from connectors.syncs.rules import SyncShown
from portal.operations.services import database_now
from tests.documents import data_movement_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
HOURS = timedelta(hours=1)


def filtered(*words: str) -> int:
    return int(SyncFilter({"now": list(words)}, queryset=listed()).qs.count())


def test_each_state_is_found_by_its_word_and_by_no_other() -> None:
    sync, now = apply_connector(data_movement_document()), database_now()
    state, seen = SyncState.objects.get(connector=sync), set()
    run = {"connector": sync, "started_at": now - 9 * HOURS, "reported_at": now}
    going = SyncRun.objects.create(run_key="going", state=RunState.RUNNING, **run)
    done = SyncRun.objects.create(run_key="done", state=RunState.SUCCEEDED, ended_at=now - 8 * HOURS, **run)
    for fresh, paused, last, success in product((None, -1, 0.2, 40), (None, -1, 1), (None, going, done), (None, done)):
        SyncState.objects.filter(pk=state.pk).update(
            fresh_until=None if fresh is None else now + fresh * HOURS,
            paused_until=None if paused is None else now + paused * HOURS,
            last_run=last,
            last_success=success,
        )
        word = word_of(sync)
        assert {one: filtered(one) for one in SyncShown.values} == {one: int(one == word) for one in SyncShown.values}
        assert filtered(*(one for one in SyncShown.values if one != word)) == 0
        seen.add(word)
    assert seen == set(SyncShown.values)
