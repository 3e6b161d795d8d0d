"""When the database's clock itself cannot be trusted."""

from datetime import datetime

from portal.operations.clock import Expected


class ClockGuard:
    """Notices when the database's clock steps, by this process's monotonic clock.

    `steady(monotonic, database)` takes seconds and an aware datetime, in the order they were read; it answers whether the
    two agree. After a step it says no for `hold` seconds: a step that is soon taken back then judges nobody. A step that
    stays is the truth from then on.
    """

    def __init__(self, *, hold: float = 10.0) -> None:
        self._hold = hold
        self._clock = Expected()
        self._held_until = float("-inf")

    def steady(self, monotonic: float, database: datetime) -> bool:
        """Whether judging may go on."""
        if self._clock.step(database, monotonic):
            self._held_until = monotonic + self._hold
        self._clock.note(database, monotonic)
        return monotonic >= self._held_until

    def agrees(self, monotonic: float, database: datetime) -> bool:
        """Whether judging may go on by what `steady` was told last: the clock has not stepped since, and nothing holds still."""
        return monotonic >= self._held_until and not self._clock.step(database, monotonic)
