"""RFC 7396 merge patch."""

from typing import Any


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
