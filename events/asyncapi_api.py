"""`GET /api/v1/events/asyncapi/` and `…/asyncapi/<family>/`: families as AsyncAPI 3.0 documents."""

import hashlib
from typing import Any, TypedDict

from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from events import asyncapi
from events.line import exported, lookup_in
from portal.api.renderers import RawJSON
from portal.api.views import PortalViewSet
from portal.refusals import Missing


class AsyncApiAnswer(TypedDict):
    """An AsyncAPI 3.0 document; its own specification says what is in its parts."""

    asyncapi: str
    info: dict[str, Any]
    defaultContentType: str
    channels: dict[str, Any]
    operations: dict[str, Any]
    components: dict[str, Any]


class AsyncApiViewSet(PortalViewSet):
    """Events that are taken, as documents that other tools read. The same content gives the same bytes and the same ETag."""

    answers = {name: {200: AsyncApiAnswer, 304: None} for name in ("whole", "family")}
    tagged = ("whole", "family")

    @extend_schema(operation_id="events_asyncapi_whole_retrieve")
    def whole(self, request: Request) -> HttpResponse:
        """All families that take events, with every version that stands."""
        lines = exported()
        return self._answer(asyncapi.of_all(lines, lookup_in(lines)))

    def family(self, request: Request, key: str) -> HttpResponse:
        """One family, with every version that stands."""
        lines = exported(key)
        if not lines:
            raise Missing("not_found", f"There is no event family “{key[:60]}” that stands.")
        return self._answer(asyncapi.of_family(lines[0], lookup_in(lines)))

    def _answer(self, document: dict[str, Any]) -> HttpResponse:
        body = asyncapi.in_bytes(document)
        headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
        if headers["ETag"] in [part.strip() for part in self.request.headers.get("If-None-Match", "").split(",")]:
            return HttpResponseNotModified(headers=headers)
        return Response(RawJSON(body), headers=headers)
