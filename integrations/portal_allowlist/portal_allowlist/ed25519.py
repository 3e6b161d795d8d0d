"""Verification of Ed25519 signatures (RFC 8032, section 5.1.7), by `cryptography` where it can be imported, else in Python.

Both agree: a signature is bound to its bytes. S must be below the order of the group, R is compared as it is written, keys
are written in the one canonical way, and a key of small order is none. There is no secret here, so time tells nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature as _InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ed25519 as _imported
except Exception:  # a broken installation is none
    _imported = None  # type: ignore[assignment]

_library: Any = _imported
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)
# X, Y, Z, T of extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.
_Point = tuple[int, int, int, int]
_NEUTRAL: _Point = (0, 1, 1, 0)


def _add(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(one: _Point) -> _Point:
    a = one[0] * one[0] % _P
    b = one[1] * one[1] % _P
    c = 2 * one[2] * one[2] % _P
    h = a + b
    e = h - (one[0] + one[1]) ** 2 % _P
    g = a - b
    f = c + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _decoded(data: bytes) -> _Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_MINUS_1 % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encoded(point: _Point) -> bytes:
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _base() -> _Point:
    found = _decoded((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))
    assert found is not None
    return found


_BASE = _base()


def _combined(first: int, one: _Point, second: int, other: _Point) -> _Point:
    """first times one, plus second times other: both at once, bit by bit."""
    both = _add(one, other)
    table = (_NEUTRAL, one, other, both)
    result = _NEUTRAL
    for bit in range(max(first.bit_length(), second.bit_length()) - 1, -1, -1):
        result = _double(result)
        which = (first >> bit & 1) | (second >> bit & 1) << 1
        if which:
            result = _add(result, table[which])
    return result


def is_key(public: bytes) -> bool:
    """Whether these bytes are a public key, written canonically, of more than a small order."""
    if len(public) != 32:
        return False
    point = _decoded(public)
    if point is None:
        return False
    eight = _double(_double(_double(point)))
    return not (eight[0] % _P == 0 and (eight[1] - eight[2]) % _P == 0)


def verify_in_python(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature of the message is by this key."""
    if len(public) != 32 or len(signature) != 64:
        return False
    point = _decoded(public)
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or scalar >= _ORDER:
        return False
    told = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(told, "little") % _ORDER
    minus = (_P - point[0], point[1], 1, _P - point[3])
    return _encoded(_combined(scalar, _BASE, challenge, minus)) == signature[:32]


def _verify_by_library(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        _library.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (_InvalidSignature, ValueError):
        return False
    return True


_by_library = _verify_by_library if _library is not None else None


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature of the message is by this key, by the faster of the two ways."""
    if _by_library is not None:
        return _by_library(public, message, signature)
    return verify_in_python(public, message, signature)
