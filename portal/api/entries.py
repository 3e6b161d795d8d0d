"""One API for the entries of every kind: list, detail, versions, and proposing changes of them."""

from datetime import datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.models import F, Model, Q, TextField
from django.db.models.functions import Cast, JSONObject
from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.change_answers import change_answer
from portal.api.change_bodies import RevertBody
from portal.api.entry_answers import COMMON, answers_of, entry_answer
from portal.api.merge_patch import patched
from portal.api.parsers import JSONParser, MergePatchParser
from portal.api.renderers import RawJSON
from portal.api.views import PortalViewSet
from portal.changes import rebasing, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.refusals import Missing, Refusal
from portal.registry import kinds as registered
from portal.registry.kinds import Kind
from portal.registry.models import Entry
from portal.registry.past import versions_at


class PreconditionFailed(Refusal):
    """`If-Match` names another version than the one that stands."""

    status = 412


def etag(entry: Entry) -> str:
    """The strong validator of an entry: its version and digest."""
    return f'"v{entry.version}-{entry.digest[:20]}"'


@cache
def _summary_sql(collection: str, *, past: bool) -> tuple[str, tuple[Any, ...]]:
    """The statement that builds summaries, made once: the ORM takes longer to write it than the database to run it.

    Of the entries by their ids, or of versions of the past by theirs.
    """
    kind = registered.in_collection(collection)[0]
    summary = COMMON | dict(kind.summary)
    row = JSONObject(**{name: F(value) if isinstance(value, str) else value for name, value in summary.items()})
    model: Any = kind.model.history.model if past else kind.model
    number = "history_id" if past else "id"
    queryset = model._default_manager.order_by().values(number, row=Cast(row, TextField()))
    inner, params = queryset.query.sql_with_params()
    statement = f"SELECT {number}, row FROM ({inner}) AS summary WHERE {number} = ANY(%s)"  # noqa: S608 - written by the ORM
    return statement, params


def _summaries(collection: str, ids: list[int], *, past: bool) -> list[str]:
    """The JSON text of these entries, in this order."""
    statement, params = _summary_sql(collection, past=past)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, ids])
        rows: dict[int, str] = dict(cursor.fetchall())
    # An entry is never deleted, so none is missing.
    return [rows[number] for number in ids]


