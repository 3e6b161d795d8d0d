"""The demo's events: two families that refer to one another, their versions, and one that breaks its promise and waits."""

from typing import Any

from events.documents import key_of
from portal.registry.documents import Document

MONEY: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "description": "An amount of money in the smallest unit of its currency.",
    "properties": {
        "amount": {"type": "integer", "description": "In the smallest unit: halalas, cents."},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."},
    },
    "required": ["amount", "currency"],
    "additionalProperties": False,
}
PLACED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "minLength": 1, "description": "The shop's own number of the order."},
        "customer_id": {"type": "string", "description": "Who ordered.", "x-sensitivity": "S2"},
        "total": {"$ref": "../money/1.0.0.json", "description": "What is to be paid, tax included."},
        "lines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
                "required": ["sku", "quantity"],
            },
        },
        "placed_at": {"type": "string", "format": "date-time"},
    },
    "required": ["order_id", "customer_id", "total", "lines"],
    "additionalProperties": False,
}
AN_ORDER: Document = {
    "order_id": "A-1001",
    "customer_id": "C-77",
    "total": {"amount": 12900, "currency": "SAR"},
    "lines": [{"sku": "TEA-250", "quantity": 2}],
}


def _family(key: str, name: str, words: str, channel: str, mode: str, classes: str, **parties: Any) -> Document:
    return {
        "key": key,
        "name": name,
        "description": words,
        "owner": "data-platform",
        "channel": channel,
        "compatibility": mode,
        "sensitivity_class": classes,
    } | parties


def _version(family: str, number: str, name: str, words: str, schema: Document, **more: Any) -> Document:
    return {
        "key": key_of(family, number),
        "name": f"{name} {number}",
        "description": words,
        "owner": "data-platform",
        "family": family,
        "number": number,
        "schema": schema,
    } | more


def _with(field: str, schema: Document) -> Document:
    return PLACED | {"properties": PLACED["properties"] | {field: schema}}


def documents() -> list[Document]:
    """What stands, in the order in which it came about."""
    placed = "What the shop tells when an order is placed."
    return [
        _family("money", "Money", "Amounts of money, as other events carry them.", "shared.money", "FULL_TRANSITIVE", "S0"),
        _version("money", "1.0.0", "Money", "Amount and currency.", MONEY),
        _family(
            "order-placed", "Order placed", placed, "commerce.orders", "BACKWARD_TRANSITIVE", "S2",
            description_ar="ما يخبر به المتجر عند تقديم طلب.",
            producers=[{"service": "order-desk", "version": "1.1.0"}],
            consumers=[
                {"service": "billing-to-warehouse", "version": "1.0.0", "reads": ["/order_id", "/total/amount"]},
                {"service": "crm-to-warehouse", "version": "1.1.0", "reads": ["/customer_id", "/coupon"]},
            ],
            envelope={"required": ["sensitivity_class"], "tenants": [], "sources": []},
        ),
        _version("order-placed", "1.0.0", "Order placed", placed, PLACED,
                 examples=[{"name": "A plain order", "valid": True, "event": AN_ORDER}]),
        _version("order-placed", "1.1.0", "Order placed", "May name the coupon that was used.",
                 _with("coupon", {"type": "string", "maxLength": 40}),
                 examples=[{"name": "An order with a coupon", "valid": True, "event": AN_ORDER | {"coupon": "TEA10"}}]),
    ]  # fmt: skip


def waiting() -> Document:
    """A new major that breaks the promise openly, before its approvers."""
    properties = {name: part for name, part in PLACED["properties"].items() if name != "customer_id"}
    required = [name for name in PLACED["required"] if name != "customer_id"]
    return _version(
        "order-placed", "2.0.0", "Order placed", "No longer says who ordered; billing asks for that when it must.",
        PLACED | {"properties": properties, "required": required},
        migration_note="Ask the order desk for the customer of an order; stop reading customer_id.",
        deadline="2027-06-30",
    )  # fmt: skip
