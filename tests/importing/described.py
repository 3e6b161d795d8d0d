"""OpenAPI documents of over a hundred operations, each written another way, made here so that no large file is kept.

Five styles: 3.0 in JSON as most tools write it, 3.0 in YAML with shared parts, 3.1 with what is new in it, recursive schemas with
discriminators, and one of many small resources whose names need care.
"""

import json
from collections.abc import Callable
from typing import Any

import yaml

Json = dict[str, Any]

ERROR: Json = {
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string"}, "code": {"type": "integer"}},
}


def _json(schema: Any) -> Json:
    return {"application/json": {"schema": schema}}


def shop(resources: int = 25, *, reaches_all: bool = False) -> bytes:
    """3.0 in JSON: five operations for each resource, schemas by reference, nullable fields, boundaries of 3.0."""
    paths: Json = {}
    schemas: Json = {"Error": ERROR}
    for number in range(resources):
        name, model = f"resources{number}", f"Resource{number}"
        reference = {"$ref": f"#/components/schemas/{model}"}
        schemas[model] = {
            "type": "object",
            "required": ["id", "name"],
            "properties": {
                "id": {"type": "integer", "format": "int64", "readOnly": True, "example": 10},
                "name": {"type": "string", "maxLength": 80, "example": "doggie"},
                "note": {"type": "string", "nullable": True},
                "price": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "rank": {"type": "integer", "maximum": 18446744073709551615},
                "kind": {"type": "string", "nullable": True, "enum": ["plain", "odd"]},
                "parent": {"nullable": True, "allOf": [reference]},
                "next": {"$ref": f"#/components/schemas/Resource{number + 1 if reaches_all else number // 5 * 5}"},
            },
            "xml": {"name": name},
        }
        one = {"name": "id", "in": "path", "required": True, "description": "Which one", "schema": {"type": "integer"}}
        pages = [
            {"name": part, "in": "query", "schema": {"type": "integer", "minimum": 1}} for part in ("page", "size")
        ]
        failed = {
            "404": {
                "description": "There is none of this number.",
                "content": _json({"$ref": "#/components/schemas/Error"}),
            },
            "429": {"description": "Too many calls."},
            "503": {"description": "Down for maintenance."},
            "default": {"description": "Something else.", "content": _json({"$ref": "#/components/schemas/Error"})},
        }
        body = {"required": True, "content": {"application/xml": {"schema": reference}, **_json(reference)}}
        found = {"description": "It.", "content": _json(reference)}
        paths[f"/{name}"] = {
            "get": {"operationId": f"list{model}", "tags": [name], "summary": f"Lists {name}", "parameters": pages,
                    "responses": {"200": {"description": "All.", "content": _json({"type": "array", "items": reference})},
                                  **failed}},
            "post": {"operationId": f"add{model}", "tags": [name, "writing"], "summary": "Adds one", "requestBody": body,
                     "responses": {"201": found, **failed}},
        }  # fmt: skip
        paths[f"/{name}/{{id}}"] = {
            "parameters": [one],
            "get": {"operationId": f"get{model}", "tags": [name], "responses": {"200": found, **failed}},
            "put": {"operationId": f"put{model}", "tags": [name, "writing"], "requestBody": body,
                    "responses": {"200": found, **failed}},
            "delete": {"operationId": f"drop{model}", "tags": [name, "writing"],
                       "responses": {"204": {"description": "Gone."}, **failed}},
        }  # fmt: skip
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Shop of everything", "version": "2.3.1", "description": "Sells everything."},
        "servers": [{"url": "https://{region}.shop.example/v2", "variables": {"region": {"default": "eu"}}}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Shop-Key"},
                "login": {"type": "oauth2", "flows": {}},
            },
        },
    }
    return json.dumps(document, indent=1).encode()


