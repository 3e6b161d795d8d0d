"""Which files are looked at, and which of them are a facade's own."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePath

from connectors.facades.bans import Ban
from connectors.facades.eslint import SCRIPTS, TYPED

MOST_BYTES = 2 * 1024 * 1024
PYTHON_ENDINGS = frozenset({".py", ".pyi", ".pyw"})
SCRIPT_ENDINGS = frozenset(f".{one}" for one in SCRIPTS)
TYPED_ENDINGS = frozenset(f".{one}" for one in TYPED)
LOOKED_AT = PYTHON_ENDINGS | SCRIPT_ENDINGS | TYPED_ENDINGS
LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache",
     ".tox", ".nox", ".eggs", "site-packages"}
)  # fmt: skip


@dataclass(frozen=True)
class File:
    """One file: as it is shown, and where it lies."""

    shown: str
    place: str

    @property
    def ending(self) -> str:
        """With its dot."""
        return os.path.splitext(self.place)[1]


def walked(paths: Iterable[Path], exclude: Iterable[str] = ()) -> list[File]:
    """The files of code under the paths, sorted. Links are not followed; environments of packages are left out."""
    patterns = list(exclude)
    found = {file for path in paths for file in _under(path, patterns)}
    return sorted(found, key=lambda one: one.shown)


def _under(path: Path, exclude: list[str]) -> Iterator[File]:
    if not path.is_dir():
        if path.suffix in LOOKED_AT and not _excluded(path.as_posix(), exclude):
            yield File(path.as_posix(), os.path.abspath(path))
        return
    top = os.path.abspath(path)
    for place, folders, names in os.walk(top):
        inside = os.path.relpath(place, top)
        shown = path.as_posix() if inside == "." else (path / inside).as_posix()
        folders[:] = sorted(
            name
            for name in folders
            if name not in LEFT_OUT
            and not _excluded(f"{shown}/{name}", exclude)
            and not os.path.exists(os.path.join(place, name, "pyvenv.cfg"))
        )
        for name in sorted(names):
            file = os.path.join(place, name)
            if os.path.splitext(name)[1] in LOOKED_AT and not os.path.islink(file):
                told = PurePath(shown, name).as_posix()
                if not _excluded(told, exclude):
                    yield File(told, file)


def _excluded(shown: str, exclude: list[str]) -> bool:
    return any(fnmatch(shown, one) or fnmatch(shown, f"*/{one}") for one in exclude)


class Roots:
    """Where modules begin: the paths that were given and where the command runs, each with its `src`; others if named."""

    def __init__(self, paths: Iterable[Path], named: Iterable[Path] = ()) -> None:
        folders = [os.path.abspath(one) for one in paths if one.is_dir()]
        own = [os.path.abspath(one) for one in named]
        found = [*folders, os.getcwd()]
        self.places = list(
            dict.fromkeys([*own, *(place for one in found for place in (one, os.path.join(one, "src")))])
        )

    def _modules(self, place: str) -> Iterator[tuple[str, ...]]:
        """The steps of a file's name from each root that it lies under."""
        stem = os.path.splitext(place)[0]
        for root in self.places:
            if stem.startswith(root + os.sep):
                yield tuple(stem[len(root) + 1 :].split(os.sep))

    def own(self, file: File, ban: Ban) -> bool:
        """Whether a file belongs to a facade that may import this package."""
        return any(
            module[: len(facade.parts)] == facade.parts
            for module in self._modules(file.place)
            for facade in ban.facades
        )

    def shadow(self, package: str) -> str:
        """The module of the code base by the name of a package, as Python would find it before the vendor's; or nothing."""
        top = package.split(".", maxsplit=1)[0]
        for root in self.places:
            for one in (os.path.join(root, top, "__init__.py"), os.path.join(root, f"{top}.py")):
                if os.path.isfile(one):
                    return one
        return ""
