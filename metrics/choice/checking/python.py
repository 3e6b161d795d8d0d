"""Python code: imports of the client of a catalog that was not chosen, and settings that it reads."""

import ast
from collections.abc import Iterable, Iterator

from metrics.choice.catalogs import Catalog
from metrics.choice.checking.lines import is_setting

# Calls that import what their first argument names.
_IMPORTERS = frozenset({"import_module", "__import__", "importorskip"})


def uses(code: bytes | str, foreign: Iterable[Catalog], local: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """(line, catalog, what is used). `local` are the repository's own top modules. Raises SyntaxError or ValueError."""
    catalogs = tuple(foreign)
    for node in ast.walk(ast.parse(code)):
        for line, module in _modules(node):
            if module.split(".")[0] in local:
                continue
            for one in catalogs:
                if any(module == own or module.startswith(f"{own}.") for own in one.modules):
                    yield line, one.name, f"imports {module}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for one in catalogs:
                if is_setting(node.value, one):
                    yield node.lineno, one.name, f"reads {node.value}"


def _modules(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The modules that a node imports: those of `from a import b` as a and a.b, as b may be a module."""
    if isinstance(node, ast.Import):
        yield from ((node.lineno, one.name) for one in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        whole = [f"{node.module}.{one.name}" for one in node.names]
        yield node.lineno, whole[0] if len(whole) == 1 else node.module
        yield from ((node.lineno, one) for one in whole[1:])
    elif isinstance(node, ast.Call) and node.args:
        called = node.func
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        first = node.args[0]
        if name in _IMPORTERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield node.lineno, first.value
