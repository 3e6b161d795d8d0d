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
        if self._stepped(monotonic, database):
            self._held_until = monotonic + self._hold
        self._last = (monotonic, database)
        return monotonic >= self._held_until

    def agrees(self, monotonic: float, database: datetime) -> bool:
        """Whether judging may go on by what `steady` was told last: the clock has not stepped since, and nothing holds still."""
        return monotonic >= self._held_until and not self._stepped(monotonic, database)

    def _stepped(self, monotonic: float, database: datetime) -> bool:
        if self._last is None:
            return False
        passed = (database - self._last[1]).total_seconds()
        return abs(passed - (monotonic - self._last[0])) > self._tolerance
