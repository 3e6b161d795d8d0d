"""RFC 7396 merge patch."""

from typing import Any

from portal.refusals import Invalid, Problem
from portal.registry.documents import Document, bounds_problem


def patched(document: Document, patch: Any, path: str = "") -> Document:
    """The document with the patch applied. Raises Invalid for a patch that no document could be made of."""
    bad = bounds_problem(patch)
    if bad is not None:
        raise Invalid("patch", bad.message, [Problem(path, bad.message, bad.code)])
    made: Document = merge(document, patch)
    return made


def merge(target: Any, patch: Any) -> Any:
    """The target with the patch applied; null removes a key, arrays are replaced whole."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
