"""Rows that are dear to make, made once for the tests of a file; what a test does to them is taken back before the next one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def filled_once(blocker: Any, fill: Callable[[], object]) -> Iterator[None]:
    """For a fixture of a file: call `fill` in a transaction around all of its tests. `blocker` is `django_db_blocker`."""
    with blocker.unblock(), transaction.atomic():
        fill()
        with blocker.block():
            yield
        transaction.set_rollback(True)
