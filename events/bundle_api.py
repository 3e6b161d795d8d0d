"""`GET /api/v1/events/bundle/`: the schemas of events as one download, for services that judge events by themselves."""

from typing import Any

import orjson
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.text import compress_string
from rest_framework.request import Request

from events.bundle import Bundle, bundle, fingerprint
from portal.api.views import PortalViewSet
from portal.refusals import Invalid, Problem

MOST_KEYS = 200


class BundleViewSet(PortalViewSet):
    """The bundle, by the `ETag` of which a service asks whether anything changed."""

    answers: Any = {"list": {200: Bundle, 304: None}}
    tagged = ("list",)
    pagination_class = None  # type: ignore[assignment] # it is no list of rows
    own_parameters = {"family": "The key of a family; repeated for several. All of them where none is named."}

    def list(self, request: Request) -> HttpResponse:
        """One schema for each version that stands: the envelope, the policy of its family and its own, without references."""
        unknown = sorted(set(request.query_params) - set(self.own_parameters))
        keys = request.query_params.getlist("family")
        if unknown or len(keys) > MOST_KEYS:
            known = f"Give `family`, at most {MOST_KEYS} times."
            raise Invalid("invalid", known, [Problem(name, known) for name in unknown or ["family"]])
        tag = f'"{fingerprint(keys)}"'
        told = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization"}
        if tag in [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]:
            return HttpResponseNotModified(headers=told)
        body = orjson.dumps(bundle(keys))
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            # No secret stands in it, and nothing of the request: its length tells nobody anything.
            body, told["Content-Encoding"] = compress_string(body), "gzip"
        return HttpResponse(body, content_type="application/json", headers=told)
