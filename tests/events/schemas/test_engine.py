"""The engine around the verdict: bounds, references, modes, sentences, fields, and a child process that may die."""

import os
import signal
import threading
import time
from copy import deepcopy
from typing import Any

import pytest

from events.schemas import (
    Answer,
    Direction,
    Mode,
    bundled,
    differences,
    fields_of,
    guarded,
    judge,
    lost_fields,
    modes,
    problems_of,
    validator_of,
)
from events.schemas.containment import Shown, covers
from events.schemas.references import Unresolved, referred

MONEY = {
    "type": "object",
    "properties": {"amount": {"$ref": "#/$defs/amount"}, "currency": {"type": "string"}},
    "$defs": {"amount": {"type": "integer", "minimum": 0}},
}
TYPES: tuple[dict[str, Any], ...] = (
    {"type": "string", "minLength": 1}, {"type": "integer"}, {"type": "number", "minimum": 0}, {"type": "boolean"},
    {"enum": ["new", "open", "closed"]}, {"type": "array", "items": {"type": "string"}},
    {"type": "string", "format": "date-time"}, {"type": ["string", "null"]}, {"type": "string", "pattern": "^[A-Z]{3}$"},
    {"type": "object", "properties": {"street": {"type": "string"}, "zip": {"type": "string"}}, "required": ["street"]},
)  # fmt: skip


def lookup(family: str, version: str) -> Any:
    return MONEY if (family, version) == ("money", "1.0.0") else None


