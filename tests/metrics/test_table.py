"""A table of metrics: rows become drafts, what is wrong is said with its line, and twice is once."""

from typing import Any

import pytest

from metrics.interchange import table
from metrics.interchange.forms import Unreadable
from portal.changes.models import ChangeRequest
from tests.metrics.registering import metric
from tests.people import team

TODAY = "2026-11-23"
HEADS = "Key,Label,Definition,Owner team,Primary source,Unit,Type,Dimensions"
ROW = 'new_sar,New,"What is new,\nand how much.",crm-team,Ledger,SAR,amount,region; product'


def test_heads_are_fields_or_labels_in_both_languages() -> None:
    (one,) = table.read(f"\ufeff{HEADS}\r\n{ROW}\r\n", TODAY)
    assert one.place == "line 2"
    assert one.document["description"] == "What is new,\nand how much."
    assert (one.document["dimensions"], one.document["since"]) == (["region", "product"], TODAY)
    for heads in ("key;unit;type", "KEY\tUnit\ttype"):
        delimiter = heads[3]
        (one,) = table.read(f"{heads}\na_sar{delimiter}SAR{delimiter}Amount", TODAY)
        assert (one.document["key"], one.document["unit"], one.document["type"]) == ("a_sar", "SAR", "amount")


def test_lines_are_counted_over_cells_of_several_lines() -> None:
    assert [one.place for one in table.read(f"{HEADS}\n{ROW}\n\n{ROW}\n", TODAY)] == ["line 2", "line 5"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must name the key"), ("Label\nx", "must name the key"), ("key,colour\nx", "column 2: “colour” is no field"),
        ("key,Key\nx", "named twice"), ("key\n", "no rows"), ("key\na,b", "line 2: it has 2 cells under 1 heads"),
        ('key\n"a', "line 2"), ("key\n" + "a\n" * 301, "more than 300 rows"), ("key\n" + "x" * 200_000, "line"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        table.read(text, TODAY)


def test_formulas_of_careful_spreadsheets_are_plain_again() -> None:
    assert table.read("key,Expression\na_sar,'=SUM(a)\n", TODAY)[0].document["expression"] == "=SUM(a)"


@pytest.mark.django_db
def test_each_sound_row_becomes_a_draft_once(client_of: Any) -> None:
    team()
    metric("leads", name="Leads", unit="leads", type="count")
    amal = client_of("amal")
    assert "/import/metrics/" in amal.get("/metrics/").content.decode()
    text = f"{HEADS}\n{ROW}\nBad-Key,x,y,crm-team,z,SAR,amount,\nother_sar,Other,Something else.,nobody,Ledger,SAR,amount,\n"
    page = amal.post("/import/metrics/", {"table": text}).content.decode()
    assert (
        ChangeRequest.objects.filter(state="draft").count(),
        ChangeRequest.objects.filter(key="new_sar").count(),
    ) == (2, 1)
    assert "key “Bad-Key”" in page
    assert "owner “nobody”, which is no team here" in page
    again = amal.post("/import/metrics/", {"table": text}).content.decode()
    assert again.count("is open already") == 2
    assert ChangeRequest.objects.filter(state="draft").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ["", "colour\nx", "key\n\0", "key\n" + "x" * 600_000, "<script>\nx", "key\n" + ",".join("x" * 5000)]
)
def test_what_cannot_be_taken_takes_nothing(client_of: Any, text: str) -> None:
    answer = client_of("amal").post("/import/metrics/", {"table": text})
    assert answer.status_code in (400, 422)
    assert b"<script>\nx" not in answer.content
    assert not ChangeRequest.objects.exists()


@pytest.mark.django_db
def test_only_who_may_propose_imports(client_of: Any) -> None:
    assert client_of("vera").get("/import/metrics/").status_code == 403
    assert client_of("vera").post("/import/metrics/", {"table": f"{HEADS}\n{ROW}"}).status_code == 403