def bank(accounts: int = 30) -> bytes:
    """3.0 in YAML: parameters, bodies and answers are shared and referred to; no operation ids; a path of its own reference."""
    order, money = {"$ref": "#/components/schemas/Order"}, {"$ref": "#/components/schemas/Money"}
    busy = {"$ref": "#/components/responses/Busy"}
    shared = {
        "parameters": {
            "Account": {"name": "account", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[A-Z]{2}"}},
            "Trace": {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
            "Filter": {"name": "filter", "in": "query", "content": _json({"type": "object"})},
            "Auth": {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
        },
        "requestBodies": {"Order": {"required": True, "content": _json(order)}},
        "responses": {
            "Order": {"description": "An order.", "content": {"application/hal+json": {"schema": order}}},
            "Refused": {"description": "Refused.", "content": {"application/problem+json": {"schema": ERROR}}},
            "Busy": {"$ref": "#/components/responses/Refused"},
        },
        "schemas": {
            "Money": {
                "type": "object",
                "properties": {"amount": {"type": "string"}, "currency": {"$ref": "#/components/schemas/Currency"}},
            },
            "Currency": {"type": "string", "enum": ["SAR", "USD"], "default": "SAR"},
            "Order": {
                "allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {"total": money}}]
            },
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}}},
        },
    }  # fmt: skip
    paths: Json = {}
    refused = {"$ref": "#/components/responses/Refused"}
    for number in range(accounts):
        paths[f"/branch-{number}/accounts/{{account}}/orders"] = {
            "summary": "Orders of an account",
            "parameters": [{"$ref": "#/components/parameters/Account"}, {"$ref": "#/components/parameters/Trace"}],
            "get": {"description": "All orders.\nNewest first.", "tags": ["orders"],
                    "parameters": [{"$ref": "#/components/parameters/Filter"}, {"$ref": "#/components/parameters/Auth"}],
                    "responses": {200: {"$ref": "#/components/responses/Order"}, "4XX": refused}},
            "head": {"tags": ["orders"], "responses": {"204": {"description": "There are some."}, "default": refused}},
            "post": {"summary": "Orders", "tags": ["orders"], "requestBody": {"$ref": "#/components/requestBodies/Order"},
                     "responses": {"202": {"description": "Taken."}, "409": refused, "503": busy}},
            "patch": {"tags": ["statements"], "deprecated": True,
                      "requestBody": {"content": {"application/merge-patch+json": {"schema": {"type": "object"}}}},
                      "responses": {"200": {"description": "A statement.", "content": {"text/csv": {}}}, "5XX": refused}},
        }  # fmt: skip
    paths["/again"] = {"$ref": "#/paths/~1branch-0~1accounts~1%7Baccount%7D~1orders"}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "Bank", "version": "2026-01"},
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {**shared, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }
    return yaml.dump(document, sort_keys=False, Dumper=_NoAliases).encode()


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def clinic(wards: int = 26) -> bytes:
    """3.1: lists of types, const, prefixItems, schemas that are true, siblings of references, $defs inside a schema."""
    schemas: Json = {
        "Patient": {
            "type": "object",
            "properties": {
                "name": {"type": ["string", "null"]},
                "kind": {"const": "patient"},
                "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
                "weight": {"type": "number", "exclusiveMinimum": 0},
                "ward": {"$ref": "#/components/schemas/Patient/$defs/Ward", "description": "Where"},
                "extra": True,
            },
            "patternProperties": {"^x_": {"type": "string"}, "[": {"type": "string"}},
            "dependentRequired": {"ward": ["name"]},
            "unevaluatedProperties": False,
            "$defs": {"Ward": {"type": "string", "enum": ["north", "south"]}},
            "examples": [{"name": "Nobody"}],
        }
    }
    paths: Json = {}
    for number in range(wards):
        answers = {
            "200": {"description": "Well.", "content": _json({"$ref": "#/components/schemas/Patient"})},
            "422": {"description": "Not like that.", "content": _json({"type": "object"})},
        }
        for part in ("admit", "move", "treat", "discharge"):
            paths[f"/ward{number}/{part}"] = {
                "post": {"operationId": f"{part}.ward/{number}", "tags": [part], "summary": f"To {part} somebody",
                         "parameters": [{"name": "body", "in": "query", "schema": {"type": "string"}},
                                        {"name": "Idempotency-Key", "in": "header", "required": True,
                                         "schema": {"type": "string"}}],
                         "requestBody": {"content": _json({"$ref": "#/components/schemas/Patient"})},
                         "responses": answers}
            }  # fmt: skip
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Clinic", "version": "1.0.0", "summary": "Wards and patients."},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "https://clinic.example"}, {"url": "https://staging.clinic.example"}],
        "paths": paths,
        "webhooks": {"left": {"post": {"responses": {"200": {"description": "Heard."}}}}},
        "components": {"schemas": schemas},
    }
    return json.dumps(document).encode()


