"""The facade rule as configuration of the tools that hold it: ruff, import-linter, ESLint. The same facades, the same text."""

import json
from collections.abc import Iterable, Iterator

from connectors.facades.bans import NPM, PYTHON, Bans, Facade
from connectors.facades.eslint import module_text

FORMATS = ("ruff", "import-linter", "eslint")
_HEAD = "Written by `manage.py registry facade-rules`; write it again instead of editing it."


def written(form: str, facades: Iterable[Facade], *, packages: Iterable[str] = (), roots: Iterable[str] = ("",)) -> str:
    """The configuration. `packages` are the root packages that import-linter looks at, `roots` where modules begin."""
    every = sorted(set(facades))
    if form == "ruff":
        return _ruff(every, list(roots))
    if form == "import-linter":
        return _import_linter(every, sorted(set(packages)))
    return f"// {_HEAD}\n{module_text(every, list(roots))}"


def places(facade: Facade, roots: Iterable[str], suffixes: Iterable[str]) -> Iterator[str]:
    """The files of a facade's module as patterns, below each of the roots."""
    for root in roots:
        module = "/".join([*([root.strip("/")] if root.strip("/") else []), *facade.parts])
        yield from (f"{module}{suffix}" for suffix in suffixes)
        yield f"{module}/**"


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's are the same but for DEL, which no name here holds."""
    return json.dumps(text, ensure_ascii=False)


def _ruff(facades: list[Facade], roots: list[str]) -> str:
    lines = [
        f"# {_HEAD}",
        '# Extend it: `extend = "ruff-facades.toml"`, with TID251 among your rules.',
        "# A facade is free of TID251 as a whole here; `registry facade-check` lets it import its own vendor alone.",
        "[lint]",
        'extend-select = ["TID251"]',
        "",
        "[lint.flake8-tidy-imports.banned-api]",
    ]
    lines += [f"{_quoted(ban.package)}.msg = {_quoted(ban.message)}" for ban in Bans(facades, PYTHON)]
    lines += ["", "[lint.extend-per-file-ignores]"]
    free = {place for one in facades if one.python_packages for place in places(one, roots, (".py", ".pyi"))}
    lines += [f'{_quoted(place)} = ["TID251"]' for place in sorted(free)]
    return "\n".join(lines) + "\n"


def unsayable(facades: Iterable[Facade]) -> list[str]:
    """Packages that import-linter cannot forbid: it knows packages of others as a whole."""
    return [ban.package for ban in Bans(facades, PYTHON) if "." in ban.package]


def _import_linter(facades: list[Facade], packages: list[str]) -> str:
    bans = Bans(facades, PYTHON)
    roots = packages or sorted({one.parts[0] for one in facades if one.python_packages})
    lines = [f"# {_HEAD}"]
    lines += [f"# Left out, for it is a part of a package: {name}" for name in unsayable(facades)]
    lines += ["[tool.importlinter]", f"root_packages = {_list(roots)}", "include_external_packages = true"]
    for ban in bans:
        if "." in ban.package:
            continue
        own = {".".join(one.parts) for one in ban.facades}
        lines += [
            "",
            "[[tool.importlinter.contracts]]",
            f"name = {_quoted(ban.message)}",
            'type = "forbidden"',
            f"source_modules = {_list(roots)}",
            f"forbidden_modules = {_list([ban.package])}",
            f"ignore_imports = {_list(f'{who} -> {ban.package}' for one in sorted(own) for who in (one, f'{one}.**'))}",
            'unmatched_ignore_imports_alerting = "none"',
        ]
    return "\n".join(lines) + "\n"


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(one) for one in texts) + "]"


__all__ = ["FORMATS", "NPM", "places", "unsayable", "written"]
