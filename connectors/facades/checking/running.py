"""The whole check: Python and scripts, side by side."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from connectors.facades.bans import NPM, PYTHON, Bans, Facade
from connectors.facades.checking import python, scripts
from connectors.facades.checking.files import SCRIPT_ENDINGS, TYPED_ENDINGS, Roots, walked
from connectors.facades.checking.findings import Finding
from connectors.facades.checking.tools import CannotRun

__all__ = ["CannotRun", "Checked", "check"]


@dataclass(frozen=True)
class Checked:
    """What was found, in how many files, and what nobody looked at."""

    findings: list[Finding]
    files: int
    missed: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[Finding]:
        """Those that are more than a warning."""
        return [one for one in self.findings if not one.warning]


def check(
    paths: Iterable[Path],
    facades: Iterable[Facade],
    *,
    roots: Iterable[Path] = (),
    exclude: Iterable[str] = (),
    python_only: bool = False,
) -> Checked:
    """Check the code under the paths. Raises CannotRun where a tool is missing that nothing can be said without."""
    given = list(paths)
    for path in given:
        if not path.exists():
            raise CannotRun(f"{path}: there is no such file or folder.")
    every = list(facades)
    files = walked(given, exclude)
    places = Roots(given, roots)
    python_bans, npm_bans = Bans(every, PYTHON), Bans(every, NPM)
    missed: list[str] = []
    found = scripts.Tools()
    typed = [one for one in files if one.ending in TYPED_ENDINGS]
    plain = [one for one in files if one.ending in SCRIPT_ENDINGS]
    if npm_bans and not python_only and (typed or plain):
        found = scripts.tools([place for path in given for place in [str(path.absolute())]] + [str(Path.cwd())])
        if not found.eslint:
            missed.append(
                f"{len(typed) + len(plain)} files of JavaScript and TypeScript were not checked: there is no ESLint in"
                " node_modules or on the PATH. Install it, or say --python-only."
            )
        elif typed and not found.parser:
            missed.append(
                f"{len(typed)} files of TypeScript were not checked: ESLint needs one of {', '.join(scripts.PARSERS)}"
                " beside it."
            )
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(lambda: list(scripts.findings(files, npm_bans, places, found)) if found.eslint else [])
        told = list(python.findings(files, python_bans, places))
        told += waiting.result()
    return Checked(sorted(set(told)), len(files), missed)
