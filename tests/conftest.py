"""What tests share: servers, people, signed-in clients, and a database that other connections see."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation
from hypothesis import settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from portal.operations.services import database_now
from portal.people.models import User
from portal.people.requests import SIGNED_IN_AT
from portal.people.tokens import create_token
from portal.roles import ActorType
from tests.database import copy_template, drop_template
from tests.people import actor
from tests.people import user as person

pytest_plugins = ["tests.servers.fixtures", "tests.at_once"]

# No test is timed, and the same tree gives the same answer; --hypothesis-profile=searching tries other examples each time.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, print_blob=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> None:
    """Of workers side by side the first migrates a database, and each has a copy of it."""
    run = getattr(request.config, "workerinput", {}).get("testrunuid")
    if run:
        with django_db_blocker.unblock():
            copy_template(run)


def pytest_sessionfinish(session: pytest.Session) -> None:
    manager = getattr(session.config.pluginmanager.get_plugin("dsession"), "nodemanager", None)
    if manager is not None:
        drop_template(manager.testrunuid)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Nothing of `make chaos` begins after the moment CHAOS_UNTIL (seconds since 1970), so that it ends in time anywhere."""
    until = os.environ.get("CHAOS_UNTIL")
    if until and item.get_closest_marker("chaos") and time.time() > float(until):
        pytest.skip("the time for chaos is over")


_NO_TRUNCATE = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%no_truncate'"


def _truncate_triggers(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NO_TRUNCATE)
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {trigger}")


@pytest.fixture
def _truncate_refused_again(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        _truncate_triggers("ENABLE ALWAYS")


@pytest.fixture
def committed(_truncate_refused_again: None, transactional_db: None) -> Iterator[None]:
    """A database in which other connections see what is written; emptied at the end, append-only tables too."""
    yield
    _truncate_triggers("DISABLE")
    with connection.cursor() as cursor:
        # Left by knox though its model is swapped for ours; Django's flush does not know it and trips over its keys.
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")


def _user(who: str | User) -> User:
    return who if isinstance(who, User) else person(who)


@pytest.fixture
def client_of() -> Callable[[str | User], Client]:
    """`client_of("amal")`: a browser in which amal is signed in."""

    def make(who: str | User) -> Client:
        client = Client()
        client.force_login(_user(who))
        session = client.session
        session[SIGNED_IN_AT] = time.time()
        session.save()
        return client

    return make


@pytest.fixture
def api_of(token_of: Callable[..., str]) -> Callable[..., APIClient]:
    """`api_of("amal", actor_type="observer_agent")`: the API with a bearer token of amal."""

    def make(who: str | User, actor_type: str = ActorType.HUMAN.value) -> APIClient:
        return APIClient(headers={"Authorization": f"Bearer {token_of(who, actor_type)}"})

    return make


@pytest.fixture(scope="session")
def served(django_db_setup: None) -> Iterator[LiveServer]:
    """The portal on the test database. Not `live_server`: that one empties the database before `committed` allows it."""
    server = LiveServer("127.0.0.1")
    yield server
    server.stop()


@pytest.fixture
def token_of() -> Callable[..., str]:
    """`token_of("amal")`: a bearer token of amal."""

    def make(who: str | User, actor_type: str = ActorType.HUMAN.value) -> str:
        return create_token(
            actor=actor("adam"), user=_user(who), actor_type=actor_type, name="tests", now=database_now()
        )

    return make


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A page that a test asked for in another language leaves that language behind in the thread."""
    yield
    translation.deactivate()
