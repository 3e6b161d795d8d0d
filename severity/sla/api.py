"""`/api/v1/sla/`: the clocks that somebody is held to, as the page of the SLA watch lists them."""

from datetime import datetime
from typing import TypedDict
from urllib.parse import urlencode

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from severity.sla.forms import ClockFilter
from severity.sla.reading import Clock, Place, page

_OWN = {
    "kind": "One kind of clock, or several: task, sync, approval, notice, metric.",
    "state": "One state, or several.",
    "owner": "Key of the team that is held to it.",
    "window": "Due within: 1h, 4h, 1d or 7d.",
    "critical": "Whether customers feel it: true or false.",
    "cursor": "Where the page begins, as `next` names it.",
}


class ClockAnswer(TypedDict):
    """One clock. `seconds_to_deadline` is negative once it is over; `target_seconds` is what was promised."""

    kind: str
    id: str
    title: str
    connector: str
    state: str
    target_seconds: int | None
    since: datetime | None
    deadline: datetime
    seconds_to_deadline: float
    paused_until: datetime | None
    owner: str
    customer_impacting: bool
    incident: str | None
    url: str


def clock_answer(clock: Clock, now: datetime) -> ClockAnswer:
    """One row of the watch."""
    return {
        "kind": clock.kind.value,
        "id": clock.human_id,
        "title": clock.title,
        "connector": clock.connector,
        "state": clock.state.value,
        "target_seconds": clock.target_seconds,
        "since": clock.since,
        "deadline": clock.deadline,
        "seconds_to_deadline": round((clock.deadline - now).total_seconds(), 3),
        "paused_until": clock.paused_until,
        "owner": clock.owner_key,
        "customer_impacting": clock.critical,
        "incident": f"INC-{clock.incident}" if clock.incident else None,
        "url": clock.address,
    }


class SlaViewSet(PortalViewSet):
    """The SLA watch."""

    own_parameters = _OWN
    answers = {"list": {200: ClockAnswer}}

    def list(self, request: Request) -> Response:
        """Clocks, the nearest deadline first; 50 a page."""
        given = request.query_params
        unknown = [name for name in given if name not in {*_OWN, "format"}]
        if unknown:
            raise ValidationError({name: [f"Unknown parameter. Known: {', '.join(_OWN)}."] for name in unknown})
        form = ClockFilter(given)
        if not form.is_valid():
            raise ValidationError({name: [str(error) for error in errors] for name, errors in form.errors.items()})
        place = Place.read(given["cursor"]) if given.get("cursor") else None
        if given.get("cursor") and place is None:
            raise ValidationError({"cursor": ["It is no cursor that was given out."]})
        rows, more = page(form.asked, place)
        following = None
        if more:
            kept = [(name, value) for name in given if name != "cursor" for value in given.getlist(name)]
            query = urlencode([*kept, ("cursor", rows[-1].place.written)])
            following = request.build_absolute_uri(f"?{query}")
        now = self.now()
        return Response({"results": [clock_answer(one, now) for one in rows], "next": following, "previous": None})
