"""When the database's clock itself cannot be trusted."""

from datetime import datetime


class ClockGuard:
    """Notices when the database's clock steps, by this process's monotonic clock.

    `steady(monotonic, database)` takes seconds and an aware datetime, in the order they were read; it answers whether the
    two agree. After a step it says no for `hold` seconds: a step that is soon taken back then judges nobody. A step that
    stays is the truth from then on.
    """

    def __init__(self, *, tolerance: float = 15.0, hold: float = 10.0) -> None:
        self._tolerance = tolerance
        self._hold = hold
        self._last: tuple[float, datetime] | None = None
        self._held_until = float("-inf")

    def steady(self, monotonic: float, database: datetime) -> bool:
        """Whether judging may go on."""
        if not self.agrees(monotonic, database):
            self._held_until = monotonic + self._hold
        self._last = (monotonic, database)
        return monotonic >= self._held_until

    def agrees(self, monotonic: float, database: datetime) -> bool:
        """Whether the clock has not stepped since `steady` was asked last; it stays as it was asked then."""
        if self._last is None:
            return True
        passed = (database - self._last[1]).total_seconds()
        return abs(passed - (monotonic - self._last[0])) <= self._tolerance
