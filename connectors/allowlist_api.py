"""`GET /api/v1/allowlist/?agent=…`."""

from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.allowlist import Allowlist, allowed, etag
from portal.api.views import PortalViewSet
from portal.roles import Permission


class AllowlistViewSet(PortalViewSet):
    """What an agent may call now. Nobody who is not named may call anything."""

    read_permission = Permission.READ_ALLOWLIST
    answers = {"list": {200: Allowlist, 304: None}}
    tagged = ("list",)
    pagination_class = None  # type: ignore[assignment] # one answer, whole

    @extend_schema(parameters=[OpenApiParameter("agent", str, required=True)])
    def list(self, request: Request) -> HttpResponse:
        """The answer carries an ETag; send it back as If-None-Match to get 304."""
        agent = request.query_params.get("agent", "").strip()
        if not agent or len(agent) > 60:
            raise ValidationError({"agent": ["Name the agent: ?agent=support-agent."]})
        answer = allowed(agent)
        tag = etag(answer)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if tag in [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]:
            return HttpResponseNotModified(headers=headers)
        return Response(answer, headers=headers)
