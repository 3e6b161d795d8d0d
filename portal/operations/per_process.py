"""Things that each process has one of, and that a fork must not share with its parent: connections, locks, threads."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Calls `make` once, and once more in each fork. Lives as long as the program: one for each module that needs one."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self.own = make()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.own = self._make()
