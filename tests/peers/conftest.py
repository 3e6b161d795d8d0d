"""Real clients of others against a real portal. `make peers` installs them; elsewhere these tests are left out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from portal.changes import services
from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeState
from portal.operations.services import database_now
from tests.events.registering import family, signed
from tests.peers.tools import HERE
from tests.people import actor
from tests.registering import EVIDENCE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("peers")


@dataclass
class Registry:
    """The portal as a registry client reaches it, and the people behind it."""

    url: str
    user: str
    token: str

    def sign(self) -> ChangeRequest:
        """Complete and sign the one change that is open, as its author and its approvers would."""
        change = ChangeRequest.objects.get(state__in=OPEN_STATES)
        if change.state == ChangeState.DRAFT:
            author = actor(change.author.username)
            draft = services.Draft(evidence=EVIDENCE)
            services.edit(actor=author, change_id=change.pk, draft=draft, now=database_now())
            change = services.submit(actor=author, change_id=change.pk, now=database_now())
        return signed(change)


@pytest.fixture
def registry(committed: None, served: LiveServer, token_of: Callable[..., str]) -> Registry:
    """A portal with the family order-placed, which has no version yet."""
    family()
    return Registry(f"{served.url}/registry", "amal", token_of("amal"))


@pytest.fixture
def order_schema() -> dict[str, Any]:
    """As an engineer writes it for a client: draft-07, with a title."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "OrderPlaced",
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "amount": {"type": "integer", "minimum": 0}},
        "required": ["order_id"],
    }
