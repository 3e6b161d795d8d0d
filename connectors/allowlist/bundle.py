"""The signed list that a runtime keeps: JWS in its compact form, with a short life."""

import zlib
from datetime import datetime

import orjson
from django.conf import settings

from connectors.allowlist.keys import SigningKey, text64
from connectors.allowlist.reading import FORM, Allowlist, Standing

TYPE = "portal-allowlist+jws"
MEDIA_TYPE = "application/jose"


def signed(allowlist: Allowlist, at: datetime, key: SigningKey) -> str:
    """The list, signed now."""
    issued = int(at.timestamp())
    payload = {
        "iss": settings.PUBLIC_URL,
        "aud": allowlist["agent"],
        "iat": issued,
        "exp": issued + settings.ALLOWLIST_SECONDS,
        **allowlist,
    }
    header = {"alg": "EdDSA", "kid": key.kid, "typ": TYPE}
    said = f"{text64(orjson.dumps(header))}.{text64(orjson.dumps(payload))}"
    return f"{said}.{text64(key.private.sign(said.encode()))}"


def etag(standing: Standing, agent: str, environment: str, key: SigningKey) -> str:
    """The validator of a signed list: its revision, its key, and which half of a life it is.

    Who asks within one half is told that nothing changed; the next half has another validator, so that a list is signed anew
    before the one before it has run out. The halves of different agents begin at different moments.
    """
    half = max(settings.ALLOWLIST_SECONDS // 2, 1)
    turn = (int(standing.at.timestamp()) + zlib.crc32(agent.encode()) % half) // half
    return f'"{FORM}-{standing.revision}-{environment}-{key.kid[:12]}-{turn}"'
