"""The database's clock as one process expects it, by its own monotonic clock: how a step is noticed."""

from datetime import datetime, timedelta

# Below it a difference is the waiting of this process, or a clock that is being set right little by little.
TOLERANCE_SECONDS = 15.0


class Expected:
    """What the database's clock should say now, after it was read once."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    def note(self, database: datetime, monotonic: float) -> None:
        """Take both clocks as they were read, one after the other, for the truth from now on."""
        self._last = (database, monotonic)

    def at(self, monotonic: float) -> datetime | None:
        """What the database's clock says at this moment unless it stepped; nothing before it was read."""
        if self._last is None:
            return None
        database, then = self._last
        return database + timedelta(seconds=monotonic - then)

    def step(self, database: datetime, monotonic: float) -> timedelta:
        """By how much the clock has stepped since it was read; none within the tolerance, and before it was read."""
        at = self.at(monotonic)
        by = database - at if at is not None else timedelta()
        return by if abs(by.total_seconds()) > TOLERANCE_SECONDS else timedelta()
