"""No reachable state applies a change without the signatures that its row demands then, by people who did not write it.

Hypothesis acts as authors, approvers, machines and administrators on the real database (`play.py`); an oracle that keeps its own
books judges every state (`books.py`).
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from portal.changes.models import ChangeSet
from tests.changes.books import TALLY
from tests.changes.deciding import classed
from tests.changes.play import TWISTS, Changes
from tests.people import ROLES, machine, user
from tests.registering import apply_connector


def played(twist: str, examples: int, steps: int) -> None:
    for name in ROLES:
        user(name)
    machine("robot", accountable="lina")
    apply_connector(classed("A0", "R0", "S0"))
    assert not ChangeSet.objects.exists()
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        # A failing play is short enough to read; making it shorter on a database takes minutes.
        phases=[Phase.generate],
    )
    TALLY.clear()
    begun: Any = type("Play", (Changes,), {"begins_with": twist})
    run_state_machine_as_test(begun, settings=bounds)
    assert TALLY["refused"] < 4 * TALLY["done"], f"too little happened: {dict(TALLY)}"
    assert TALLY["applied"] > 0, f"too little was applied: {dict(TALLY)}"


@pytest.mark.django_db
@pytest.mark.parametrize("twist", sorted(TWISTS))
def test_nothing_is_applied_unsigned(twist: str) -> None:
    played(twist, examples=4, steps=20)


@pytest.mark.chaos
@pytest.mark.timeout(1200)
@pytest.mark.django_db
@pytest.mark.parametrize("twist", sorted(TWISTS))
def test_nothing_is_applied_unsigned_for_long(twist: str) -> None:
    played(twist, examples=40, steps=50)
