"""Typed reading of the environment.

One place turns strings into values and says in one sentence what is wrong with a bad one. The settings file is the
only caller.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
RUNTIME_FILE = "portal.env"


def text(name: str, default: str = "") -> str:
    """The variable's text without surrounding blanks, or the default where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """A yes/no variable: 1/true/yes/on and 0/false/no/off, nothing else."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no; use 1 or 0.")


def number(name: str, default: int, *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = text(name)
    if not value:
        return default
    try:
        result = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None
    if result < least:
        raise ImproperlyConfigured(f"{name}={result} is too small; the least is {least}.")
    return result


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list without blanks."""
    return [part.strip() for part in text(name).split(",") if part.strip()] or list(default)


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    """One of the allowed words."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r} is unknown; use one of {', '.join(allowed)}.")
    return value


def data_dir() -> Path:
    """The data directory: DATA_DIR, else the directory under data/ whose portal was started last."""
    named = text("DATA_DIR")
    if named:
        return Path(named).expanduser().resolve()
    started = sorted((ROOT / "data").glob(f"*/{RUNTIME_FILE}"), key=lambda path: path.stat().st_mtime)
    return started[-1].parent if started else ROOT / "data" / "run"


def load_runtime(directory: Path) -> None:
    """Take from `portal.env` of a started portal what the environment does not set itself.

    The supervisor writes that file (NAME=value lines), so that `./manage.py create_token …` in a second terminal talks to the
    portal that runs in the first one.
    """
    path = directory / RUNTIME_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        name, separator, value = line.partition("=")
        if separator and not os.environ.get(name):
            os.environ[name] = value