def forest(trees: int = 120, depth: int = 40) -> bytes:
    """Recursive schemas, chains of references, oneOf with discriminators, and a schema that reaches all the others."""
    schemas: Json = {
        "Tree": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}},
        "Ping": {"type": "object", "properties": {"pong": {"$ref": "#/components/schemas/Pong"}}},
        "Pong": {"anyOf": [{"$ref": "#/components/schemas/Ping"}, {"type": "string"}]},
        "Animal": {
            "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
            "discriminator": {"propertyName": "type", "mapping": {"cat": "#/components/schemas/Cat"}},
        },
        "Cat": {"type": "object", "properties": {"type": {"type": "string"}, "friend": {"$ref": "#/components/schemas/Animal"}}},
        "Dog": {"allOf": [{"$ref": "#/components/schemas/Cat"}, {"properties": {"barks": {"type": "boolean"}}}]},
        **{f"Level{number}": {"type": "object", "description": "d" * 200, "properties": {
            "left": {"$ref": f"#/components/schemas/Level{number + 1}"},
            "right": {"$ref": f"#/components/schemas/Level{number + 1}"}}} for number in range(depth)},
        f"Level{depth}": {"type": "string"},
    }  # fmt: skip
    names = ["Tree", "Ping", "Animal", "Level0"]
    paths: Json = {
        f"/trees/{number}": {
            "get": {
                "operationId": f"look_{number}",
                "tags": [names[number % 4].lower()],
                "responses": {
                    "200": {
                        "description": "It.",
                        "content": _json({"$ref": f"#/components/schemas/{names[number % 4]}"}),
                    },
                    "404": {"description": "None."},
                },
            }
        }
        for number in range(trees)
    }
    document = {
        "openapi": "3.0.0",
        "info": {"title": "Forest", "version": "0.0.1"},
        "servers": [{"url": "https://forest.example"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return json.dumps(document).encode()


def office(rooms: int = 60) -> bytes:
    """3.1 in YAML by hand: names in Arabic and with blanks, the same id twice, no errors, no answers of success, much prose."""
    paths: Json = {}
    for number in range(rooms):
        paths[f"/غرفة/{number}/طلب الحجز"] = {
            "get": {"operationId": f"عرض الغرفة {number}", "tags": ["غرف"], "description": "يعرض الغرفة. " * 80,
                    "responses": {"200": {"description": "نعم", "content": _json({"type": "object", "title": "غرفة"})}}},
            "post": {"operationId": "book room", "tags": ["حجز"],
                     "requestBody": {"content": {"multipart/form-data": {"schema": {"type": "object"}}}},
                     "responses": {"409": {"description": "محجوزة"}}},
            "trace": {"responses": {"default": {"description": "?"}}},
        }  # fmt: skip
    document = {
        "openapi": "3.1.1",
        "info": {"title": "مكتب — Office", "version": "1.0.0", "description": "حجز الغرف\n\nRooms."},
        "servers": [{"url": "https://office.example/{path}", "variables": {"path": {}}}],
        "paths": paths,
    }
    return yaml.dump(document, sort_keys=False, allow_unicode=True, Dumper=_NoAliases).encode()


DESCRIPTIONS: dict[str, Callable[[], bytes]] = {
    "shop": shop, "bank": bank, "clinic": clinic, "forest": forest, "office": office,
}  # fmt: skip
