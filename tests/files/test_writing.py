"""What is written as YAML is read back as it was, by this portal and by others, and people can read it."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from portal.files.reading import read
from portal.files.writing import WIDTH, dump

ODD = [
    "yes", "on", "No", "1e5", "0x1F", "0o17", "12:30:45", "2026-01-31", "~", "null", "-0", "+.5", "1.", "<<", "=", "---",
    "...", "- a", "a: b", "a:", "a #b", "1_000", ".inf", "", " ", "\n", "\n\n", " a\nb", "\n a", "a\n\n", "a \nb", "a\tb\nc",
    "a\r\nb", "a\u2028b", "\ufeffa", "\x07", "a\u202eb", "word " * 60, "a  b " * 60, "x" * 300, "كلمة " * 40, "'", '"', "\\",
    "{a}", "[a]", "a, b", "!a", "&a", "*a", "%a", "@a", "`a", "|", ">", "?", "? a", ":", "#", "😀", "é\u0301",
]  # fmt: skip
texts = (
    some.sampled_from(ODD)
    | some.text(alphabet=" \n\tab:#-'\"|>?%@é\r\u2028,[]{}&*!", max_size=40)
    | some.text(alphabet=some.characters(exclude_categories=["Cs"]), max_size=60)
)
leaves = (
    some.none()
    | some.booleans()
    | some.integers(-(2**62), 2**62)
    | some.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = some.recursive(
    leaves,
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(texts | some.text("k", min_size=600), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(max_examples=600, deadline=None)
@given(values)
def test_every_value_of_json_comes_back_as_it_was(value: object) -> None:
    written = dump({"it": value})
    # Written out, 1, 1.0 and true differ, and so does another order of keys.
    assert repr(read(written.encode())) == repr({"it": value})
    assert repr(yaml.safe_load(written)) == repr({"it": value})


def test_it_is_written_for_people() -> None:
    prose = (
        "It finds one customer by number and says nothing of the others, whoever asks for them and however often. " * 2
    )
    written = dump({
        "name": "بحث العملاء 😀",
        "description": prose.strip(),
        "notes": "First this.\nThen that.\n",
        "since": "2026-01-31",
        "schedule": "0 */2 * * *",
        "empty": [],
        "rows": [{"code": "not_found", "retryable": False}, {"code": "busy", "retryable": True}],
        "names": ["a", "on"],
    })  # fmt: skip
    assert written == (
        'name: "بحث العملاء 😀"\n'
        "description: >-\n"
        "  It finds one customer by number and says nothing of the others, whoever asks for them and however\n"
        "  often. It finds one customer by number and says nothing of the others, whoever asks for them and\n"
        "  however often.\n"
        "notes: |\n"
        "  First this.\n"
        "  Then that.\n"
        'since: "2026-01-31"\n'
        "schedule: 0 */2 * * *\n"
        "empty: []\n"
        "rows:\n"
        "  - code: not_found\n"
        "    retryable: false\n"
        "  - code: busy\n"
        "    retryable: true\n"
        "names:\n"
        "  - a\n"
        '  - "on"\n'
    )
    assert all(len(line) <= WIDTH + 2 for line in written.splitlines())


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\x1b", "\x85", "\u2029"])
def test_what_does_not_show_is_written_out(hidden: str) -> None:
    for text in (f"a{hidden}b", f"a{hidden}b\nc", f"{'a ' * 80}{hidden}b"):
        written = dump({"it": text})
        assert hidden not in written
        assert read(written.encode()) == {"it": text}
