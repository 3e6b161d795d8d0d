"""What JSON must not be, to be kept: nested without end, or with characters that the database refuses. Pure."""

import re

# A backslash before it that is escaped itself makes it six plain characters, as in the pattern "[^\\u0000]".
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def holds_nul(text: bytes) -> bool:
    """Whether JSON text holds a NUL character, which the database cannot keep."""
    return b"\\u0000" in text and _NUL.search(text) is not None


def too_large_a_number(value: object) -> bool:
    """Whether a JSON value holds a number past 64 bits: the database gives it back as one that JSON writers refuse."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, float | int) and abs(one) >= 2**63:
            return True
    return False


def deeper_than(value: object, limit: int) -> bool:
    """Whether a JSON value is nested deeper than this many levels; without recursion."""
    level: list[object] = [value]
    for _depth in range(limit + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True
