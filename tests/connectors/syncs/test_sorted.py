"""Syncs by their deadline: along an index, those that nothing is asked of last, and none is left out."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from connectors.models import Connector, SyncState
from connectors.models.sync import NEVER
from connectors.syncs import reads
from connectors.syncs.filters import SyncFilter
from portal.operations.services import database_now
from tests.documents import data_movement_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys() -> list[str]:
    """Three syncs in the order of their deadlines; of the last nothing is asked."""
    now = database_now()
    named = ["late", "paused", "off"]
    for key in reversed(named):
        apply_connector(data_movement_document(f"{key}-sync"))
    states = {one.connector.key: one for one in SyncState.objects.select_related("connector")}
    assert len(states) == Connector.objects.count(), "each has a row of what is known, made when it is registered"
    for key, fresh, paused in (("late", -1, None), ("paused", -2, 5), ("off", None, 9)):
        SyncState.objects.filter(pk=states[f"{key}-sync"].pk).update(
            fresh_until=None if fresh is None else now + timedelta(hours=fresh),
            paused_until=None if paused is None else now + timedelta(hours=paused),
        )
    return [f"{key}-sync" for key in named]


def test_the_page_is_sorted_both_ways(keys: list[str], client_of: Callable[[str], Client]) -> None:
    def shown(sort: str) -> list[str]:
        text = client_of("amal").get(f"/syncs/?sort={sort}").content.decode()
        return re.findall(r'<tr data-href="/syncs/([^/]+)/"', text)

    assert shown("deadline") == keys
    assert shown("-deadline") == keys[::-1]
    assert SyncState.objects.get(connector__key="off-sync").deadline_order == NEVER


def test_the_order_is_backed_by_an_index(keys: list[str]) -> None:
    rows = SyncFilter({"ordering": "deadline"}, queryset=reads.listed()).qs.values_list("pk", flat=True)[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
    plan = rows.explain()
    assert "sync_deadline_order" in plan, plan
    assert "Sort" not in plan, plan
