"""From paths to findings: which files are looked at, and by what."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from metrics.checking import dashboards, python, typescript
from metrics.checking.dictionary import Dictionary
from metrics.checking.findings import Finding
from metrics.modules import HEAD, intact

MOST_BYTES = 2 * 1024 * 1024
LEFT_OUT = frozenset(
    {".git", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", "build", "dist"}
)
LANGUAGES = {".py": python.findings} | dict.fromkeys(
    (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"), typescript.findings
)
# Dashboards; an export in JSON may be a module, too.
DASHBOARDS = frozenset({".json", ".yaml", ".yml"})
LOOKED_AT = frozenset({*LANGUAGES, *DASHBOARDS, ".zip"})


def findings_of(paths: Iterable[Path], dictionary: Dictionary) -> list[Finding]:
    """Everything that is wrong under the paths, sorted; links are not followed."""
    return sorted({one for path in paths for file in _files(path) for one in _of(file, dictionary)})


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for place, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names):
            file = Path(place, name)
            if file.suffix in LOOKED_AT and not file.is_symlink():
                yield file


def _of(path: Path, dictionary: Dictionary) -> Iterator[Finding]:
    shown = path.as_posix()
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as error:
        yield Finding(shown, 1, "unreadable", f"It cannot be read: {error.strerror}.")
        return
    if HEAD.encode() in text[:400]:
        yield from _module(shown, text, dictionary)
    elif path.suffix in LANGUAGES:
        if len(text) > MOST_BYTES:
            yield Finding(shown, 1, "unreadable", f"It is larger than {MOST_BYTES // 1024} kB.")
            return
        try:
            yield from LANGUAGES[path.suffix](shown, text, dictionary)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", 1) or 1
            yield Finding(shown, line, "unreadable", f"It is no code of its language: {str(error)[:200]}")
    elif path.suffix in DASHBOARDS or path.suffix == ".zip":
        yield from _plotted(shown, path.suffix, text, dictionary)


def _plotted(shown: str, suffix: str, text: bytes, dictionary: Dictionary) -> Iterator[Finding]:
    """What dashboards plot. A large file that does not look like one is left alone; so is every archive but Superset's."""
    large = len(text) > MOST_BYTES
    if large and (suffix == ".zip" or not dashboards.looks_like_one(text)):
        return
    try:
        if large:
            raise ValueError(f"it is larger than {MOST_BYTES // 1024} kB.")
        look = dashboards.findings_of_archive if suffix == ".zip" else dashboards.findings
        yield from look(shown, text, dictionary)
    except ValueError as error:
        yield Finding(shown, getattr(error, "lineno", 1), "unreadable", f"It is no dashboard: {str(error)[:200]}")


def _module(shown: str, text: bytes, dictionary: Dictionary) -> Iterator[Finding]:
    if not intact(text):
        yield Finding(shown, 1, "edited", "It was changed by hand: export it again.")
    elif dictionary.modules and text not in dictionary.modules:
        yield Finding(shown, 1, "stale", "The dictionary has changed since: export it again.")
