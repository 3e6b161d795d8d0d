"""Views that people keep: each one's own, found again beside the list and in the rail, bounded, and written down."""

import re
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.saved import services
from portal.saved.models import SavedView
from portal.saved.services import save_view
from tests.documents import runtime_tool_document
from tests.people import actor, user
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]


def kept(name: str = "Mine", *, by: str = "amal", path: str = "/tools/", **more: object) -> SavedView:
    return save_view(actor=actor(by), path=path, name=name, query="state=active&page=3", now=database_now(), **more)


def test_a_view_is_kept_from_the_list_and_leads_back_to_it(client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document())
    client = client_of("amal")
    page = client.get("/tools/?state=active&sort=-name&page=1").content.decode()
    assert 'name="query" value="state=active&amp;sort=-name&amp;page=1"' in page
    said = {"act": "save", "path": "/tools/", "query": "state=active&sort=-name&page=1", "name": "  Active   ones "}
    answer = client.post("/views/", said | {"pinned": "on"})
    assert answer.headers["Location"] == "/tools/?state=active&sort=-name"
    view = SavedView.objects.get()
    assert (view.name, view.query, view.place, view.shared) == ("Active ones", "state=active&sort=-name", 1, False)
    page = client.get("/tools/?state=active&sort=-name").content.decode()
    assert page.count("Active ones") >= 2
    assert '<a class="rail-link" href="/tools/?state=active&amp;sort=-name" aria-current="page">' in page
    assert "Active ones" in client.get("/incidents/").content.decode()
    assert AuditLine.objects.filter(action="view.save", actor_name="amal").count() == 1
    client.post("/views/", said)
    assert SavedView.objects.get().place is None


def test_what_is_shared_is_seen_by_all_and_changed_by_one(client_of: ClientOf) -> None:
    view = kept("Of the team", shared=True)
    kept("My own")
    apply_connector(runtime_tool_document())
    page = client_of("vera").get("/tools/").content.decode()
    assert "Of the team" in page
    assert "My own" not in page
    assert "Of the team" not in client_of("vera").get("/syncs/").content.decode()
    with pytest.raises(Missing):
        services.change_view(actor=actor("vera"), number=view.pk, shared=False, now=database_now())
    client_of("vera").post("/views/", {"act": "remove", "view": view.pk})
    assert SavedView.objects.filter(pk=view.pk).exists()
    client_of("amal").post("/views/", {"act": "unshare", "view": view.pk})
    assert "Of the team" not in client_of("vera").get("/tools/").content.decode()
    client_of("amal").post("/views/", {"act": "remove", "view": view.pk})
    assert not SavedView.objects.filter(pk=view.pk).exists()


def test_seven_are_pinned_and_an_eighth_is_refused_with_what_to_do(client_of: ClientOf) -> None:
    views = [kept(f"View {number}", pinned=True) for number in range(7)]
    assert [view.place for view in views] == list(range(1, 8))
    with pytest.raises(Conflict, match="unpin one"):
        kept("The eighth", pinned=True)
    assert SavedView.objects.count() == 7
    kept("The eighth")
    client_of("amal").post("/views/", {"act": "unpin", "view": views[2].pk})
    eighth = SavedView.objects.get(name="The eighth")
    client_of("amal").post("/views/", {"act": "pin", "view": eighth.pk})
    eighth.refresh_from_db()
    assert eighth.place == 3


@pytest.mark.parametrize(
    "path",
    ["", "tools/", "//evil.example/", "https://evil.example/", "/no/such/", "/tools/crm-lookup/", "/changes/CHG-1/"],
)
def test_only_a_list_of_the_portal_is_kept(path: str) -> None:
    with pytest.raises(Invalid):
        kept(path=path)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b"])
def test_a_view_has_a_name(name: str) -> None:
    with pytest.raises(Invalid):
        kept(name)


def test_a_query_of_more_parts_than_any_list_has_is_refused(client_of: ClientOf) -> None:
    said = {
        "act": "save",
        "path": "/tools/",
        "name": "Much",
        "query": "&".join(f"a{number}=1" for number in range(200)),
    }
    assert client_of("amal").post("/views/", said).status_code == 302
    assert not SavedView.objects.exists()


def test_a_machine_keeps_none_and_nobody_keeps_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_VIEWS", 2)
    kept("one"), kept("two"), kept("one")
    with pytest.raises(Conflict, match="remove one"):
        kept("three")
    assert kept("three", by="omar")
    machine = actor("vera")
    assert machine.user is not None
    machine.user.actor_type = "automated_workflow"
    with pytest.raises(Forbidden):
        save_view(actor=machine, path="/tools/", name="x", query="", now=database_now())


def test_the_database_holds_a_place_for_one_view_and_no_eighth_place() -> None:
    kept("one", pinned=True)
    for place in (1, 8, 0):
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedView.objects.create(
                user=user("amal"), path="/x/", name=f"{place}", place=place, saved_at=database_now()
            )


@pytest.mark.parametrize("act", ["pin", "share", "remove", "nonsense"])
@pytest.mark.parametrize("number", ["", "-1", "abc", "9" * 40, "٣"])
def test_what_is_sent_askew_changes_nothing(client_of: ClientOf, act: str, number: str) -> None:
    kept()
    assert client_of("amal").post("/views/", {"act": act, "view": number}).status_code == 302
    assert SavedView.objects.get().place is None


def test_columns_are_chosen_in_the_address_and_stay_in_a_view(client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document())
    client = client_of("amal")
    page = client.get("/tools/?columns=name&columns=owner&state=active").content.decode()
    table = page[page.index('<table class="table') :]
    hidden = re.findall(r"hides-(\d+)", table[: table.index(">")])
    heads = re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]*)', table)
    assert "1" not in hidden
    assert [head for place, head in enumerate(heads, 1) if str(place) not in hidden] == ["Name", "Owner"]
    # A filter and an order keep the choice, and the other way round.
    assert '<input type="hidden" name="columns" value="owner">' in page
    assert 'name="state" value="active"' in page
    assert "columns=owner" in page[page.index('class="sort"') :]
    assert 'class="table"' in client.get("/tools/").content.decode()
