"""Two at the same moment, on connections of their own, few times or many."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from portal.refusals import Refusal

FEW, MANY = 12, 200
TIMES = pytest.mark.parametrize(
    "times", [pytest.param(FEW, id="some"), pytest.param(MANY, id="many", marks=pytest.mark.chaos)]
)
Both = Callable[..., list[Any]]


@pytest.fixture
def both() -> Iterator[Both]:
    """`both(first, second)`: what each answered when they began at the same moment; a refusal is an answer, by its rule."""
    gate = Barrier(2)

    def run(call: Callable[[], Any]) -> Any:
        gate.wait(30)
        try:
            return call()
        except Refusal as refusal:
            return refusal.rule

    with ThreadPoolExecutor(2) as pool:
        yield lambda *calls: list(pool.map(run, calls))
        closing = Barrier(2)

        def close(_: int) -> None:
            closing.wait(30)
            connection.close()

        list(pool.map(close, range(2)))
