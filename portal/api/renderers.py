"""JSON out, by orjson."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework import renderers
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList


def _default(value: object) -> object:
    if isinstance(value, ReturnDict | Mapping):
        return dict(value)
    if isinstance(value, ReturnList | set | tuple):
        return list(value)
    return str(value)


class JSONRenderer(renderers.BaseRenderer):
    """UTF-8 JSON; `RawJSON` passes through as it is."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        if isinstance(data, RawJSON):
            return data.body
        return orjson.dumps(data, default=_default, option=orjson.OPT_NON_STR_KEYS)


class RawJSON:
    """JSON that the database has built; streamed, not parsed and built again."""

    def __init__(self, body: bytes) -> None:
        self.body = body
