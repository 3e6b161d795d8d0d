"""Files that anybody may have written are read in bounded time, or refused with the line."""

import time
import tracemalloc

import pytest

from portal.files.reading import Unreadable, read


def test_yaml_and_json_give_plain_values() -> None:
    found = read(b"a: 1\nb: [1, 2.5, yes, ~, true, 2026-11-25]\nc: {1.0: on}\n")
    assert found == {"a": 1, "b": [1, 2.5, "yes", None, True, "2026-11-25"], "c": {"1.0": "on"}}
    assert read(b'\xef\xbb\xbf{"a": [1.5, null, "\\u0041"]}') == {"a": [1.5, None, "A"]}
    assert read(b"") is None
    assert read(b'"12"') == "12"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: &x 1\nb: *x", "line 2: Aliases"),
        (b"a: 1\nb: {c: 1, c: 2}", "line 2: The key “c” stands twice"),
        (b'{"a": {"c": 1, "c": 2}}', "The key “c” stands twice"),
        (b"- 1\n- !!python/object/apply:os.system [ls]", "line 2: The tag tag:yaml.org,2002:python"),
        (b"- !Ref x", "line 1: The tag !Ref"),
        (b"a: 1\n---\nb: 2", "line 2: It holds more than one document."),
        (b"<<: {a: 1}", "line 1: Merge keys"),
        (b"? [a]\n: b", "line 1: A key must be a text."),
        (b"a: \x00", "line 1: It holds a control character."),
        (b"a: \xff", "line 1: It is not UTF-8."),
        (b"a: 'b", "It is not YAML"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": ' + b"1" * 400 + b"}", "more than 300 digits"),
        (b"[" * 100_000, "nested deeper than 60 levels"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested deeper than 60 levels"),
        (b"a: " + b"[" * 100_000 + b"]" * 100_000, "nested deeper than 60 levels"),
        (b"- 1\n" * 500_000, "more than 400000 values"),
        (b"[" + b"1," * 900_000 + b"1]", "more than 400000 values"),
        (b"a" * (9 * 1024 * 1024), "larger than 8192 kB"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_with_its_place(text: bytes, told: str) -> None:
    tracemalloc.start()
    begun = time.monotonic()
    with pytest.raises(Unreadable) as refused:
        read(text)
    spent = time.monotonic() - begun
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told in str(refused.value)
    # Bounds that hold on a slow machine under tracing; without the limits these texts take minutes and gigabytes.
    assert spent < 60
    assert peak < 400 * 1024 * 1024
