"""Event schemas: the verdict on a new version, and events judged beside bare jsonschema-rs.

The verdict is asked of the child process as the portal does, against 20 earlier versions of a 20-field event, both ways.
Events are judged by the engine of the endpoint (envelope, policy of the family, schema) and, in turn, by the bare validator.
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


def _events(count: int) -> None:
    from events.schemas import validator_of
    from events.validation import Registered
    from events.validation_api import _outcomes
    from tests.events.registering import family, version
    from tests.events.test_envelope import ENVELOPE

    schema = _event_schema(FIELDS)
    family()
    version("1.1.0", schema)
    values: list[Any] = ["x", 7, "open", ["a"], None]
    data = {f"field_{number:02d}": values[number % len(values)] for number in range(FIELDS)}
    event = ENVELOPE | {"data": data}
    bare, registered = validator_of(schema), Registered()
    assert registered.judge(event).accepted
    events, lines = [event] * count, [orjson.dumps(event)] * count
    rates: dict[str, list[float]] = {"bare": [], "envelope": [], "lines": []}
    for _round in range(7):
        rates["bare"].append(_rate(lambda: [bare.is_valid(one["data"]) for one in events], count))
        rates["envelope"].append(_rate(lambda: [registered.judge(one) for one in events], count))
        rates["lines"].append(_rate(lambda: b"".join(_outcomes(lines)), count))
    raw, ours, through = (statistics.median(rates[name]) for name in ("bare", "envelope", "lines"))
    print(
        f"events of {FIELDS} fields judged: bare {raw:9,.0f}/s   with envelope and policy {ours:9,.0f}/s"
        f"   ratio {raw / ours:5.2f}   as lines of the endpoint, one process {through:9,.0f}/s (aim 20,000)"
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
