"""A NUL character is found in JSON text, and six plain characters that look like one are not."""

import time

import orjson
import pytest

from portal.json_bounds import holds_nul


@pytest.mark.parametrize(
    ("value", "found"),
    [("\0", True), ("a\0b", True), ("\\\0", True), ("\\\\\0", True), ({"\0": 1}, True), ("plain", False),
     (r"[^\u0000-\u001f]", False), (r"\\u0000", False), (r"\\\u0000", False)],
)  # fmt: skip
def test_a_nul_is_told_from_its_spelling(value: object, found: bool) -> None:
    assert holds_nul(orjson.dumps(value)) is found


def test_it_looks_once_however_many_backslashes_there_are() -> None:
    begun = time.perf_counter()
    holds_nul(b"\\" * 2_000_000 + b"u0000")
    assert time.perf_counter() - begun < 5