class EntryViewSet(PortalViewSet):
    """Entries of one collection. Writes open change requests; nothing is written around them."""

    collection = ""
    lookup_field = "key"
    lookup_value_regex = r"[^/]+"
    parser_classes = [JSONParser, MergePatchParser]
    tagged = ("retrieve",)
    matched = ("update", "partial_update")
    own_parameters = {"as_of": "The registry as it stood at this moment: 2026-11-23T14:30:00Z."}
    ordering = "key"
    orderings = {"key": "key", "name": "name", "updated_at": "updated_at", "version": "version"}

    @property
    def kinds(self) -> list[Kind]:
        """The kinds in this collection; the filter `kind` narrows them."""
        return registered.in_collection(self.collection)

    def get_queryset(self) -> Any:
        where = Q()
        for kind in self.kinds:
            where |= Q(**kind.where)
        return self.kinds[0].model._default_manager.filter(where).select_related("owner")

    def _entry(self) -> Any:
        key = self.kwargs["key"]
        entry = self.get_queryset().filter(key=key[:60]).first()
        if entry is None:
            raise Missing("no_such_entry", f"There is no entry “{key[:60]}” in {self.collection}.")
        return entry

    def _kind_of(self, entry: Any) -> Kind:
        for kind in self.kinds:
            if all(getattr(entry, name) == value for name, value in kind.where.items()):
                return kind
        raise Missing("unknown_kind", "The entry is of no known kind.")

    def list(self, request: Request) -> Response:
        """Summaries, built by the database and passed through. Filters as on the page; `as_of` for a past moment."""
        moment = self._moment()
        rows_of = self.get_queryset() if moment is None else versions_at(self.kinds[0].model, moment)
        number = "id" if moment is None else "history_id"
        # Cursors go on by the id of the entry, of which a moment of the past has one version.
        queryset = self.filtered(rows_of.select_related(None)).values("id", number, *set(self.orderings.values()))
        ids = [found[number] for found in self.page_of(queryset)]
        rows = _summaries(self.collection, ids, past=moment is not None)
        links = orjson.dumps({"next": self.paginator.get_next_link(), "previous": self.paginator.get_previous_link()})  # type: ignore[union-attr]
        return Response(RawJSON(links[:-1] + b',"results":[' + ",".join(rows).encode() + b"]}"))

    def _moment(self) -> datetime | None:
        text = self.request.query_params.get("as_of")
        if text is None:
            return None
        try:
            moment: datetime = serializers.DateTimeField().run_validation(text)
        except ValidationError as error:
            raise ValidationError({"as_of": error.detail}) from None
        return moment

    def retrieve(self, request: Request, key: str) -> HttpResponse:
        """One entry with its document; `ETag` and 304."""
        entry = self._entry()
        tag = etag(entry)
        if tag in [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]:
            return HttpResponseNotModified(headers={"ETag": tag})
        return Response(entry_answer(entry), headers={"ETag": tag})

    def create(self, request: Request) -> Response:
        """Open a draft change that registers an entry; the body is its document (with `kind` beside it where needed)."""
        body = request.data
        if not isinstance(body, dict):
            raise ValidationError({"": ["The body must be an object."]})
        document = dict(body)
        kind_name = document.pop("kind", None)
        names = [kind.name for kind in self.kinds]
        if kind_name is None:
            told = registered.told_by(document, self.kinds)
            kind_name = told.name if told else None
        if kind_name not in names:
            raise ValidationError({"kind": [f"Say which kind: {', '.join(names)}."]})
        change = services.propose(
            actor=self.actor,
            kind_name=kind_name,
            key=str(document.get("key") or ""),
            draft=Draft(document=document),
            base_version=0,
            now=self.now(),
        )
        return self._opened(change)

    def update(self, request: Request, key: str) -> Response:
        """Open a draft change to this whole document. `If-Match` names the version it was made from."""
        return self._propose(dict(request.data) if isinstance(request.data, dict) else None, patch=False)

    def partial_update(self, request: Request, key: str) -> Response:
        """Open a draft change by a merge patch (RFC 7396) against the version that stands."""
        return self._propose(dict(request.data) if isinstance(request.data, dict) else None, patch=True)

    def _propose(self, body: dict[str, Any] | None, *, patch: bool) -> Response:
        if body is None:
            raise ValidationError({"": ["The body must be an object."]})
        entry = self._entry()
        wanted = self.request.headers.get("If-Match", "")
        if wanted and wanted != "*" and etag(entry) not in [part.strip() for part in wanted.split(",")]:
            raise PreconditionFailed("if_match", f"“{entry.key}” stands at {etag(entry)}; read it again.")
        body.pop("kind", None)
        document = patched(entry.document, body) if patch else body
        kind = self._kind_of(entry)
        change = services.propose(
            actor=self.actor,
            kind_name=kind.name,
            key=entry.key,
            draft=Draft(document=document),
            base_version=entry.version,
            now=self.now(),
        )
        return self._opened(change)

    def _opened(self, change: ChangeRequest) -> Response:
        location = f"/api/v1/changes/{change.pk}/"
        return Response(change_answer(change), status=201, headers={"Location": location})

    @action(detail=True, methods=["post"])
    def revert(self, request: Request, key: str) -> Response:
        """Open a draft change that restores an earlier version; it is signed like any other."""
        version = self.body(RevertBody)["version"]
        entry = self._entry()
        kind = self._kind_of(entry)
        return self._opened(
            rebasing.revert(actor=self.actor, kind_name=kind.name, key=entry.key, version=version, now=self.now())
        )

    @action(detail=True, methods=["get"])
    def versions(self, request: Request, key: str) -> Response:
        """The numbered versions, newest first, without their documents."""
        entry = self._entry()
        history: type[Model] = type(entry).history.model
        rows = history._default_manager.filter(id=entry.pk).values(
            "version", "state", "digest", "actor_name", "change_id", at=F("history_date")
        )
        return Response({"results": list(rows.order_by("-version")[:500])})

    @action(detail=True, methods=["get"], url_path=r"versions/(?P<number>[0-9]{1,9})")
    def version(self, request: Request, key: str, number: str) -> Response:
        """One version, whole."""
        entry = self._entry()
        history: Any = type(entry).history.model
        found = history._default_manager.filter(id=entry.pk, version=int(number)).first()
        if found is None:
            raise Missing("no_such_version", f"“{entry.key}” has no version {number}.")
        return Response(
            {
                "key": found.key,
                "version": found.version,
                "state": found.state,
                "digest": found.digest,
                "change": found.change_id,
                "applied_by": found.actor_name,
                "at": found.history_date,
                "document": found.document,
            }
        )


def viewset_for(collection: str) -> type[EntryViewSet]:
    """The viewset of one collection."""
    filterset = registered.in_collection(collection)[0].filterset
    name = f"{collection.capitalize()}ViewSet"
    document = PolymorphicProxySerializer(
        component_name=f"{collection.capitalize()}Document",
        serializers=[kind.serializer for kind in registered.in_collection(collection)],
        resource_type_field_name=None,
    )
    bodies = {
        "create": document, "update": document, "partial_update": OpenApiTypes.OBJECT, "revert": RevertBody,
    }  # fmt: skip
    proposers = registered.in_collection(collection)[0].proposers
    own = {
        "collection": collection,
        "filterset_class": filterset,
        "bodies": bodies,
        "answers": answers_of(collection, document),
        "write_permissions": dict.fromkeys(("create", "update", "partial_update", "revert"), proposers),
    }
    return type(name, (EntryViewSet,), own)
