"""What every address of changes shares: finding the change, answering with it, and its ETag."""

import hashlib
from typing import Any

import orjson
from django.http import HttpResponse, HttpResponseNotModified
from rest_framework.response import Response

from portal.api.change_answers import WholeChange, whole_answer
from portal.api.views import PortalViewSet
from portal.changes.models import ChangeRequest
from portal.refusals import Missing


def etag(answer: WholeChange) -> str:
    """The digest that decisions are bound to, and what the whole answer says: signatures, conflict, clocks and all."""
    seen = hashlib.sha256(orjson.dumps(answer, default=str)).hexdigest()
    return f'"{answer["digest"]}.{seen[:20]}"'


class ChangeView(PortalViewSet):
    """Base of the views of changes."""

    def get_queryset(self) -> Any:
        return ChangeRequest.objects.visible()

    @property
    def number(self) -> int:
        """The number in the address."""
        return self.object_id("CHG")

    def change(self) -> ChangeRequest:
        """The change that the address names."""
        found: ChangeRequest | None = self.get_queryset().filter(pk=self.number).first()
        if found is None:
            raise Missing("no_such_change", f"There is no change CHG-{self.number}.")
        return found

    @property
    def looked_at(self) -> str:
        """The digest in `If-Match`, which is an ETag or the digest alone; empty where the header is not sent."""
        return self.request.headers.get("If-Match", "").strip(' "').partition(".")[0]

    def answer(self, change: ChangeRequest, status: int = 200) -> Response:
        """The whole change."""
        found = whole_answer(change)
        return Response(found, status=status, headers={"ETag": etag(found)})

    def opened(self, change: ChangeRequest) -> Response:
        """The whole change, which is new."""
        answer = self.answer(change, status=201)
        answer["Location"] = f"/api/v1/changes/{change.pk}/"
        return answer

    def watched(self, change: ChangeRequest) -> HttpResponse:
        """The whole change, or 304 where the caller has seen all of it."""
        answer = self.answer(change)
        if answer["ETag"] in [part.strip() for part in self.request.headers.get("If-None-Match", "").split(",")]:
            return HttpResponseNotModified(headers={"ETag": answer["ETag"]})
        return answer
