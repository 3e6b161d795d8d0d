"""`GET /api/v1/schemas/<name>.json`: the JSON Schema of the files of a kind or collection, for editors.

Anybody may read it: an editor has no token, and it says nothing but how a document looks.
"""

from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from portal.api.views import PortalViewSet
from portal.files.schemas import schema_named

MAX_AGE_SECONDS = 300


class EntrySchemaViewSet(PortalViewSet):
    """JSON Schemas of entries."""

    permission_classes = [AllowAny]
    authentication_classes = []
    answers: Any = {
        "retrieve": {
            200: {"content": {"application/schema+json": {"schema": {"type": "object", "additionalProperties": True}}}}
        }
    }
    operation_ids = {"retrieve": "schemas_of_entries_retrieve"}

    def retrieve(self, request: Request, name: str) -> HttpResponse:
        """Of a kind (`runtime_tool`) or of all that share a collection (`connectors`)."""
        headers = {"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"}
        body = orjson.dumps(schema_named(name), option=orjson.OPT_NON_STR_KEYS)
        return HttpResponse(body, content_type="application/schema+json", headers=headers)
