"""Reading what CI attests of a build: an in-toto statement, bare or in a DSSE envelope, with SLSA provenance. Pure.

Sources: in-toto Statement v1 and v0.1, SLSA provenance v1 and v0.2, DSSE v1 (its pre-authentication encoding, PAE).
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.utils.translation import gettext as _

from portal.json_bounds import deeper_than
from portal.refusals import Invalid, Problem

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENTS = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
PROVENANCE = ("https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2")
MOST_DEPTH, MOST_SUBJECTS = 40, 200
Key = Ed25519PublicKey | EllipticCurvePublicKey


@dataclass(frozen=True)
class Attested:
    """What was attested: by which builder, from which commits, of which subjects; `signed_by` a trusted key, or nobody."""

    statement: dict[str, Any]
    predicate_type: str
    builder: str
    commits: frozenset[str]
    subjects: list[dict[str, Any]]
    signed_by: str


def _wrong(path: str, message: str, code: str = "attestation") -> Invalid:
    return Invalid(code, message, [Problem(path, message, code)])


def load_key(pem: bytes) -> Key:
    """A public key from PEM; raises ValueError for what is no Ed25519 or elliptic curve key."""
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey):
        raise ValueError("Only Ed25519 and elliptic curve keys are taken.")
    return key


def read(given: object, trusted: Mapping[str, Key]) -> Attested:
    """The statement in what CI sent. Raises Invalid with the path of what is wrong, and for a signature that does not hold.

    One that is signed by none of the `trusted` keys (name → key) is read as unsigned.
    """
    if not isinstance(given, dict):
        raise _wrong("attestation", _("An in-toto statement, or a DSSE envelope with one."))
    if "payload" in given or "payloadType" in given:
        statement, signed_by = _opened(given, trusted)
    else:
        statement, signed_by = given, ""
    return _read(statement, signed_by)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _opened(envelope: dict[str, Any], trusted: Mapping[str, Key]) -> tuple[dict[str, Any], str]:
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise _wrong("attestation.payloadType", _("Must be %s.") % PAYLOAD_TYPE)
    payload = _decoded(envelope.get("payload"), "attestation.payload")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= 20:
        raise _wrong("attestation.signatures", _("A list of one to 20 signatures."))
    signed_by = ""
    for number, one in enumerate(signatures):
        path = f"attestation.signatures.{number}"
        if not isinstance(one, dict):
            raise _wrong(path, _("An object with keyid and sig."))
        name = one.get("keyid")
        signature = _decoded(one.get("sig"), f"{path}.sig")
        if not isinstance(name, str) or name not in trusted:
            continue
        if not _holds(trusted[name], signature, pae(PAYLOAD_TYPE, payload)):
            raise _wrong(f"{path}.sig", _("The signature does not hold for key “%s”.") % name[:80], "signature")
        signed_by = signed_by or name
    try:
        statement = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _wrong("attestation.payload", _("The payload is no JSON.")) from error
    if not isinstance(statement, dict):
        raise _wrong("attestation.payload", _("The payload must be an object."))
    return statement, signed_by


def _decoded(text: object, path: str) -> bytes:
    if not isinstance(text, str):
        raise _wrong(path, _("Base64 text."))
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong(path, _("Base64 text.")) from error


def _holds(key: Key, signature: bytes, message: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _read(statement: dict[str, Any], signed_by: str) -> Attested:
    if deeper_than(statement, MOST_DEPTH):
        raise _wrong("attestation", _("Nested deeper than %d levels.") % MOST_DEPTH)
    if statement.get("_type") not in STATEMENTS:
        raise _wrong("attestation._type", _("Must be one of %s.") % ", ".join(STATEMENTS))
    kind = statement.get("predicateType")
    if kind not in PROVENANCE:
        raise _wrong("attestation.predicateType", _("Must be one of %s.") % ", ".join(PROVENANCE))
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict):
        raise _wrong("attestation.predicate", _("An object."))
    if kind == PROVENANCE[0]:
        builder = _at(predicate, "runDetails", "builder", "id")
        sources = _at(predicate, "buildDefinition", "resolvedDependencies")
    else:
        builder, sources = _at(predicate, "builder", "id"), _at(predicate, "materials")
    if not isinstance(builder, str) or not 0 < len(builder) <= 300:
        raise _wrong("attestation.predicate", _("It does not say who built it."))
    return Attested(statement, str(kind), builder, _commits(sources), _subjects(statement.get("subject")), signed_by)


def _at(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _commits(sources: object) -> frozenset[str]:
    """The commits that were built from: git digests of what the build depended on."""
    found = set()
    for one in sources if isinstance(sources, list) else []:
        digest = one.get("digest") if isinstance(one, dict) else None
        if isinstance(digest, dict):
            found |= {digest[name] for name in ("gitCommit", "sha1") if isinstance(digest.get(name), str)}
    return frozenset(found)


def _subjects(given: object) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_SUBJECTS:
        raise _wrong("attestation.subject", _("A list of one to %d subjects.") % MOST_SUBJECTS)
    found = []
    for number, one in enumerate(given):
        digest = one.get("digest") if isinstance(one, dict) else None
        if not isinstance(digest, dict) or not digest:
            raise _wrong(f"attestation.subject.{number}.digest", _("Each subject has its digests."))
        found.append(
            {
                "name": str(one.get("name") or "")[:300],
                "digest": {str(name)[:20]: str(value)[:128] for name, value in list(digest.items())[:5]},
            }
        )
    return found
