"""`/api/v1/lineage`: taking lineage events as their clients send them; bindings; the graph."""

import zlib
from collections.abc import Mapping
from typing import IO, Any, TypedDict

import orjson
from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework import parsers, serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.lineage import binding, graph
from metrics.lineage.reading import BadEvent, Told, read
from metrics.lineage.receiving import TooMuch, bindings_of, foreign, keep
from metrics.models import JobNamespace
from portal.api.parsers import BodyTooLargeError
from portal.api.views import PortalViewSet
from portal.refusals import Invalid, Problem
from portal.registry.documents import StrictSerializer
from portal.roles import Permission

MOST_EVENTS = 1_000


class Unsound(Invalid):
    """The event is not sound; lineage clients know 400 as what is not sent again."""

    status = 400


class LineageParser(parsers.BaseParser):
    """`application/json`, plain or gzip; bounded before and after it is unpacked. NUL and depth are judged event by event."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        request = (parser_context or {}).get("request")
        coding = (
            request.headers.get("Content-Encoding", "identity").strip().lower() if request is not None else "identity"
        )
        if coding == "gzip":
            body = _unpacked(body, limit)
        elif coding != "identity":
            raise ParseError(f"Content-Encoding “{coding[:40]}” is not taken; send gzip or plain JSON.")
        if len(body) > limit:
            raise BodyTooLargeError(f"The body is larger than {limit // 1024} kB; send it in parts.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from None


def _unpacked(body: bytes, limit: int) -> bytes:
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpack.decompress(body, limit + 1)
    except zlib.error as error:
        raise ParseError(f"The body is not gzip: {error}.") from None
    if len(found) <= limit and not unpack.eof:
        raise ParseError("The gzip body is cut off.")
    if unpack.unused_data:
        raise ParseError("Something follows the gzip body; send one member.")
    return found


class OpenLineageBody(serializers.Serializer[Any]):
    """An OpenLineage event of a run, a job or a dataset, as it is described; `metrics.lineage.reading` judges it."""

    eventTime = serializers.DateTimeField(help_text="With its zone.")  # noqa: N815 - as the format spells it
    producer = serializers.URLField()
    schemaURL = serializers.URLField()  # noqa: N815 - as the format spells it
    eventType = serializers.CharField(required=False)  # noqa: N815 - as the format spells it
    run = serializers.DictField(required=False)
    job = serializers.DictField(required=False)
    dataset = serializers.DictField(required=False)
    inputs = serializers.ListField(child=serializers.DictField(), required=False)
    outputs = serializers.ListField(child=serializers.DictField(), required=False)


class OpenLineageBatch(serializers.ListSerializer[Any]):
    """Several of them in one body."""

    child = OpenLineageBody()


class FailedAnswer(TypedDict):
    """One event of a batch that was not kept."""

    index: int
    reason: str
    retriable: bool


class CountsAnswer(TypedDict):
    """How many of a batch were kept."""

    received: int
    successful: int
    failed: int
    retriable: int
    non_retriable: int


class BatchAnswer(TypedDict):
    """What became of a batch: `success`, `partial_success` or `failure`."""

    status: str
    summary: CountsAnswer
    failed_events: list[FailedAnswer]


class ReceiverViewSet(PortalViewSet):
    """Lineage events of runs, jobs and datasets. Tokens report for the job namespaces that are bound to their account."""

    parser_classes = [LineageParser]
    write_permissions = {"create": Permission.REPORT_LINEAGE, "batch": Permission.REPORT_LINEAGE}
    bodies: dict[str, Any] = {"create": OpenLineageBody, "batch": OpenLineageBatch}
    answers = {"create": {201: None}, "batch": {200: BatchAnswer}}
    # An event names itself; sent again, it is kept once.
    unkept = ("create", "batch")

    def create(self, request: Request) -> HttpResponse:
        """Keep one event. Sending it again is safe; 400 and 403 will not become better by sending again."""
        now = self.now()
        try:
            told = read(request.data, now)
        except BadEvent as error:
            raise Unsound("event", str(error), [Problem(error.pointer, str(error), "event")]) from None
        bound = bindings_of(self.actor, [told.namespace])
        if told.namespace not in bound:
            raise foreign(told.namespace)
        try:
            keep([told], bound, now=now)
        except TooMuch as error:
            raise Unsound("event", str(error), [Problem("/run", str(error), "too_much")]) from None
        return HttpResponse(status=201)

    def batch(self, request: Request) -> Response:
        """Keep up to 1,000 events: those that are sound and bound; the others are told by their index."""
        events = request.data
        if not isinstance(events, list) or len(events) > MOST_EVENTS:
            raise ParseError(f"A batch is a list of at most {MOST_EVENTS} events.")
        now = self.now()
        told: list[Told] = []
        wrong: dict[int, str] = {}
        places: list[int] = []
        for index, event in enumerate(events):
            try:
                told.append(read(event, now))
                places.append(index)
            except BadEvent as error:
                wrong[index] = f"{error.pointer or '/'}: {error}"
        bound = bindings_of(self.actor, [one.namespace for one in told])
        numbered = list(zip(places, told, strict=True))
        wrong |= {index: str(foreign(one.namespace).message) for index, one in numbered if one.namespace not in bound}
        kept = [one for index, one in numbered if index not in wrong]
        try:
            keep(kept, bound, now=now)
        except TooMuch as error:
            # All such runs are named at once, so the others are tried once more and no more.
            wrong |= {index: f"/run: {error}" for index, one in numbered if (one.namespace, one.run_id) in error.runs}
            kept = [one for index, one in numbered if index not in wrong]
            keep(kept, bound, now=now)
        failed = [{"index": index, "reason": wrong[index], "retriable": False} for index in sorted(wrong)]
        status = "success" if not failed else "partial_success" if kept else "failure"
        summary = {
            "received": len(events), "successful": len(kept), "failed": len(failed), "retriable": 0,
            "non_retriable": len(failed),
        }  # fmt: skip
        return Response({"status": status, "summary": summary, "failed_events": failed})


class BindingBody(StrictSerializer):
    """A job namespace, the data movement that its runs are of, and the account whose tokens report them."""

    namespace = serializers.CharField(max_length=200)
    connector = serializers.CharField(max_length=60)
    account = serializers.CharField(max_length=150)


class BindingAnswer(TypedDict):
    """A bound job namespace."""

    namespace: str
    connector: str
    account: str
    created_at: Any


class BindingViewSet(PortalViewSet):
    """Job namespaces and who may report for them."""

    read_permission = Permission.MANAGE_PEOPLE
    write_permissions = {"create": Permission.MANAGE_PEOPLE, "move": Permission.MANAGE_PEOPLE}
    ordering = "id"
    bodies: dict[str, Any] = {"create": BindingBody, "move": BindingBody}
    answers = {"list": {200: BindingAnswer}, "create": {201: BindingAnswer}, "move": {200: BindingAnswer}}

    def list(self, request: Request) -> Response:
        """Every binding."""
        rows = self.page_of(JobNamespace.objects.select_related("account", "connector").defer("connector__document"))
        return self.get_paginated_response([_binding(one) for one in rows])

    def create(self, request: Request) -> Response:
        """Bind a namespace; it belongs to one data movement, for ever."""
        return Response(_binding(binding.bind(actor=self.actor, now=self.now(), **self.body(BindingBody))), 201)

    def move(self, request: Request) -> Response:
        """Let another account report for a namespace; namespace and connector are as they stand."""
        body = self.body(BindingBody)
        one = binding.move(actor=self.actor, namespace=body["namespace"], account=body["account"], now=self.now())
        return Response(_binding(one))


def _binding(one: JobNamespace) -> BindingAnswer:
    return {
        "namespace": one.namespace,
        "connector": one.connector.key,
        "account": one.account.username,
        "created_at": one.created_at,
    }


class GraphViewSet(PortalViewSet):
    """The graph of lineage around something."""

    pagination_class = None  # type: ignore[assignment] # one answer, bounded
    answers = {"list": {200: graph.GraphAnswer}}
    own_parameters = {
        "focus": "A node: `dataset:namespace:name`, `metric:key`, …",
        "depth": "1 to 4 hops; 2 unless told.",
    }

    def list(self, request: Request) -> Response:
        """What leads to the node and what comes of it; without a focus, around the data movements."""
        depth = request.query_params.get("depth", "2")
        if depth not in ("1", "2", "3", "4"):
            raise ValidationError({"depth": [_("From 1 to 4.")]})
        found = graph.around(request.query_params.get("focus", ""), depth=int(depth), now=self.now())
        return Response(graph.answer(found))
