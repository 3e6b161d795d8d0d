"""Reading a signed list: what is not exactly as the portal writes it is refused."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal_allowlist import ed25519

TYPE = "portal-allowlist+jws"
MOST_BYTES = 16_000_000
_MOST_HEADER = 1_000
# No list lives longer, whatever it says.
LONGEST_LIFE = 24 * 3600
_TEXT64 = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_TWO_64 = 2**63


class Refused(Exception):
    """The list is not taken; the text says why."""


@dataclass(frozen=True)
class Bundle:
    """A list that was verified: what one agent may call in one environment, until `expires`."""

    revision: int
    issued: int
    expires: int
    calls: Mapping[str, frozenset[str]]
    signed: str

    @property
    def life(self) -> int:
        """From issue to end, in seconds."""
        return self.expires - self.issued


@dataclass(frozen=True)
class Expected:
    """What a list must be of."""

    issuer: str
    agent: str
    environment: str
    keys: Mapping[str, bytes]


def keys_of(given: Iterable[str | Mapping[str, Any]]) -> dict[str, bytes]:
    """Public keys by their ids (RFC 7638), from their `x` in base64url or whole JWKs. Raises ValueError for what is none."""
    found: dict[str, bytes] = {}
    for one in given:
        text = one if isinstance(one, str) else one.get("x")
        if not isinstance(one, str) and (one.get("kty"), one.get("crv")) != ("OKP", "Ed25519"):
            raise ValueError("A key is no Ed25519 key.")
        try:
            public = _bytes(text if isinstance(text, str) else "")
        except Refused:
            raise ValueError("A key is not written in base64url.") from None
        if not ed25519.is_key(public):
            raise ValueError("A key is no public key of Ed25519.")
        told = f'{{"crv":"Ed25519","kty":"OKP","x":"{text}"}}'
        found[_text64(hashlib.sha256(told.encode()).digest())] = public
    if not found:
        raise ValueError("Pin at least one public key of the portal.")
    return found


def opened(text: str, expected: Expected) -> Bundle:
    """The list in a JWS, verified. Raises Refused. Whether it is out of date is not asked here."""
    if len(text) > MOST_BYTES:
        raise Refused("the answer is too large")
    parts = text.split(".")
    if len(parts) != 3:
        raise Refused("the answer is no signed list")
    header, payload, signature = parts
    public = _key(header, expected)
    if not ed25519.verify(public, f"{header}.{payload}".encode("ascii", "replace"), _bytes(signature)):
        raise Refused("the signature is not by the portal's key")
    # From here on, these are the portal's own words.
    return _bundle(_object(_bytes(payload), "list"), expected, text)


def _key(header: str, expected: Expected) -> bytes:
    if len(header) > _MOST_HEADER:
        raise Refused("its header is too large")
    said = _object(_bytes(header), "header")
    # No other member is understood: no `crit`, no key or address of one in the header itself.
    if set(said) != {"alg", "kid", "typ"}:
        raise Refused("its header is not of a signed list")
    if said["alg"] != "EdDSA" or said["typ"] != TYPE:
        raise Refused("it is signed in another way or is of another type")
    public = expected.keys.get(said["kid"]) if isinstance(said["kid"], str) else None
    if public is None:
        raise Refused("it is signed by a key that is not pinned")
    return public


def _bundle(said: dict[str, Any], expected: Expected, signed: str) -> Bundle:
    for name, value in (
        ("iss", expected.issuer),
        ("aud", expected.agent),
        ("agent", expected.agent),
        ("environment", expected.environment),
    ):
        if said.get(name) != value:
            raise Refused(f"it is of another portal, agent or environment ({name})")
    issued, expires, revision = (_number(said, name) for name in ("iat", "exp", "revision"))
    if not 0 < expires - issued <= LONGEST_LIFE:
        raise Refused("its life is not of a sensible length")
    return Bundle(revision, issued, expires, _calls(said.get("connectors")), signed)


def _calls(connectors: Any) -> dict[str, frozenset[str]]:
    calls: dict[str, frozenset[str]] = {}
    try:
        for one in connectors if isinstance(connectors, list) else _no():
            key, names = one["key"], [operation["name"] for operation in one["operations"]]
            if not all(isinstance(name, str) for name in (key, *names)) or key in calls:
                _no()
            calls[key] = frozenset(names)
    except (KeyError, TypeError):
        _no()
    return calls


def _no() -> Any:
    raise Refused("its connectors are not as the portal writes them")


def _number(said: dict[str, Any], name: str) -> int:
    value = said.get(name)
    if type(value) is not int or not 0 <= value < _TWO_64:
        raise Refused(f"its {name} is not a number")
    return value


def _bytes(text: str) -> bytes:
    if not _TEXT64.fullmatch(text):
        raise Refused("it is not written in base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused("it is not written in base64url") from None
    # One way of writing it and no other.
    if _text64(data) != text:
        raise Refused("it is not written in base64url")
    return data


def _text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise Refused(f"its {what} is not JSON") from None
    if not isinstance(value, dict):
        raise Refused(f"its {what} is no object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _constant(name: str) -> Any:
    raise ValueError(name)
