"""The key that lists are signed with, and those that are shown beside it while one takes the place of another.

The private key is named by reference, `env:NAME` or `file:PATH`. Unlike the credentials of connectors it must not lie where
one of them could name it: whoever registers a connector could have the portal send it away.
"""

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from typing import TypedDict

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.outbound.secrets import ENV_PREFIX
from portal.refusals import Refusal

FILE = "allowlist-signing-key.pem"
MAX_BYTES = 16 * 1024
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,100}", re.ASCII)
_SEED = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class KeyProblem(Exception):
    """The key cannot be had; the text says why and never holds any of it."""


class NoKey(Refusal):
    """There is no key to sign with."""

    status = 503


class PublicKeyAnswer(TypedDict):
    """One public key as JWK (RFC 8037); `kid` is its thumbprint (RFC 7638)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


@dataclass(frozen=True)
class SigningKey:
    """A private key with its name."""

    kid: str
    private: Ed25519PrivateKey


def text64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def kid_of(public: Ed25519PublicKey) -> str:
    """The thumbprint of a public key (RFC 7638, RFC 8037)."""
    x = text64(public.public_bytes_raw())
    return text64(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())


def jwk(public: Ed25519PublicKey) -> PublicKeyAnswer:
    """A public key as it is shown."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": text64(public.public_bytes_raw()),
        "kid": kid_of(public),
        "use": "sig",
        "alg": "EdDSA",
    }


def signing_key() -> SigningKey:
    """The key to sign with. Raises NoKey, with what to do."""
    try:
        return _loaded(str(settings.ALLOWLIST_SIGNING_KEY), str(settings.DATA_DIR), bool(settings.PRODUCTION))
    except KeyProblem as problem:
        message = _("The portal has no key to sign allowlists with. An operator sets ALLOWLIST_SIGNING_KEY: %s")
        raise NoKey("no_signing_key", str(message) % problem) from None


def shown_keys() -> list[PublicKeyAnswer]:
    """The public keys: of the one that signs, then those of ALLOWLIST_PUBLISHED_KEYS (the one before, the one to come)."""
    found: dict[str, PublicKeyAnswer] = {}
    try:
        own = jwk(signing_key().private.public_key())
        found[own["kid"]] = own
    except NoKey:
        pass
    for reference in settings.ALLOWLIST_PUBLISHED_KEYS:
        try:
            shown = jwk(_public(str(reference)))
        except KeyProblem as problem:
            message = _("A key of ALLOWLIST_PUBLISHED_KEYS cannot be read: %s")
            raise NoKey("published_keys", str(message) % problem) from None
        found.setdefault(shown["kid"], shown)
    return list(found.values())


@lru_cache(maxsize=8)
def _loaded(reference: str, data_dir: str, production: bool) -> SigningKey:
    if reference:
        private = private_of(_text(reference))
    elif production:
        raise KeyProblem("it is not set.")
    else:
        private = private_of(_made_once(Path(data_dir) / FILE))
    return SigningKey(kid_of(private.public_key()), private)


@lru_cache(maxsize=16)
def _public(reference: str) -> Ed25519PublicKey:
    text = _text(reference)
    try:
        found = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem(f"{reference} is no public key in PEM.") from None
    if not isinstance(found, Ed25519PublicKey):
        raise KeyProblem(f"{reference} is no Ed25519 key.")
    return found


def private_of(text: str) -> Ed25519PrivateKey:
    """The private key of a PEM, or of its 32 bytes in base64url. Raises KeyProblem."""
    text = text.strip()
    if _SEED.fullmatch(text):
        return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(text + "="))
    try:
        found = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "it names no private key: a PEM without a password, or 32 bytes in base64url."
        raise KeyProblem(message) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyProblem("the key that it names is no Ed25519 key.")
    return found


def _text(reference: str) -> str:
    scheme, _colon, name = reference.partition(":")
    if scheme == "env" and _NAME.fullmatch(name):
        if name.startswith(ENV_PREFIX):
            raise KeyProblem(f"connectors can name variables that begin with {ENV_PREFIX}; choose another name.")
        text = os.environ.get(name, "")
        if not text.strip():
            raise KeyProblem(f"the variable {name} is not set or empty.")
        # One line in a file of variables.
        return text.replace("\\n", "\n")
    if scheme == "file" and name.startswith("/") and "\0" not in name:
        return _read(Path(name))
    raise KeyProblem("write env:NAME or file:/absolute/path, never the key itself.")


def _read(path: Path) -> str:
    secrets = str(settings.SECRET_DIR)
    if secrets and path.resolve().is_relative_to(Path(secrets).resolve()):
        raise KeyProblem("connectors can name files in SECRET_DIR; put it elsewhere.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise KeyProblem(f"{path.name} is larger than a key.")
        return content.decode("ascii")
    except OSError as error:
        raise KeyProblem(f"{path.name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise KeyProblem(f"{path.name} is not text.") from None


def _made_once(path: Path) -> str:
    """The key of a portal that is not in production: made by whichever process is first, readable to its user alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        own = path.with_name(f"{path.name}.{token_hex(8)}")
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(made)
            # A link is made whole or not at all, and by one process only.
            os.link(own, path)
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return _read(path)
