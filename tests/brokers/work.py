"""Background work for the broker tests: one that can be counted, one that fails, one that hangs."""

import os
import time
from pathlib import Path

urlpatterns: list[object] = []


def note() -> None:
    """Append a line to the file named by NOTES."""
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write(f"{time.time()}\n")


def fail() -> None:
    """Fail every time."""
    raise RuntimeError("this work always fails")


def hang() -> None:
    """Never come back."""
    time.sleep(3600)
