"""Parts of the API's description that are made from what runs: filters, answers, columns of summaries."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db import models
from django.db.models.expressions import BaseExpression
from django.db.models.fields.json import KeyTransform
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, resolve_type_hint

from portal.ordering import orderings_of

Json = dict[str, Any]

HEADERS = {
    "Idempotency-Key": "Up to 200 printable characters of the caller's choice. A repeat under the same key gets the first"
    " answer with `Idempotent-Replayed: true`; another request under it is refused with 409.",
    "If-Match": "The ETag that the caller looked at; 412 or 409 if it no longer stands.",
    "If-None-Match": "The ETag that the caller has; 304 without a body if it still stands.",
}


def header(name: str) -> Json:
    """One request header as a parameter."""
    return {"name": name, "in": "header", "required": False, "description": HEADERS[name], "schema": {"type": "string"}}


def query(name: str, schema: Json, description: str = "") -> Json:
    """One query parameter."""
    told = {"description": description} if description else {}
    return {"name": name, "in": "query", "required": False, "schema": schema, **told}


def list_parameters(view: Any) -> list[Json]:
    """The filters of a list, and how it is paged and sorted."""
    filterset = view.filterset_class
    filters = dict(filterset.base_filters) if filterset is not None else {}
    filters.pop("ordering", None)
    found = [query(name, _filter_schema(one.field), str(one.label or "")) for name, one in filters.items()]
    found += [query(name, {"type": "string"}, text) for name, text in getattr(view, "own_parameters", {}).items()]
    if view.pagination_class is None:
        return found
    paging = view.pagination_class
    orders = sorted(view.orderings or orderings_of(filterset))
    limit = {"type": "integer", "minimum": 1, "maximum": paging.max_page_size, "default": paging.page_size}
    found.append(query("cursor", {"type": "string"}, "Where the page begins; taken from `next` or `previous`."))
    found.append(query(paging.page_size_query_param, limit, "How many rows at most."))
    if orders:
        enum = [sign + name for name in orders for sign in ("", "-")]
        found.append(query("ordering", {"type": "string", "enum": enum}, "`-` sorts the other way."))
    return found


def _filter_schema(field: forms.Field) -> Json:
    if isinstance(field, forms.ModelChoiceField):
        return {"type": "string"}
    if isinstance(field, forms.MultipleChoiceField):
        return {"type": "array", "items": _choice_schema(field)}
    if isinstance(field, forms.ChoiceField):
        return _choice_schema(field)
    if isinstance(field, forms.NullBooleanField | forms.BooleanField):
        return {"type": "boolean"}
    if isinstance(field, forms.DecimalField | forms.IntegerField):
        bounds = {"minimum": field.min_value, "maximum": field.max_value}
        return {"type": "number"} | {name: value for name, value in bounds.items() if value is not None}
    most = getattr(field, "max_length", None)
    return {"type": "string"} | ({"maxLength": most} if most else {})


def _choice_schema(field: Any) -> Json:
    return {"type": "string", "enum": [str(value) for value, _label in field.choices if value not in ("", None)]}


def answer_schema(auto: AutoSchema, answer: Any) -> Json:
    """The schema of one answer: a TypedDict becomes a component, a list of one an array, a mapping is taken as it is."""
    if isinstance(answer, list):
        return {"type": "array", "items": answer_schema(auto, answer[0])}
    if isinstance(answer, Mapping):
        return dict(answer)
    return component(auto, answer.__name__, lambda: typed(answer))


def typed(answer: Any) -> Json:
    """The schema of a TypedDict."""
    schema: Json = _nullable(resolve_type_hint(answer))  # type: ignore[no-untyped-call]
    return schema


def _nullable(schema: Any) -> Any:
    """`nullable` was a word of OpenAPI 3.0; since 3.1 null is a type."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _nullable(value) for name, value in schema.items()}
    # A property may be called so too; the word itself is a boolean.
    if made.get("nullable") is True:
        del made["nullable"]
        made["type"] = [made["type"], "null"]
    return made


def component(auto: AutoSchema, name: str, make: Any) -> Json:
    """A reference to the component of this name, which is made once."""
    found = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name)  # type: ignore[no-untyped-call]
    if found not in auto.registry:
        found.schema = make()
        auto.registry.register(found)
    reference: Json = auto.registry[found].ref
    return reference


def page_of(schema: Json) -> Json:
    """A page of a list."""
    link = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "required": ["next", "previous", "results"],
        "properties": {"next": link, "previous": link, "results": {"type": "array", "items": schema}},
    }


def summary_schema(
    auto: AutoSchema, model: type[models.Model], summary: Mapping[str, Any], serializers: Iterable[Any]
) -> Json:
    """The line of a list that the database builds: each column typed by the field or the expression it comes from."""
    made = [serializer() for serializer in serializers]
    columns = {name: _column(auto, model, source, made) for name, source in summary.items()}
    return {"type": "object", "required": list(columns), "properties": columns}


def _column(auto: AutoSchema, model: type[models.Model], source: Any, serializers: list[Any]) -> Json:
    if isinstance(source, KeyTransform):
        return _in_document(auto, _path(source), serializers)
    if isinstance(source, BaseExpression):
        return _of_field(source.output_field)
    steps = source.split("__")
    if steps[0] == "document":
        return _in_document(auto, steps[1:], serializers)
    field: Any = None
    for step in steps:
        field = (field.related_model if field is not None else model)._meta.get_field(step)
    return _of_field(field)


def _path(source: Any) -> list[str]:
    steps: list[str] = []
    while isinstance(source, KeyTransform):
        steps.insert(0, str(source.key_name))
        source = source.get_source_expressions()[0]
    return steps


def _in_document(auto: AutoSchema, steps: list[str], serializers: list[Any]) -> Json:
    """As the field of the documents that have it; null in those that do not."""
    found = []
    for serializer in serializers:
        field: Any = serializer
        for step in steps:
            field = getattr(field, "fields", {}).get(step)
        if field is not None:
            found.append(auto._map_serializer_field(field, "response"))  # type: ignore[no-untyped-call]
    if not found:
        return {}
    one: Json = {key: value for key, value in found[0].items() if key not in ("description", "title", "examples")}
    return one if len(found) == len(serializers) else {"oneOf": [one, {"type": "null"}]}


def _of_field(field: Any) -> Json:
    kinds: list[tuple[Any, Json]] = [
        (models.BooleanField, {"type": "boolean"}),
        (models.DateTimeField, {"type": "string", "format": "date-time"}),
        (models.IntegerField | models.AutoField, {"type": "integer"}),
        (models.CharField | models.TextField, {"type": "string"}),
    ]
    for kind, schema in kinds:
        if isinstance(field, kind):
            return {"type": [schema["type"], "null"], **{k: v for k, v in schema.items() if k != "type"}} if getattr(
                field, "null", False
            ) else dict(schema)  # fmt: skip
    return {}


__all__ = ["answer_schema", "component", "header", "list_parameters", "page_of", "query", "summary_schema", "typed"]
