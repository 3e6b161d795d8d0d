"""The view that a list opens with: one's own, else the one that an administrator gave the role."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.refusals import Forbidden, Invalid, Missing
from portal.roles import Role
from portal.saved import services
from portal.saved.models import SavedView
from tests.documents import runtime_tool_document
from tests.people import actor, user
from tests.registering import apply_connector
from tests.saved.test_views import kept

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]


def opened(client: Client, path: str = "/tools/") -> str:
    """Where the list of this address opens, after a redirect at most."""
    answer = client.get(path)
    if answer.status_code == 302:
        return answer.headers["Location"]
    assert answer.status_code == 200
    return path


def given(view: SavedView, role: str, by: str = "adam") -> SavedView:
    return services.open_for_role(actor=actor(by), number=view.pk, role=role, now=database_now())


def test_a_list_opens_with_the_view_that_its_owner_chose_and_with_nothing_for_others(client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document())
    amal = client_of("amal")
    said = {"act": "save", "path": "/tools/", "query": "state=active&view=all", "name": "Active", "opens": "on"}
    assert amal.post("/views/", said).headers["Location"] == "/tools/?state=active"
    assert opened(amal) == "/tools/?state=active"
    assert opened(client_of("noor")) == "/tools/"
    # Whatever is asked for is answered as it is asked.
    for asked in ("/tools/?view=all", "/tools/?format=csv", "/tools/?sort=name"):
        assert amal.get(asked).status_code == 200
    page = amal.get("/tools/?view=all").content.decode()
    assert 'href="/tools/?view=all"' in page
    # Another one takes its place; none opens it once it is told so, or removed.
    second = kept("Second", opens=True)
    assert list(SavedView.objects.filter(opens=True)) == [second]
    amal.post("/views/", {"act": "close", "view": second.pk})
    assert opened(amal) == "/tools/"
    amal.post("/views/", {"act": "open", "view": second.pk})
    assert opened(amal) == "/tools/?state=active"
    amal.post("/views/", {"act": "remove", "view": second.pk})
    assert opened(amal) == "/tools/"


def test_a_role_opens_it_with_what_an_administrator_shares_and_ones_own_goes_first(client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document())
    view = given(kept("Of engineers", by="adam"), Role.ENGINEER)
    assert (view.shared, view.opens_for) == (True, "engineer")
    noor = client_of("noor")
    assert opened(noor) == "/tools/?state=active"
    assert opened(client_of("vera")) == "/tools/"
    services.save_view(
        actor=actor("noor"), path="/tools/", name="Own", query="state=draft", opens=True, now=database_now()
    )
    assert opened(noor) == "/tools/?state=draft"
    assert AuditLine.objects.filter(action="view.role", actor_name="adam").count() == 1
    # Of one list and role there is one; the other stays a view.
    other = given(kept("Another", by="adam"), Role.ENGINEER)
    assert list(SavedView.objects.filter(opens_for="engineer")) == [other]
    # What is shared no more opens nobody else's list.
    services.change_view(actor=actor("adam"), number=other.pk, shared=False, now=database_now())
    assert not SavedView.objects.exclude(opens_for="").exists()


def test_of_several_roles_the_one_that_trusts_most_decides(client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document())
    lina = user("lina")
    lina.roles = [Role.ENGINEER, Role.LEAD]
    lina.save()
    adam = actor("adam")
    for role, state in ((Role.LEAD, "active"), (Role.ENGINEER, "draft")):
        view = services.save_view(actor=adam, path="/tools/", name=role, query=f"state={state}", now=database_now())
        given(view, role)
    client = Client()
    client.force_login(lina)
    assert opened(client) == "/tools/?state=active"


def test_only_administrators_say_it_for_a_role_and_only_of_a_role_there_is() -> None:
    view = kept("Mine")
    with pytest.raises(Forbidden):
        given(view, Role.ENGINEER, by="amal")
    with pytest.raises(Missing):
        given(view, Role.ENGINEER)
    own = kept("Adam's", by="adam")
    with pytest.raises(Invalid):
        given(own, "king")
    assert given(given(own, Role.VIEWER), "").opens_for == ""


def test_who_is_no_administrator_any_more_does_not_change_what_opens_lists_of_others() -> None:
    view = given(kept("Of engineers", by="adam"), Role.ENGINEER)
    adam = user("adam")
    adam.roles = [Role.ENGINEER]
    adam.save()
    services.save_view(
        actor=actor("adam"), path="/tools/", name="Of engineers", query="state=retired", shared=True, now=database_now()
    )
    view.refresh_from_db()
    assert (view.query, view.opens_for) == ("state=retired", "")


def test_a_page_offers_it_to_those_who_may(client_of: ClientOf) -> None:
    view = kept("Adam's", by="adam")
    kept("Mine")
    adam = client_of("adam")
    assert "Open for the role" in adam.get("/views/").content.decode()
    assert "Open for the role" not in client_of("amal").get("/views/").content.decode()
    adam.post("/views/", {"act": "role", "view": view.pk, "role": "lead"})
    view.refresh_from_db()
    assert view.opens_for == "lead"
    answer = adam.post("/views/", {"act": "role", "view": view.pk, "role": "king"}, follow=True)
    assert "Unknown role: king." in answer.content.decode()


def test_a_view_without_a_filter_leads_nowhere_else(client_of: ClientOf) -> None:
    services.save_view(actor=actor("amal"), path="/tools/", name="All", query="page=3", opens=True, now=database_now())
    assert opened(client_of("amal")) == "/tools/"


@pytest.mark.parametrize(
    "told",
    [
        {"opens": True},
        {"opens_for": "lead", "shared": True, "name": "C", "user": "other"},
        {"opens_for": "viewer", "shared": False},
    ],
)
def test_the_database_holds_it(told: dict[str, Any]) -> None:
    first = kept("A", opens=True)
    SavedView.objects.filter(pk=first.pk).update(opens_for="lead", shared=True)
    told = {"name": "B", "user": first.user} | told
    if told["user"] == "other":
        told["user"] = user("noor")
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(path="/tools/", query="a=1", saved_at=database_now(), **told)


def test_it_costs_one_look_on_a_list_and_none_elsewhere(client_of: ClientOf) -> None:
    client = client_of("amal")
    for path, most in (("/tools/", 1), ("/tools/?view=all", 0), ("/", 0)):
        with CaptureQueriesContext(connection) as asked:
            client.get(path)
        assert sum('"opens_for" IN' in one["sql"] for one in asked) == most, path