def event_of(fields: int = 20, **more: Any) -> dict[str, Any]:
    """An event of so many fields, the first half of them required."""
    properties = {f"field_{number:02d}": deepcopy(TYPES[number % len(TYPES)]) for number in range(fields)}
    return {"type": "object", "properties": properties, "required": sorted(properties)[: fields // 2]} | more


def edited(path: str, value: Any, base: dict[str, Any] | None = None, *, gone: bool = False) -> dict[str, Any]:

    made = deepcopy(base or event_of())
    here: Any = made
    *steps, last = path.split(".")
    for step in steps:
        here = here[step]
    if gone:
        del here[last]
    else:
        here[last] = value
    return made


# (what, new schema, old schema, reads the old events, old side reads the new events): what people really do to an event.
OPEN, CLOSED = event_of(), event_of(additionalProperties=False)
P = "properties"
REALISTIC: list[tuple[str, dict[str, Any], dict[str, Any], bool, bool]] = [
    ("add an optional field, open", edited(f"{P}.extra", {"type": "string"}), OPEN, False, True),
    ("add a field of any value, open", edited(f"{P}.extra", {}), OPEN, True, True),
    ("add an optional field, closed", edited(f"{P}.extra", {"type": "string"}, CLOSED), CLOSED, True, False),
    ("remove an optional field, closed", edited(f"{P}.field_15", 0, CLOSED, gone=True), CLOSED, False, True),
    ("remove an optional field, open", edited(f"{P}.field_15", 0, gone=True), OPEN, True, False),
    ("require a field", edited("required", sorted(OPEN[P])[:11]), OPEN, False, True),
    ("require one less", edited("required", sorted(OPEN[P])[:9]), OPEN, True, False),
    ("widen a type", edited(f"{P}.field_01.type", ["integer", "null"]), OPEN, True, False),
    ("integer becomes number", edited(f"{P}.field_01.type", "number"), OPEN, True, False),
    ("string becomes integer", edited(f"{P}.field_00", {"type": "integer"}), OPEN, False, False),
    ("one more value", edited(f"{P}.field_04.enum", ["new", "open", "closed", "void"]), OPEN, True, False),
    ("one value less", edited(f"{P}.field_04.enum", ["new", "open"]), OPEN, False, True),
    ("a value renamed", edited(f"{P}.field_04.enum", ["new", "open", "done"]), OPEN, False, False),
    ("any string for fixed values", edited(f"{P}.field_04", {"type": "string"}), OPEN, True, False),
    ("a longer text must be", edited(f"{P}.field_00.minLength", 3), OPEN, False, True),
    ("an empty text may be", edited(f"{P}.field_00", {"type": "string"}), OPEN, True, False),
    ("a greatest length", edited(f"{P}.field_00.maxLength", 80), OPEN, False, True),
    ("a negative number may be", edited(f"{P}.field_02", {"type": "number"}), OPEN, True, False),
    ("a greatest number", edited(f"{P}.field_02.maximum", 100), OPEN, False, True),
    ("words only", edited("description", "Better said."), OPEN, True, True),
    ("another title of a field", edited(f"{P}.field_03.title", "Flag"), OPEN, True, True),
    ("a pattern loosened", edited(f"{P}.field_08.pattern", "^[A-Z]{3,4}$"), OPEN, True, False),
    ("a pattern dropped", edited(f"{P}.field_08", {"type": "string"}), OPEN, True, False),
    ("items of another type", edited(f"{P}.field_05.items", {"type": "integer"}), OPEN, False, False),
    ("items may be null", edited(f"{P}.field_05.items", {"type": ["string", "null"]}), OPEN, True, False),
    ("at least one item", edited(f"{P}.field_05.minItems", 1), OPEN, False, True),
    ("a nested field required", edited(f"{P}.field_09.required", ["street", "zip"]), OPEN, False, True),
    ("a nested field retyped", edited(f"{P}.field_09.{P}.zip", {"type": "integer"}), OPEN, False, False),
    ("a nested object closed", edited(f"{P}.field_09.additionalProperties", False), OPEN, False, True),
    ("the event closed", CLOSED, OPEN, False, True),
    ("the event opened", OPEN, CLOSED, True, False),
    ("a field renamed, closed", edited(f"{P}.renamed", {"type": "string"},
                                       edited(f"{P}.field_16", 0, CLOSED, gone=True)), CLOSED, False, False),
    ("a date for any text", edited(f"{P}.field_00", {"type": "string", "minLength": 1, "format": "date"}), OPEN, True, True),
    ("taken apart into a definition", edited("$defs", {"money": {"type": "integer"}},
                                             edited(f"{P}.field_01", {"$ref": "#/$defs/money"})), OPEN, True, True),
    ("two alternatives", edited(f"{P}.field_01", {"anyOf": [{"type": "integer"}, {"type": "string"}]}), OPEN, True, False),
    ("nullable dropped", edited(f"{P}.field_07", {"type": "string"}), OPEN, False, True),
]  # fmt: skip


@pytest.mark.parametrize(("what", "new", "old", "reads", "is_read"), REALISTIC, ids=[one[0] for one in REALISTIC])
def test_what_people_really_do_to_an_event(
    what: str, new: dict[str, Any], old: dict[str, Any], reads: bool, is_read: bool
) -> None:
    for wider, narrower, expected in ((new, old, reads), (old, new, is_read)):
        shown = covers(wider, narrower)
        if (what, expected) == ("a pattern loosened", True):
            # Whether one pattern takes all that another takes is not decided, which is a refusal.
            assert shown.answer is Answer.UNKNOWN
            continue
        assert shown.answer is (Answer.YES if expected else Answer.NO), (what, shown)
        if not expected:
            assert shown.event is not None
            assert validator_of(narrower).is_valid(shown.event)
            assert not validator_of(wider).is_valid(shown.event)


def test_each_mode_asks_its_own_directions_of_its_own_versions() -> None:
    old, older = event_of(3), event_of(2)
    asked = {
        mode: [
            (one.version, one.direction)
            for one in judge(event_of(4), [("1.0.0", older), ("1.1.0", old)], mode).verdicts
        ]
        for mode in Mode
    }
    back, forth = Direction.BACKWARD, Direction.FORWARD
    assert asked == {
        Mode.NONE: [],
        Mode.BACKWARD: [("1.1.0", back)],
        Mode.FORWARD: [("1.1.0", forth)],
        Mode.FULL: [("1.1.0", back), ("1.1.0", forth)],
        Mode.BACKWARD_TRANSITIVE: [("1.1.0", back), ("1.0.0", back)],
        Mode.FORWARD_TRANSITIVE: [("1.1.0", forth), ("1.0.0", forth)],
        Mode.FULL_TRANSITIVE: [("1.1.0", back), ("1.1.0", forth), ("1.0.0", back), ("1.0.0", forth)],
    }


def test_backward_and_forward_are_not_confused_and_the_event_is_the_writers() -> None:
    closed = edited(f"{P}.extra", {"type": "string"}, CLOSED)
    assert judge(closed, [("1.0.0", CLOSED)], Mode.BACKWARD).compatible
    forward = judge(closed, [("1.0.0", CLOSED)], Mode.FORWARD)
    assert not forward.compatible
    (verdict,) = forward.against
    assert verdict.event is not None
    assert validator_of(closed).is_valid(verdict.event)
    assert not validator_of(CLOSED).is_valid(verdict.event)


def test_another_dialect_is_unknown_and_unknown_is_no() -> None:
    old = OPEN | {"$schema": "http://json-schema.org/draft-07/schema#"}
    judged = judge(OPEN, [("1.0.0", old)], Mode.BACKWARD)
    assert not judged.compatible
    assert judged.verdicts[0].answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("schema", "pointer", "code"),
    [
        (5, "", "not_an_object"),
        ({"type": "string"}, "/type", "not_an_event"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}, "/$schema", "dialect"),
        ({"type": "object", "properties": {"a": {"minimum": "x"}}}, "/properties/a/minimum", "meta_schema"),
        ({"type": "object", "properties": {"a": {"pattern": "(?=x)"}}}, "/properties/a/pattern", "pattern"),
        ({"type": "object", "properties": {"a": {"pattern": r"(a)\1"}}}, "/properties/a/pattern", "pattern"),
        ({"type": "object", "properties": {"a": {"pattern": "a{100000}"}}}, "/properties/a/pattern", "pattern"),
        ({"type": "object", "properties": {"a": {"pattern": "x" * 501}}}, "/properties/a/pattern", "pattern"),
        ({"type": "object", "properties": {"a": {"$ref": "https://evil.example/x"}}}, "/properties/a/$ref", "reference"),
        ({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}, "/properties/a/$ref", "reference"),
        ({"type": "object", "$defs": {"حالة": {}}, "properties": {"a": {"$ref": "#/$defs/حالة"}}}, "/properties/a/$ref",
         "reference"),
        ({"type": "object", "$defs": {"a b": {}}, "properties": {"a": {"$ref": "#/$defs/a b"}}}, "/properties/a/$ref",
         "reference"),
        ({"type": "object", "properties": {"a": {"$ref": "../money/1.0.0.json#/$defs/حالة"}}}, "/properties/a/$ref",
         "reference"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}, "/properties/a/$ref", "dangling"),
        ({"type": "object", "properties": {"a": {"$ref": "../money/9.0.0.json"}}}, "/properties/a/$ref", "dangling"),
        ({"type": "object", "properties": {"a": {"$ref": "../money/1.0.0.json#/x"}}}, "/properties/a/$ref", "dangling"),
        ({"type": "object", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "/$defs/a/$ref", "circle"),
        ({"type": "object", "properties": {"a": {"$dynamicRef": "#x"}}}, "/properties/a/$dynamicRef", "unsupported"),
        ({"type": "object", "properties": {"a": {"$id": "x"}}}, "/properties/a/$id", "unsupported"),
        ({"type": "object", "properties": {"a": {"enum": list(range(1001))}}}, "/properties/a/enum", "too_large"),
        ({"type": "object", "minProperties": 2**60}, "/minProperties", "too_large"),
        ({"type": "object", "description": "x" * 300_000}, "", "too_large"),
        ({"type": "object", "description": "a\x00b"}, "", "nul_character"),
        ({"type": "object", "properties": {f"f{n}": {} for n in range(6000)}}, "", "too_large"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_pointer(schema: Any, pointer: str, code: str) -> None:
    found = problems_of(schema, lookup)
    assert (pointer, code) in {(one.path, one.code) for one in found}, found


def test_a_sound_schema_has_no_problem_and_a_deep_one_ends_at_once() -> None:
    assert problems_of(OPEN, lookup) == []
    deep: dict[str, Any] = {"type": "object"}
    here = deep
    for _level in range(100_000):
        here["not"] = {}
        here = here["not"]
    began = time.monotonic()
    assert problems_of(deep, lookup)[0].code == "too_deep"
    assert time.monotonic() - began < 1


def test_a_schema_made_whole_means_the_same_on_its_own() -> None:
    order = {"type": "object", "properties": {"price": {"$ref": "../money/1.0.0.json"},
                                              "tax": {"$ref": "../money/1.0.0.json#/$defs/amount"}}}  # fmt: skip
    assert referred(order) == [("money", "1.0.0")]
    assert problems_of(order, lookup) == []
    judge_it = validator_of(bundled(order, lookup))
    assert judge_it.is_valid({"price": {"amount": 5, "currency": "SAR"}, "tax": 1})
    for wrong in ({"price": {"amount": -1}}, {"tax": -1}, {"price": 5}):
        assert not judge_it.is_valid(wrong)
    assert "$defs" not in order, "the schema itself is not touched"
    with pytest.raises(Unresolved):
        bundled({"type": "object", "properties": {"a": {"$ref": "../gone/1.0.0.json"}}}, lookup)


def test_what_a_reference_leads_to_counts_in_the_verdict() -> None:
    order = {"type": "object", "properties": {"tax": {"$ref": "../money/1.0.0.json#/$defs/amount"}}}
    looser = MONEY | {"$defs": {"amount": {"type": "integer"}}}
    old, new = bundled(order, lookup), bundled(order, lambda family, version: looser)
    assert covers(new, old).answer is Answer.YES
    assert covers(old, new).answer is Answer.NO
    assert any("smallest number" in one.sentence for one in differences(old, new))


@pytest.mark.parametrize(
    ("new", "old", "said", "hurts"),
    [
        (edited(f"{P}.extra", {"type": "string"}), OPEN, "an old event may carry one of that name", {"backward"}),
        (edited(f"{P}.extra", {}), OPEN, "“extra” is new", set()),
        (edited(f"{P}.extra", {"type": "string"}, CLOSED), CLOSED, "the old version refuses fields", {"forward"}),
        (edited(f"{P}.field_15", 0, CLOSED, gone=True), CLOSED, "“field_15” is gone", {"backward"}),
        (edited("required", sorted(OPEN[P])[:11]), OPEN, "“field_10” must be there now", {"backward"}),
        (edited("required", sorted(OPEN[P])[:9]), OPEN, "“field_09” may be missing now", {"forward"}),
        (edited(f"{P}.field_01.type", "number"), OPEN, "was integer and is number now", {"forward"}),
        (edited(f"{P}.field_04.enum", ["new", "open"]), OPEN, 'may no longer be "closed"', {"backward"}),
        (edited(f"{P}.field_02.maximum", 100), OPEN, "the greatest number was not limited and is 100 now", {"backward"}),
        (edited(f"{P}.field_09.{P}.zip", {"type": "integer"}), OPEN, "“field_09.zip” was string", {"backward", "forward"}),
        (CLOSED, OPEN, "takes no other fields any more", {"backward"}),
        (edited("description", "x"), OPEN, "no event is judged by it", set()),
    ],
)  # fmt: skip
def test_differences_are_told_in_sentences(
    new: dict[str, Any], old: dict[str, Any], said: str, hurts: set[str]
) -> None:
    (one,) = differences(old, new)
    assert said in one.sentence
    assert set(one.hurts) == hurts


def test_recursive_schemas_are_compared_to_an_end() -> None:
    def tree(value: str) -> dict[str, Any]:
        node = {"type": "object", "properties": {"value": {"type": value}, "next": {"$ref": "#/$defs/node"}}}
        return {"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}

    assert problems_of(tree("string"), lookup) == []
    assert any(
        "“root.value”" in one.sentence or "value" in one.pointer for one in differences(tree("string"), tree("integer"))
    )
    assert covers(tree("string"), tree("integer")).answer is not Answer.YES
    assert covers(tree("string"), tree("string")).answer is Answer.YES


def test_fields_are_listed_and_what_a_consumer_loses_is_found() -> None:
    found = {one.pointer: one for one in fields_of(OPEN)}
    assert (found["/field_09/street"].required, found["/field_09/street"].types) == (True, ("string",))
    assert found["/field_04"].values == ("new", "open", "closed")
    reads = ["/field_00", "/field_04", "/field_09/street", "/never"]
    assert lost_fields(reads, OPEN, OPEN) == []
    assert lost_fields(reads, OPEN, edited(f"{P}.field_00", 0, gone=True)) == ["/field_00"]
    assert lost_fields(reads, OPEN, edited(f"{P}.field_09.{P}.street", {"type": "integer"})) == ["/field_09/street"]
    assert lost_fields(reads, OPEN, edited("required", [])) == ["/field_00", "/field_04"]


def test_the_child_process_answers_as_the_engine_does_and_comes_back_after_it_was_killed() -> None:
    guarded._kept.clear()
    assert guarded.covers(OPEN, CLOSED) == covers(OPEN, CLOSED)
    child = guarded._standing()
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()
    assert guarded.covers(CLOSED, OPEN).answer is Answer.NO


def test_what_takes_too_long_is_unknown_and_the_next_question_is_answered() -> None:
    guarded._kept.clear()
    child = guarded._standing()
    os.kill(child.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    assert guarded.covers(OPEN, CLOSED, seconds=0.3).answer is Answer.UNKNOWN
    assert time.monotonic() - began < 2
    assert child.process.poll() is not None
    assert guarded.covers(OPEN, CLOSED).answer is Answer.YES


def test_what_was_answered_is_not_asked_again_and_unknown_for_lack_of_time_is() -> None:
    guarded._kept.clear()
    guarded.covers(OPEN, CLOSED)
    guarded._end()
    assert guarded.covers(OPEN, CLOSED).answer is Answer.YES
    assert guarded._child is None, "nobody was asked"
    os.kill(guarded._standing().process.pid, signal.SIGSTOP)
    assert guarded.covers(CLOSED, OPEN, seconds=0.2).answer is Answer.UNKNOWN
    assert guarded.covers(CLOSED, OPEN).answer is Answer.NO


def test_a_whole_judgement_ends_however_slow_each_answer_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "SECONDS", 0.2)
    asked = []

    def slow(wider: Any, narrower: Any) -> Shown:
        asked.append(wider)
        time.sleep(0.15)
        return Shown(Answer.YES)

    earlier = [(f"1.{number}.0", OPEN) for number in range(10)]
    judged = judge(OPEN, earlier, Mode.FULL_TRANSITIVE, compare=slow)
    assert len(asked) < 4
    assert len(judged.verdicts) == 20
    assert not judged.compatible


def test_many_threads_ask_one_child() -> None:
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(guarded.covers(OPEN, CLOSED).answer)) for _n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [Answer.YES] * 12


def test_after_a_fork_each_process_has_a_child_of_its_own() -> None:
    before = guarded._standing().process.pid
    guarded.covers(OPEN, CLOSED)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        guarded._kept.clear()
        answer = guarded.covers(OPEN, CLOSED).answer
        child = guarded._standing().process.pid
        os.write(writer, f"{answer} {child != before}".encode())
        guarded._end()
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reader, 100) == b"yes True"
    assert guarded._standing().process.pid == before


HOSTILE: dict[str, dict[str, Any]] = {
    "branches of branches": {"type": "object", "allOf": [
        {"anyOf": [{"properties": {f"p{n}": {"enum": list(range(k, k + 3))}}} for k in range(8)]} for n in range(40)]},
    "one of many": {"type": "object", "oneOf": [{"required": [f"a{n}"], "properties": {f"a{n}": {"minimum": n}}}
                                              for n in range(200)]},
    "nots": {"type": "object", "not": {"not": {"not": {"anyOf": [{"required": [f"x{n}"]} for n in range(60)]}}}},
    "huge counts": {"type": "object", "properties": {"a": {"type": "array", "minItems": 2**53, "uniqueItems": True}}},
    "patterns": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}},
                 "patternProperties": {"^(x|xx)+y$": {"pattern": "(a|aa)+$"}}},
    "recursion": {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/properties/a"}}, "minProperties": 1},
    "many conditions": {"type": "object", "allOf": [
        {"if": {"required": [f"k{n}"]}, "then": {"required": [f"v{n}"]}, "else": {"maxProperties": n}} for n in range(60)]},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_gets_an_answer_in_bounded_time(name: str) -> None:
    schema = HOSTILE[name]
    began = time.monotonic()
    if not problems_of(schema, lookup):
        for wider, narrower in ((schema, OPEN), (OPEN, schema), (schema, schema | {"minProperties": 3})):
            guarded.covers(wider, narrower)
        differences(OPEN, schema)
        fields_of(schema)
    assert time.monotonic() - began < 3 * guarded.SECONDS + 3
