"""Python code: keys as text, keys put together, members that there are not."""

import ast
from collections.abc import Callable, Iterator

from metrics.checking.dictionary import Dictionary
from metrics.checking.findings import Finding
from metrics.checking.judging import judged_member, judged_text, means_metric

_MODULE_NAME = "Metric"
# metrics.append("leads") means a metric, as metrics = ["leads"] does.
_ADDERS = frozenset({"append", "add", "extend", "insert"})


def findings(path: str, text: bytes, dictionary: Dictionary) -> Iterator[Finding]:
    """What is wrong in one file. Raises SyntaxError or ValueError for one that is no Python."""
    tree = ast.parse(text)
    visitor = _Visitor(path, dictionary, _imported(tree))
    visitor.visit(tree)
    yield from visitor.found


def _imported(tree: ast.Module) -> frozenset[str]:
    """Under which names a file has the generated enumeration: `Metric`, imported from a module that is called after metrics."""
    return frozenset(
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and "metric" in (node.module or "").rpartition(".")[2]
        for name in node.names
        if name.name == _MODULE_NAME
    )


class _Visitor(ast.NodeVisitor):
    def __init__(self, path: str, dictionary: Dictionary, imported: frozenset[str]) -> None:
        self.path, self.dictionary, self.imported = path, dictionary, imported
        self.found: list[Finding] = []
        # Whether the node that is visited stands where a metric is meant: metric=…, metrics[…], plot_metric(…).
        self.meant = False

    def _tell(self, node: ast.AST, told: tuple[str, str] | None) -> None:
        if told is not None:
            self.found.append(Finding(self.path, getattr(node, "lineno", 1), *told))

    def _within(self, node: ast.AST | None, meant: bool) -> None:
        if node is None:
            return
        before, self.meant = self.meant, meant
        self.visit(node)
        self.meant = before

    def visit_Expr(self, node: ast.Expr) -> None:
        # A text that stands alone is a docstring or a comment.
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._tell(
                node,
                judged_text(node.value, self.dictionary, composed=False, meant=self.meant, imports=bool(self.imported)),
            )

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._composed(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._composed(node)

    def visit_Call(self, node: ast.Call) -> None:
        if folded(node) is not None:
            self._composed(node)
            return
        if self._enumeration(node.func) and len(node.args) == 1:
            # Metric("revenue_sar"): the run-time guard, whose argument may be anything but a constant.
            self._within(node.args[0], True)
            return
        name = _name(node.func)
        if isinstance(node.func, ast.Attribute) and name in _ADDERS:
            name = _name(node.func.value)
        self._within(node.func, False)
        for argument in node.args:
            self._within(argument, means_metric(name))
        for keyword in node.keywords:
            self._within(keyword.value, means_metric(keyword.arg or ""))

    def visit_Compare(self, node: ast.Compare) -> None:
        # A metric is compared with metrics; what else is compared says nothing of the place it stands in.
        meant = any(means_metric(_name(side)) for side in (node.left, *node.comparators))
        for side in (node.left, *node.comparators):
            self._within(side, meant)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._within(node.test, False)
        self.visit(node.body)
        self.visit(node.orelse)

    def visit_arguments(self, node: ast.arguments) -> None:
        named = [*node.posonlyargs, *node.args]
        with_default = named[len(named) - len(node.defaults) :]
        for one, default in (*zip(with_default, node.defaults, strict=True),
                             *zip(node.kwonlyargs, node.kw_defaults, strict=True)):  # fmt: skip
            self._within(one.annotation, False)
            self._within(default, means_metric(one.arg))

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._within(node.iter, means_metric(_name(node.target)))
        for statement in (*node.body, *node.orelse):
            self._within(statement, False)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self.visit_For(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._within(node.iter, means_metric(_name(node.target)))
        for condition in node.ifs:
            self._within(condition, False)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if (
            _name(node.value) == _MODULE_NAME
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        ):
            self._tell(node, judged_member(node.slice.value, self.dictionary))
            return
        self._within(node.value, False)
        self._within(node.slice, means_metric(_name(node.value)))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if self._enumeration(node.value) and node.attr.isupper():
            self._tell(node, judged_member(node.attr, self.dictionary))
        else:
            self._within(node.value, False)

    def visit_Assign(self, node: ast.Assign) -> None:
        meant = any(means_metric(_name(target)) for target in node.targets)
        for target in node.targets:
            self._within(target, False)
        self._within(node.value, meant)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._within(node.value, means_metric(_name(node.target)))

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self._within(key, self.meant)
            named = isinstance(key, ast.Constant) and isinstance(key.value, str) and means_metric(key.value)
            self._within(value, named or self.meant)

    def _enumeration(self, node: ast.expr) -> bool:
        """Whether this is the generated enumeration: imported by itself, or taken from a module that is called after metrics."""
        if isinstance(node, ast.Attribute):
            return node.attr == _MODULE_NAME and isinstance(node.value, ast.Name) and "metric" in node.value.id
        return isinstance(node, ast.Name) and node.id in self.imported

    def _composed(self, node: ast.expr) -> None:
        text = folded(node)
        if text is None:
            self.generic_visit(node)
        else:
            self._tell(
                node, judged_text(text, self.dictionary, composed=True, meant=self.meant, imports=bool(self.imported))
            )


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def folded(node: ast.expr) -> str | None:
    """The text that an expression of constants makes; None where a part of it is only known at run time."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp):
        return _added(node)
    if isinstance(node, ast.JoinedStr):
        return _together([part.value if isinstance(part, ast.FormattedValue) else part for part in node.values])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        base = folded(node.func.value)
        if base is not None:
            return _called(node, base)
    return None


def _together(parts: list[ast.expr]) -> str | None:
    texts = [folded(part) for part in parts]
    return None if None in texts else "".join(str(text) for text in texts)


def _added(node: ast.BinOp) -> str | None:
    left = folded(node.left)
    if left is None:
        return None
    if isinstance(node.op, ast.Add):
        right = folded(node.right)
        return None if right is None else left + right
    if isinstance(node.op, ast.Mod):
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        texts = [folded(one) for one in given]
        if None not in texts:
            return _made(lambda: left % tuple(texts))
    return None


def _made(text: Callable[[], str]) -> str | None:
    """What a formatting makes; None where it would fail when it runs."""
    try:
        return text()
    except (TypeError, ValueError, LookupError):
        return None


def _called(node: ast.Call, base: str) -> str | None:
    assert isinstance(node.func, ast.Attribute)
    name = node.func.attr
    if name == "format":
        return _formatted(node, base)
    if node.keywords:
        return None
    if name in ("lower", "upper", "strip") and not node.args:
        return str(getattr(base, name)())
    if name == "replace" and len(node.args) == 2:
        old, new = (folded(one) for one in node.args)
        return None if old is None or new is None else base.replace(old, new)
    if name == "join" and len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple):
        texts = [folded(one) for one in node.args[0].elts]
        return None if None in texts else base.join(str(text) for text in texts)
    return None


def _formatted(node: ast.Call, base: str) -> str | None:
    texts = [folded(one) for one in node.args]
    named = {one.arg or "": folded(one.value) for one in node.keywords}
    if None in texts or None in named.values() or "" in named:
        return None
    return _made(lambda: base.format(*texts, **named))
