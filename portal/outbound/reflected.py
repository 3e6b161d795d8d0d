"""Taking out of an answer what was sent to get it: a server that sends the credential back must not have it stored or shown.

Whoever the server is has the credential already; this keeps it out of rows, pages and logs, where more people read. The literal
text and the ways in which JSON may write it are found; an encoding of the server's own choice is not.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

INSTEAD = "[credential]"
# Shorter ones stand in any text by chance.
LEAST = 6


def secret_of(headers: Sequence[tuple[str, str]]) -> str:
    """The credential among the headers of a request, without the name of its scheme; nothing where there is none."""
    for name, value in headers:
        if name.lower() == "authorization":
            secret = value.rpartition(" ")[2]
            return secret if len(secret) >= LEAST else ""
    return ""


def without(text: str, secret: str) -> str:
    """A text without the credential."""
    return text.replace(secret, INSTEAD) if secret else text


def body_without(body: bytes, secret: str) -> bytes:
    """A body without the credential, as it stands or as JSON escapes it."""
    if not secret:
        return body
    if b"\\" not in body:
        return body.replace(secret.encode(), INSTEAD.encode())
    return _escaped(secret).sub(lambda found: found[1] or INSTEAD.encode(), body)


# What JSON may or must write behind a backslash; everything else stands as it is, or by its number.
_BEHIND = {"/": rb"\\?/", '"': rb"\\?\"", "\\": rb"\\\\?"}


@lru_cache(maxsize=256)
def _escaped(secret: str) -> re.Pattern[bytes]:
    """The credential as JSON may write it, or a pair of backslashes: passed over whole, so that none is taken for an escape."""
    characters = (_BEHIND.get(one, re.escape(one).encode()) for one in secret)
    written = (b"(?:\\\\u%b|%b)" % (_number(one), plain) for plain, one in zip(characters, secret, strict=True))
    return re.compile(b"%b|(\\\\\\\\)" % b"".join(written))


def _number(one: str) -> bytes:
    """Four hexadecimal digits, in capitals or not."""
    return b"".join(b"[%b%b]" % (digit.lower().encode(), digit.upper().encode()) for digit in f"{ord(one):04x}")
