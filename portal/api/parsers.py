"""JSON in, bounded."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework import exceptions, parsers

from portal.json_bounds import deeper_than, holds_nul

TOO_LARGE = 413
# A document may be 60 deep, inside a body or two; what is deeper only wears out whoever reads it.
MAX_DEPTH = 100


class BodyTooLargeError(exceptions.APIException):
    """The request body is larger than the portal reads."""

    status_code = TOO_LARGE
    default_code = "too_large"
    default_detail = "The body is too large."


class JSONParser(parsers.BaseParser):
    """`application/json` (and merge patches), at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLargeError(f"The body is larger than {limit // 1024} kB.")
        try:
            value = orjson.loads(body) if body.strip() else {}
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}") from None
        if deeper_than(value, MAX_DEPTH):
            raise exceptions.ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
        if holds_nul(body):
            raise exceptions.ParseError("The body holds a NUL character, which the database cannot keep.")
        return value


class MergePatchParser(JSONParser):
    """`application/merge-patch+json` (RFC 7396)."""

    media_type = "application/merge-patch+json"
