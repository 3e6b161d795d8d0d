"""Every case on every stage that can play it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from severity import sweep
from tests.cases import behaving, misbehaving, stages
from tests.cases.stages import TOKEN, Scripted, Stage
from tests.cases.story import Story
from tests.cases.table import CASES, FASTMCP, SCRIPTED, SDK, Case
from tests.connectors.tracking import world
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.django_db
# Importing them adds them to the table.
assert behaving
assert misbehaving


@pytest.fixture(autouse=True)
def _credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIAL_CASES", TOKEN)


@pytest.fixture
def sdk() -> Iterator[Stage]:
    """A server made with the `mcp` SDK."""
    stage = stages.sdk()
    yield stage
    stage.stop()


@pytest.fixture
def fastmcp() -> Iterator[Stage]:
    """A server made with `fastmcp`, which forgets its tasks when it ends."""
    stage = stages.fastmcp("memory://")
    yield stage
    stage.stop()


def tell(case: Case, stage: Stage) -> None:
    """Play it, and hold what the portal made of it against the table."""
    story = Story(stage)
    case.play(story)
    for _twice in range(2):
        sweep.tick()
    found = story.fresh()
    assert (found.state, found.trouble_kind) == (case.state, case.trouble)
    assert story.slips() == case.slips
    assert set(case.told) <= set(story.whats()), story.whats()
    client = Client()
    user = world.person().user
    assert user is not None
    client.force_login(user)
    assert client.get(f"/tasks/{found.pk}/").status_code == 200
    assert client.get(f"/api/v1/tasks/{found.pk}/").json()["state"] == case.state


def of(stage: str) -> pytest.MarkDecorator:
    """The cases that a stage can play."""
    chosen = [case for case in CASES if stage in case.on]
    return pytest.mark.parametrize("case", chosen, ids=[case.name for case in chosen])


@of(SCRIPTED)
def test_by_a_scripted_server(case: Case, scripted: ScriptedServer) -> None:
    tell(case, Scripted(scripted))


@of(SDK)
def test_by_a_server_of_the_sdk(case: Case, sdk: Stage) -> None:
    tell(case, sdk)


@pytest.mark.peers
@of(FASTMCP)
def test_by_a_server_of_fastmcp(case: Case, fastmcp: Stage) -> None:
    tell(case, fastmcp)


def test_the_table_is_told_in_the_guide() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "tasks.md").read_text()
    assert [case.row for case in CASES if case.row not in guide] == []
