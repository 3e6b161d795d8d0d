"""Words of one or two letters in a list: what begins with them, by an index; longer ones stand anywhere."""

import pytest
from django.db import connection

from connectors.models import Connector
from portal.registry.filters import EntryFilter
from portal.search.words import holds
from tests.documents import runtime_tool_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tools() -> None:
    named = {"crm-lookup": ("Ledger", "بحث العملاء"), "mailer": ("Crm mails", "إرسال"), "ab-two": ("Zed 9% off", "")}
    for key, (name, name_ar) in named.items():
        apply_connector(runtime_tool_document(key, {"name": name, "name_ar": name_ar}))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("c", {"crm-lookup", "mailer"}), ("CR", {"crm-lookup", "mailer"}), ("ze", {"ab-two"}), ("ed", set()), ("ab", {"ab-two"}),
        ("بح", {"crm-lookup"}), ("أر", {"mailer"}), ("ار", {"mailer"}), ("%", set()), ("_", set()), ("9%", set()), ("\\", set()),
        ("crm", {"crm-lookup", "mailer"}), ("edg", {"crm-lookup"}), ("er", set()), ("mail cr", {"mailer"}), ("cr ma", set()),
        ("", {"crm-lookup", "mailer", "ab-two"}), ("  ", {"crm-lookup", "mailer", "ab-two"}),
    ],
)  # fmt: skip
def test_what_is_found(words: str, found: set[str]) -> None:
    rows = EntryFilter({"q": words}, queryset=Connector.objects.all()).qs
    assert set(rows.values_list("key", flat=True)) == found


def test_each_column_has_its_index() -> None:
    rows = Connector.objects.filter(holds("be", "key", "name", "name_ar")).order_by()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = rows.explain()
    assert [name in plan for name in ("connector_key", "connector_words", "connector_name_ar")] == [True] * 3, plan
    assert "Seq Scan" not in plan, plan
