"""Event schemas: the verdict on a new version, and events judged beside bare jsonschema-rs.

The verdict is asked of the child process as the portal does, against 20 earlier versions of a 20-field event, both ways.
Events are judged by the helper and by the engine of the endpoint (envelope, policy of the family, schema), and in turn by the
bare validator (schema of the data alone): an order with nested parts, patterns and bounds,
and 20 fields that cost next to nothing.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson

from bench.scratch import scratch_database

FIELDS, EARLIER = 20, 20


def _event_schema(fields: int) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}, {"enum": ["new", "open", "closed"]},
        {"type": "array", "items": {"type": "string"}}, {"type": ["string", "null"]},
    ]  # fmt: skip
    properties = {f"field_{number:02d}": kinds[number % len(kinds)] for number in range(fields)}
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties)[:10],
        "additionalProperties": False,
    }


def _verdicts(rounds: int) -> None:
    from events.schemas import Mode, guarded, judge

    earlier = [(f"1.{number}.0", _event_schema(FIELDS + number)) for number in range(EARLIER)]
    compatible = _event_schema(FIELDS + EARLIER)
    breaking = _event_schema(FIELDS - 1)
    spent: list[float] = []
    for number in range(rounds):
        # Each is asked as if for the first time.
        guarded._kept.clear()
        begun = time.perf_counter()
        judge(breaking if number % 2 else compatible, earlier, Mode.FULL_TRANSITIVE)
        spent.append((time.perf_counter() - begun) * 1000)
    p95 = statistics.quantiles(spent, n=20)[-1]
    print(
        f"verdict on a new version, {EARLIER} earlier ones of {FIELDS} fields, both directions: "
        f"median {statistics.median(spent):6.1f} ms   p95 {p95:6.1f} ms (aim 100 ms)"
    )


def _rate(call: Callable[[], object], events: int) -> float:
    begun = time.perf_counter()
    call()
    return events / (time.perf_counter() - begun)


# An order as one travels: 20 fields, two of them nested, with patterns, bounds and choices.
_ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{6}$"},
        "customer_id": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
        "placed_on": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "currency": {"enum": ["SAR", "AED", "USD", "EUR"]},
        "total": {"type": "number", "minimum": 0, "multipleOf": 0.01},
        "vat": {"type": "number", "minimum": 0},
        "channel": {"enum": ["web", "shop", "phone"]},
        "state": {"enum": ["new", "open", "closed"]},
        "priority": {"type": "integer", "minimum": 0, "maximum": 9},
        "gift": {"type": "boolean"},
        "note": {"type": ["string", "null"], "maxLength": 500},
        "email": {"type": "string", "pattern": "^[^@ ]+@[^@ ]+$", "maxLength": 254},
        "phone": {"type": "string", "pattern": "^[+][0-9]{8,15}$"},
        "address": {
            "type": "object",
            "properties": {name: {"type": "string", "minLength": 1} for name in ("street", "city", "zip", "country")},
            "required": ["street", "city", "country"],
        },
        "lines": {
            "type": "array", "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"sku": {"type": "string", "pattern": "^[A-Z0-9-]{4,20}$"},
                               "count": {"type": "integer", "minimum": 1}, "price": {"type": "number", "minimum": 0}},
                "required": ["sku", "count", "price"], "additionalProperties": False,
            },
        },
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "weight": {"type": "number", "exclusiveMinimum": 0}, "coupon": {"type": ["string", "null"]},
        "sales_rep": {"type": "string"}, "warehouse": {"type": "string", "pattern": "^W[0-9]+$"},
    },
    "required": ["order_id", "customer_id", "placed_on", "currency", "total", "lines"], "additionalProperties": False,
}  # fmt: skip
_ORDER_DATA: dict[str, Any] = {
    "order_id": "SA-000123", "customer_id": "0af76519-16cd-43dd-8448-eb211c80319c", "placed_on": "2026-11-23",
    "currency": "SAR", "total": 120.5, "vat": 15.72, "channel": "web", "state": "new", "priority": 3, "gift": False,
    "note": None, "email": "amal@shop.example", "phone": "+966500000000",
    "address": {"street": "King Road 1", "city": "Riyadh", "zip": "11564", "country": "SA"},
    "lines": [{"sku": f"AB-{number}00", "count": 1, "price": 40.25} for number in range(3)],
    "tags": ["a", "b"], "weight": 2.5, "coupon": None, "sales_rep": "noor", "warehouse": "W7",
}  # fmt: skip


def _side_by_side(count: int, *calls: Callable[[], object]) -> list[float]:
    """The median rate of each, called in turn."""
    rates = [[_rate(call, count) for call in calls] for _round in range(7)]
    return [statistics.median(column) for column in zip(*rates, strict=True)]


def _events(count: int) -> None:
    from portal_client import Bundle

    from events.bundle import bundle
    from events.quarantine import Tally
    from events.schemas import validator_of
    from events.validation import Registered
    from events.validation_api import outcomes
    from tests.events.registering import family, version
    from tests.events.test_envelope import ENVELOPE

    plain = _event_schema(FIELDS)
    values: list[Any] = ["x", 7, "open", ["a"], None]
    plain_data = {f"field_{number:02d}": values[number % len(values)] for number in range(FIELDS)}
    for key, schema, data in (("order-placed", _ORDER, _ORDER_DATA), ("plain-thing", plain, plain_data)):
        family(key)
        version("1.1.0", schema, family=key)
        event = ENVELOPE | {"event_type": key, "data": data}
        bare, registered, helper = validator_of(schema), Registered(), Bundle(bundle())
        assert registered.judge(event).accepted, registered.judge(event)
        assert helper.judge(event).accepted
        events, lines = [event] * count, [orjson.dumps(event)] * count
        raw, ours, through = _side_by_side(
            count,
            lambda bare=bare, events=events: [bare.is_valid(one["data"]) for one in events],
            lambda helper=helper, events=events: [helper.judge(one) for one in events],
            lambda lines=lines: b"".join(outcomes(lines, Tally())),
        )
        print(
            f"{key}, {FIELDS} fields: bare {raw:9,.0f}/s   helper, envelope and policy included {ours:9,.0f}/s"
            f"   ratio {raw / ours:5.2f} (aim 1.5)   as lines of the endpoint, one process {through:9,.0f}/s (aim 20,000)"
        )


def run(options: argparse.Namespace) -> None:
    """Print the figures."""
    with scratch_database():
        _verdicts(options.verdicts)
        _events(options.events)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--verdicts", type=int, default=200, help="verdicts asked for (200)")
    parser.add_argument("--events", type=int, default=20_000, help="events a round (20,000)")
