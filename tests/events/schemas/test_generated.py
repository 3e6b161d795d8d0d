"""Generated pairs: whatever two schemas hypothesis makes, "compatible" is never said when an event shows otherwise."""

from typing import Any

import jsonschema
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from events.schemas.containment import Answer, covers

EVENTS = 12
_VALUE = st.recursive(
    st.one_of(
        st.just({}),
        st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])}),
        st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from(["a", "b", 1, 2, None]), min_size=1, unique=True)),
        st.builds(lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
                  st.integers(-3, 3), st.integers(0, 4)),
        st.builds(lambda low, size: {"type": "string", "minLength": low, "maxLength": low + size},
                  st.integers(0, 3), st.integers(0, 3)),
        st.builds(lambda step: {"type": "number", "multipleOf": step}, st.sampled_from([1, 2, 3, 0.5])),
    ),
    lambda inner: st.one_of(
        st.builds(lambda one, least: {"type": "array", "items": one, "minItems": least}, inner, st.integers(0, 2)),
        st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one, other: {"allOf": [one, other]}, inner, inner),
        st.builds(lambda fields, closed: {"type": "object", "properties": fields, "additionalProperties": not closed},
                  st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3), st.booleans()),
    ),
    max_leaves=5,
)  # fmt: skip
SCHEMAS = st.builds(
    lambda fields, required, closed: {
        "type": "object",
        "properties": fields,
        "required": sorted(required),
        "additionalProperties": not closed,
    },
    st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), _VALUE, max_size=4),
    st.sets(st.sampled_from(["a", "b"])),
    st.booleans(),
)


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Values that a schema of the grammar above may accept; what it does not is left out by the caller."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values(one) for one in schema["anyOf"]])
    if "allOf" in schema:
        return st.one_of([values(one) for one in schema["allOf"]])
    kind = schema.get("type")
    if kind == "integer":
        return st.integers(schema.get("minimum", -9), schema.get("maximum", 9))
    if kind == "number":
        return st.integers(-6, 6).map(lambda number: number * schema.get("multipleOf", 0.25))
    if kind == "string":
        return st.text("ab1", min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 4))
    if kind == "array":
        return st.lists(values(schema.get("items", {})), min_size=schema.get("minItems", 0), max_size=4)
    if kind == "object":
        known = {name: values(one) for name, one in schema["properties"].items()}
        rest = {"other": _ANY} if schema["additionalProperties"] else {}
        needed = schema.get("required", ())
        return st.fixed_dictionaries(
            {name: known.get(name, _ANY) for name in needed},
            optional={name: one for name, one in (known | rest).items() if name not in needed},
        )
    return {"boolean": st.booleans(), "null": st.none()}.get(str(kind), _ANY)


_ANY = st.sampled_from([None, True, 0, 1, 2, 0.5, "", "a", "b", [], {}, ["a"], {"x": 1}])


def accepts(schema: dict[str, Any], event: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(event))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(wider=SCHEMAS, narrower=SCHEMAS, data=st.data())
def test_no_event_shows_a_verdict_to_be_wrong(wider: Any, narrower: Any, data: st.DataObject) -> None:
    shown = covers(wider, narrower)
    if shown.event is not None:
        assert shown.answer is Answer.NO
        assert accepts(narrower, shown.event)
        assert not accepts(wider, shown.event)
    assume(shown.answer is Answer.YES)
    events = values(narrower)
    for _number in range(EVENTS):
        event = data.draw(events)
        assert accepts(wider, event) or not accepts(narrower, event), event


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(schema=SCHEMAS, other=SCHEMAS)
def test_a_schema_covers_itself_and_what_it_has_in_common_with_another(schema: Any, other: Any) -> None:
    assert covers(schema, schema).answer is Answer.YES
    both = {"type": "object", "allOf": [schema, other]}
    assert covers(schema, both).answer is not Answer.NO
