"""Credentials by reference: the registry stores `env:NAME` or `file:NAME`, never the secret itself.

Only variables whose name begins with `CREDENTIAL_` can be named. Otherwise whoever may register a connector
could have the portal send its own secrets (its database password, its signing key) to a server of their
choice.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

ENV_PREFIX = "CREDENTIAL_"
MAX_SECRET = 16 * 1024

_ENV_NAME = re.compile(rf"{ENV_PREFIX}[A-Z0-9_]{{1,100}}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}", re.ASCII)


class CredentialError(Exception):
    """The reference is malformed or what it names is missing. The text never contains the secret."""


def check_reference(reference: str) -> None:
    """Refuse a malformed reference, without looking whether it can be resolved. Raises CredentialError."""
    scheme, _, name = reference.partition(":")
    if scheme == "env" and _ENV_NAME.fullmatch(name):
        return
    if scheme == "file" and _FILE_NAME.fullmatch(name):
        return
    raise CredentialError(
        f"A credential is given by reference: env:{ENV_PREFIX}NAME or file:NAME "
        "(letters, digits, dot, dash, underscore), not by its text."
    )


def resolve(reference: str, *, secret_dir: str, environ: Mapping[str, str] = os.environ) -> str:
    """The secret a reference names; an empty reference means no credential and gives an empty text.

    Files are read inside `secret_dir` only, also when a link in it leads elsewhere inside it. Raises
    CredentialError.
    """
    if not reference:
        return ""
    check_reference(reference)
    scheme, _, name = reference.partition(":")
    secret = environ.get(name, "") if scheme == "env" else _read(name, secret_dir)
    secret = secret.strip()
    if not secret:
        raise CredentialError(f"The credential {reference} is not set or empty.")
    if not secret.isascii() or not secret.isprintable():
        raise CredentialError(f"The credential {reference} contains characters that cannot be sent in a header.")
    return secret


def _read(name: str, secret_dir: str) -> str:
    if not secret_dir:
        raise CredentialError(f"The credential file:{name} needs SECRET_DIR, which is not set.")
    directory = Path(secret_dir).resolve()
    path = (directory / name).resolve()
    # Mounted secrets are links to files elsewhere in the same directory; anything outside it is not ours to
    # send.
    if not path.is_relative_to(directory):
        raise CredentialError(f"The credential file:{name} leads outside SECRET_DIR.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET + 1)
        if len(content) > MAX_SECRET:
            raise CredentialError(f"The credential file:{name} is larger than {MAX_SECRET} bytes.")
        return content.decode("utf-8")
    except OSError as exception:
        raise CredentialError(f"The credential file:{name} cannot be read: {exception.strerror}.") from None
    except UnicodeDecodeError:
        raise CredentialError(f"The credential file:{name} is not text.") from None
