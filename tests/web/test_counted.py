"""Pages of a list: how many there are, and that a page that does not exist is the nearest; by words in one statement."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.people.models import Team
from portal.web.views import listing

pytestmark = pytest.mark.django_db
Of = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _teams() -> None:
    Team.objects.bulk_create(Team(key=f"team-{number:03}", name=f"Team {number:03}") for number in range(120))


def shown(client: Client, query: str) -> tuple[list[str], object, str]:
    """The keys of the rows, how many there are, and where the pages stand."""
    context = client.get(f"/settings/teams/?{query}").context
    return [row.key for row in context["rows"]], context["total"], context["page_note"]


@pytest.mark.parametrize("words", ["", "q=team", "q=TEAM-"])
@pytest.mark.parametrize(
    ("page", "first", "note"),
    [("1", 0, "1 / 3"), ("2", 50, "2 / 3"), ("3", 100, "3 / 3"), ("4", 100, "3 / 3"), ("99999999", 100, "3 / 3"),
     ("9" * 5000, 0, "1 / 3"), ("x", 0, "1 / 3"), ("", 0, "1 / 3"), ("0", 100, "3 / 3"), ("-1", 100, "3 / 3")],
)  # fmt: skip
def test_a_page_is_the_asked_or_another_with_words_as_without(
    client_of: Of, words: str, page: str, first: int, note: str
) -> None:
    keys, total, told = shown(client_of("adam"), f"{words}&page={page}")
    known = sorted(Team.objects.filter(key__startswith="team-").values_list("key", flat=True))
    assert (keys, told, total) == (known[first : first + 50], note, 120)


def test_words_that_nothing_holds(client_of: Of) -> None:
    for page in ("1", "2"):
        assert shown(client_of("adam"), f"q=nothing&page={page}") == ([], 0, "")


def test_words_count_to_the_same_bound(client_of: Of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_COUNTED", 100)
    for words in ("", "q=team"):
        keys, total, note = shown(client_of("adam"), f"{words}&page=2")
        assert (len(keys), total, note) == (50, "100+", "2 / 2+")
        keys, total, note = shown(client_of("adam"), f"{words}&page=3")
        assert (keys[0], len(keys), total, note) == ("team-050", 50, "100+", "2 / 2+")


def test_words_are_compared_once(client_of: Of) -> None:
    client = client_of("adam")
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/settings/teams/?q=team").status_code == 200
    compared = [query["sql"] for query in asked.captured_queries if "UPPER('%team%')" in query["sql"]]
    # Which rows; what they show is then read by their keys.
    assert len(compared) == 1
    assert "COUNT(*) OVER ()" in compared[0]
