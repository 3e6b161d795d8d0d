"""The child process in which schemas are judged: `python -m events.schemas.worker`.

Reads one request a line from standard input, answers one line each. What hangs or grows beyond its bounds dies here, and not
in a web or Celery process. It has no settings, no secrets, no database.
"""

import resource
import sys
from typing import Any

import orjson

from events.schemas.containment import covers

MEMORY_BYTES = 1_500 * 1024 * 1024


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request: whether `wider` covers `narrower`."""
    shown = covers(request["wider"], request["narrower"])
    return {"answer": shown.answer, "event": shown.event}


def main() -> None:
    """Serve until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin.buffer:
        try:
            found = answer(orjson.loads(line))
        except (MemoryError, RecursionError, ValueError) as error:
            found = {"answer": "unknown", "event": None, "error": type(error).__name__}
        sys.stdout.buffer.write(orjson.dumps(found) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
