"""Running the tools that the check stands on."""

import subprocess
from collections.abc import Iterator

# Bytes of file names in one call; a system takes two million and more.
_LOT = 400_000
_SECONDS = 600


class CannotRun(Exception):
    """The check cannot be done, in full or at all; the message says what is missing."""


def in_lots(places: list[str]) -> Iterator[list[str]]:
    """The names in parts that fit on one command line."""
    lot: list[str] = []
    size = 0
    for place in places:
        size += len(place.encode("utf-8", "surrogateescape")) + 1
        if lot and size > _LOT:
            yield lot
            lot, size = [], len(place) + 1
        lot.append(place)
    if lot:
        yield lot


def ran(command: list[str], *, cwd: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The finished run of a tool. Raises CannotRun where it cannot be started, or takes too long."""
    try:
        return subprocess.run(  # noqa: S603 - the tool that was looked up, no shell
            command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace",
            timeout=_SECONDS, check=False,
        )  # fmt: skip
    except OSError as error:
        raise CannotRun(f"{command[0]} cannot be started: {error.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise CannotRun(f"{command[0]} took longer than {_SECONDS} seconds.") from None
