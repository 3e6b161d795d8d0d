"""Whether generated text is types and nothing else: the last look before it is written, so that no word of a schema ever runs."""

import ast
import re

_IMPORTED = {
    "__future__": {"annotations"},
    "builtins": {"bool", "dict", "float", "int", "list", "str"},
    "typing": {"Annotated", "Any", "Literal"},
    "pydantic": {"BaseModel", "ConfigDict", "Field", "RootModel"},
}
_CALLED = {"ConfigDict", "Field"}


class NotTypes(ValueError):
    """What came back is more than types, or not what was asked for."""


def check_python(text: str) -> None:
    """Raises NotTypes unless it is imports of the known names, and classes of fields, with constants for values."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise NotTypes(f"It is not Python: {error}") from None
    _Python().module(tree)


class _Python:
    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # as written here → as it is called where it comes from

    def module(self, tree: ast.Module) -> None:
        for one in tree.body:
            if isinstance(one, ast.ImportFrom):
                self._import(one)
            elif isinstance(one, ast.ClassDef):
                self._class(one)
            elif not (_is_docstring(one) or _is_rebuild(one)):
                raise NotTypes(f"Line {one.lineno} is no type.")

    def _import(self, one: ast.ImportFrom) -> None:
        for name in one.names:
            if one.level or name.name not in _IMPORTED.get(one.module or "", ()):
                raise NotTypes(f"Line {one.lineno} imports {name.name}.")
            self.names[name.asname or name.name] = name.name

    def _class(self, one: ast.ClassDef) -> None:
        if one.decorator_list or one.keywords:
            raise NotTypes(f"Line {one.lineno} is more than a class of fields.")
        for base in one.bases:
            self._type(base)
        for part in one.body:
            if _is_docstring(part) or isinstance(part, ast.Pass):
                continue
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                self._type(part.annotation)
                value = part.value
            elif isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name) and len(part.targets) == 1:
                value = part.value
            else:
                raise NotTypes(f"Line {part.lineno} is no field.")
            if value is not None:
                self._value(value)

    def _type(self, one: ast.expr) -> None:
        if isinstance(one, ast.Name) or (isinstance(one, ast.Constant) and one.value is None):
            return
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.BitOr):
            self._type(one.left)
            self._type(one.right)
            return
        if not isinstance(one, ast.Subscript) or not isinstance(one.value, ast.Name):
            # A text would be read as code when the type is looked at.
            raise NotTypes(f"Line {one.lineno} holds something that is no type.")
        parts = one.slice.elts if isinstance(one.slice, ast.Tuple) else [one.slice]
        origin = self.names.get(one.value.id, one.value.id)
        for number, part in enumerate(parts):
            if origin == "Literal" or (origin == "Annotated" and number):
                self._value(part)
            else:
                self._type(part)

    def _value(self, one: ast.expr) -> None:
        if isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.USub):
            one = one.operand
        if isinstance(one, ast.Constant):
            return
        called = one.func if isinstance(one, ast.Call) else None
        if (
            not isinstance(one, ast.Call)
            or not isinstance(called, ast.Name)
            or self.names.get(called.id) not in _CALLED
        ):
            raise NotTypes(f"Line {one.lineno} holds something that is no constant.")
        for part in [*one.args, *(word.value for word in one.keywords)]:
            self._value(part)


def _is_docstring(one: ast.stmt) -> bool:
    return isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)


def _is_rebuild(one: ast.stmt) -> bool:
    """`Order.model_rebuild()`"""
    call = one.value if isinstance(one, ast.Expr) else None
    if not isinstance(call, ast.Call) or call.args or call.keywords or not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr == "model_rebuild" and isinstance(call.func.value, ast.Name)


_TOKEN = re.compile(
    r"""(?P<blank>\s+|/\*(?:[^*]|\*(?!/))*\*/)
      | (?P<operand>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[^\W\d][\w$]*)
      | (?P<mark>\.\.\.|[{}\[\]()|&;:?,=])""",
    re.VERBOSE,
)
_CLOSING = {"}": "{", "]": "[", ")": "("}


def check_typescript(text: str) -> None:
    """Raises NotTypes unless it is exported interfaces and types: what a compiler drops without a trace."""
    tokens = _tokens(text)
    here = 0
    while here < len(tokens):
        if tokens[here] == ";":
            here += 1
        elif tokens[here : here + 2] == ["export", "interface"]:
            here = _after_interface(tokens, here + 2)
        elif tokens[here : here + 2] == ["export", "type"] and tokens[here + 3 : here + 4] == ["="]:
            here = _after_type(tokens, here + 4)
        else:
            raise NotTypes(f"“{' '.join(tokens[here : here + 5])}” is no type.")


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotTypes(f"“{text[at : at + 20]}” has no place in a type.")
        if match.lastgroup != "blank":
            found.append(match[0])
        at = match.end()
    return found


def _after_interface(tokens: list[str], here: int) -> int:
    while tokens[here : here + 1] != ["{"]:
        if here >= len(tokens) or not (tokens[here].isidentifier() or tokens[here] == ","):
            raise NotTypes("An interface is not a name and its members.")
        here += 1
    return _after_bracket(tokens, here)


def _after_type(tokens: list[str], here: int) -> int:
    """The end of `A | (B & C)[] | { … }`: names and brackets joined by marks, so that nothing can follow on a line of its own."""
    expects_one = True
    while here < len(tokens):
        token = tokens[here]
        if token in ("|", "&"):
            expects_one = True
            here += 1
        elif expects_one:
            if token not in _CLOSING.values() and not _is_operand(token):
                raise NotTypes(f"“{token}” is no type.")
            here = here + 1 if _is_operand(token) else _after_bracket(tokens, here)
            expects_one = False
        elif tokens[here : here + 2] == ["[", "]"]:
            here += 2
        elif token in ("export", ";"):
            return here
        else:
            raise NotTypes(f"“{token}” follows a type.")
    if expects_one:
        raise NotTypes("A type is missing.")
    return here


def _is_operand(token: str) -> bool:
    return token[0] not in "{}[]()|&;:?,=."


def _after_bracket(tokens: list[str], here: int) -> int:
    opened: list[str] = []
    for at in range(here, len(tokens)):
        token, before = tokens[at], tokens[at - 1]
        if token == "=":  # noqa: S105 - a mark, not a password
            raise NotTypes("A type holds an assignment.")
        # Compilers mend what is broken: a body that follows a name would be taken for code.
        follows = opened and (_is_operand(before) or before in _CLOSING)
        if follows and (token in ("(", "{") or _is_operand(token)):
            raise NotTypes(f"“{token}” follows “{before}”.")
        if token in _CLOSING.values():
            opened.append(token)
        elif token in _CLOSING:
            if opened.pop() != _CLOSING[token]:
                raise NotTypes("Brackets do not match.")
            if not opened:
                return at + 1
    raise NotTypes("A bracket is not closed.")
