"""`POST /api/v1/events/validate/`: would these events be accepted?"""

from collections.abc import Iterator, Mapping
from typing import IO, Any, TypedDict

import orjson
from django.conf import settings
from django.http import HttpResponse
from rest_framework import parsers, serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from events import cloudevents, envelope
from events.quarantine import Tally, keep
from events.validation import Outcome, Reason, Registered
from portal.api.parsers import BodyTooLargeError, JSONParser
from portal.api.views import PortalViewSet
from portal.refusals import Problem
from portal.registry.documents import StrictSerializer
from portal.roles import Permission

NDJSON = "application/x-ndjson"
MOST_LINES = 50_000


class ErrorAnswer(TypedDict):
    """One thing wrong: where in the envelope, what, and a stable code."""

    pointer: str
    message: str
    code: str


class OutcomeAnswer(TypedDict):
    """What became of one event: accepted or not, and by which version of which family it was judged."""

    accepted: bool
    family: str | None
    version: str | None
    errors: list[ErrorAnswer]


class EventBody(StrictSerializer):
    """One event in its envelope."""

    event = serializers.JSONField(help_text="The envelope with `data`, see the event envelope's schema.")


class Lines(parsers.BaseParser):
    """`application/x-ndjson`: the lines as they are, at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""

    media_type = NDJSON

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLargeError(f"The body is larger than {limit // 1024} kB; send it in parts.")
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) > MOST_LINES:
            raise BodyTooLargeError(f"More than {MOST_LINES} events; send them in parts.")
        return lines


class CloudEventParser(JSONParser):
    """A CloudEvent in structured mode."""

    media_type = cloudevents.STRUCTURED


class CloudEventBatchParser(JSONParser):
    """Several of them in one body."""

    media_type = cloudevents.BATCH


def outcome_answer(outcome: Outcome) -> OutcomeAnswer:
    """One outcome."""
    return {
        "accepted": outcome.accepted,
        "family": outcome.family,
        "version": outcome.version,
        "errors": [{"pointer": one.path, "message": one.message, "code": one.code} for one in outcome.problems],
    }


def outcomes(lines: list[bytes], tally: Tally) -> Iterator[bytes]:
    """The answer to each line, and into the tally what was refused."""
    registered = Registered()
    for line in lines:
        event = None
        try:
            event = orjson.loads(line)
            outcome = registered.judge(event)
        except orjson.JSONDecodeError as error:
            problem = Problem("", f"The line is not JSON: {error}", "not_json")
            outcome = Outcome(False, None, None, (problem,), Reason("", "not_json"))
        if not outcome.accepted:
            tally.add(outcome, event)
        yield orjson.dumps(outcome_answer(outcome))


def _told(registered: Registered, event: object, tally: Tally) -> OutcomeAnswer:
    """The answer to one CloudEvent, and into the tally if it is refused."""
    envelope: object = None
    try:
        if not isinstance(event, Mapping):
            raise ValueError("An event is an object.")
        envelope = cloudevents.from_cloudevent(event)
        outcome = registered.judge(envelope)
    except ValueError as error:
        problem = Problem("", f"It has no form as an envelope: {error}", "not_cloudevent")
        outcome = Outcome(False, None, None, (problem,), Reason("", "not_cloudevent"))
    tally.add(outcome, envelope)
    return outcome_answer(outcome)


class ValidationViewSet(PortalViewSet):
    """Judges events in their envelopes, and counts what is refused."""

    parser_classes = [JSONParser, Lines, CloudEventParser, CloudEventBatchParser]
    bodies: dict[str, Any] = {"create": EventBody}
    answers = {"create": {200: OutcomeAnswer}}
    write_permissions = {"create": Permission.VIEW}
    # An answer tells values of the event; nothing keeps them.
    unkept = ("create",)

    def create(self, request: Request) -> HttpResponse:
        """Judge one event (`{"event": …}`), or one a line as `application/x-ndjson`, answered line by line.

        CloudEvents are taken as they travel: structured, batched (answered by a list), or binary with `ce-` headers.
        A refused event is an answer and no error: the status is 200, `accepted` says which. What is refused is counted.
        """
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        tally = Tally()
        answer = self._answer(request, kind, tally)
        keep(actor=self.actor, tally=tally, now=self.now())
        return answer

    def _answer(self, request: Request, kind: str, tally: Tally) -> HttpResponse:
        if kind == NDJSON:
            lines: Any = request.data
            return HttpResponse(b"".join(line + b"\n" for line in outcomes(lines, tally)), content_type=NDJSON)
        registered = Registered()
        if kind == cloudevents.BATCH:
            events = request.data if isinstance(request.data, list) else None
            if events is None or len(events) > MOST_LINES:
                raise ParseError(f"A batch is a list of at most {MOST_LINES} events.")
            return Response([_told(registered, one, tally) for one in events])
        if kind == cloudevents.STRUCTURED:
            return Response(_told(registered, request.data, tally))
        if "ce-specversion" in request.headers:
            try:
                told = cloudevents.attributes(request.headers)
            except ValueError as error:
                raise ParseError(str(error)) from None
            return Response(_told(registered, told | {"datacontenttype": kind, "data": request.data}, tally))
        event = self.body(EventBody)["event"]
        outcome = registered.judge(event)
        tally.add(outcome, event)
        return Response(outcome_answer(outcome))


class EnvelopeViewSet(PortalViewSet):
    """The schema of the envelope."""

    pagination_class = None  # type: ignore[assignment] # it is no list of rows
    answers: Any = {"list": {200: {"type": "object"}}}

    def list(self, request: Request) -> HttpResponse:
        """The JSON Schema that every envelope of this version keeps; a family may demand more of it, see its policy."""
        return Response(envelope.SCHEMA)
