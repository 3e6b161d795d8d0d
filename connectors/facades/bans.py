"""Which packages are banned where: what the documents of connectors say of their facades. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PYTHON, NPM = "python", "npm"
MODULE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*(?:[./][A-Za-z_][A-Za-z0-9_-]*)*$"
PYTHON_NAME = r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$"
NPM_NAME = r"^(?:@[a-z0-9][a-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*$"
_BETWEEN = {PYTHON: ".", NPM: "/"}


@dataclass(frozen=True, order=True)
class Facade:
    """One connector that names its facade, and the packages of the vendor behind it."""

    connector: str
    module: str
    python_packages: tuple[str, ...] = ()
    npm_packages: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The module as the steps of a path."""
        return tuple(self.module.replace("/", ".").split("."))

    def packages(self, language: str) -> tuple[str, ...]:
        """Those of one language."""
        return self.python_packages if language == PYTHON else self.npm_packages

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Facade | None":
        """From the document of a connector; None where it bans nothing."""
        told = document.get("facade") or {}
        if not told.get("module") or not (told.get("python_packages") or told.get("npm_packages")):
            return None
        python, npm = (tuple(sorted(set(told.get(f"{name}_packages") or ()))) for name in (PYTHON, NPM))
        return cls(str(document["key"]), str(told["module"]), python, npm)


@dataclass(frozen=True)
class Ban:
    """One package, and the facades that may import it. Several connectors may stand on one vendor."""

    package: str
    facades: tuple[Facade, ...]

    @property
    def connectors(self) -> str:
        """The keys of the connectors, for people."""
        return ", ".join(one.connector for one in self.facades)

    @property
    def use(self) -> str:
        """What code is to import instead, for people."""
        return " or ".join(sorted({one.module for one in self.facades}))

    @property
    def message(self) -> str:
        """What the author of an import is told."""
        plural = "connectors" if len(self.facades) > 1 else "connector"
        return f"{self.package} belongs to {plural} {self.connectors}: use {self.use} instead."


class Bans:
    """All banned packages of one language, by name."""

    def __init__(self, facades: Iterable[Facade], language: str) -> None:
        self._between = _BETWEEN[language]
        named: dict[str, list[Facade]] = {}
        for facade in sorted(set(facades)):
            for package in facade.packages(language):
                named.setdefault(package, []).append(facade)
        self.by_name = {name: Ban(name, tuple(named[name])) for name in sorted(named)}

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def __iter__(self) -> Any:
        return iter(self.by_name.values())

    def of(self, name: str) -> Ban | None:
        """The ban that an import of this name falls under: that of the longest package that it is, or lies in."""
        steps = name.split(self._between)
        for length in range(len(steps), 0, -1):
            found = self.by_name.get(self._between.join(steps[:length]))
            if found is not None:
                return found
        return None

    def overlapping(self, ban: Ban) -> bool:
        """Whether a package inside this one is banned by itself."""
        return any(name.startswith(ban.package + self._between) for name in self.by_name)
