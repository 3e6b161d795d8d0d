"""The credential is taken out of what comes back."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.outbound.reflected import INSTEAD, LEAST, body_without, secret_of, without

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=LEAST, max_size=60)


AROUND = st.text(st.sampled_from('\\/"u0é '), max_size=6)


@given(SECRETS, AROUND, st.booleans(), st.booleans())
def test_as_json_writes_it_in_whichever_way(secret: str, around: str, ascii_only: bool, slashes: bool) -> None:
    assume(secret not in around + INSTEAD + around and secret not in "message")
    body = json.dumps({"message": around + secret + around, secret: [secret]}, ensure_ascii=ascii_only).encode()
    kept = json.loads(body_without(body.replace(b"/", b"\\/") if slashes else body, secret))
    assert kept[INSTEAD] == [INSTEAD]
    assert secret not in kept["message"]
    assert INSTEAD in kept["message"]


@given(SECRETS, st.booleans())
def test_by_the_numbers_of_its_characters(secret: str, capitals: bool) -> None:
    numbers = "".join(f"\\u{ord(one):04X}" if capitals else f"\\u{ord(one):04x}" for one in secret)
    assert json.loads(body_without(f'"{numbers}"'.encode(), secret)) == INSTEAD


@given(st.binary(max_size=300))
def test_what_holds_none_stays_as_it_is(body: bytes) -> None:
    assert body_without(body, "") == body
    assert body_without(body, "no-such-credential") == body


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ([("Authorization", "Bearer abcdef")], "abcdef"), ([("authorization", "abcdefg")], "abcdefg"),
        ([("Accept", "abcdefg")], ""), ([("Authorization", "Bearer abc")], ""), ([], ""),
    ],
)  # fmt: skip
def test_which_part_of_a_request_is_the_credential(headers: list[tuple[str, str]], secret: str) -> None:
    assert secret_of(headers) == secret
    assert without("x abcdef y", "abcdef") == f"x {INSTEAD} y"
