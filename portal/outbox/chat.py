"""Telling a notice in a room of a chat, through Apprise.

The address of a room holds its token, so it is a secret: resolved when it is needed, in no row, log or error. Apprise sends by
itself; `portal.outbound.borrowed` has it pass the guard. Only services of `CHAT_SCHEMES` are spoken to.
"""

import logging
import threading
from typing import Any
from urllib.parse import unquote, urlsplit

from apprise import Apprise, AppriseAsset
from apprise.common import NotifyFormat
from django.conf import settings

from portal.outbound.borrowed import guarded
from portal.outbound.client import client
from portal.outbound.secrets import resolve
from portal.outbox.rules import Outcome
from portal.outbox.senders import Parcel, failed, wording

TOTAL_SECONDS = 15.0
_SHORTEST_SECRET = 6


class _Heard(logging.Handler):
    """What Apprise says of the sending in this thread: it answers no more than yes or no."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, if it is of this thread."""
        if record.thread == self._thread:
            self.lines.append(record.getMessage())


# Its debug lines hold whole addresses: none of its lines goes anywhere by itself.
_logger = logging.getLogger("apprise")
_logger.propagate = False
_logger.setLevel(logging.WARNING)


def scheme_of(address: str) -> str:
    """The service that an address names."""
    return address.partition("://")[0].lower()


class ChatSender:
    """Sends to one room. The service is kept between two parcels, for it keeps the pace that Apprise knows of each service."""

    def __init__(self) -> None:
        self._address = ""
        self._service: Any = None

    def send(self, parcel: Parcel) -> Outcome:
        """Tell it once."""
        address = resolve(parcel.secret_ref, secret_dir=settings.SECRET_DIR)
        if scheme_of(address) not in settings.CHAT_SCHEMES:
            allowed = ", ".join(settings.CHAT_SCHEMES)
            return failed(f"{parcel.secret_ref} names no service that may be spoken to (CHAT_SCHEMES: {allowed}).")
        heard = _Heard()
        _logger.addHandler(heard)
        try:
            service = self._of(address)
            if service is None:
                return failed(f"What {parcel.secret_ref} names is no complete address of its service.")
            return self._tell(service, parcel, address, heard)
        finally:
            _logger.removeHandler(heard)

    def _of(self, address: str) -> Any:
        if address != self._address:
            asset = AppriseAsset(
                app_id="Connector portal", app_desc="Notices", app_url=settings.PUBLIC_URL, async_mode=False,
                http_redirects=False, secure_logging=True,
            )  # fmt: skip
            self._address, self._service = address, Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
        return self._service

    def _tell(self, service: Any, parcel: Parcel, address: str, heard: _Heard) -> Outcome:
        where = f"{settings.PUBLIC_URL}{parcel.payload.get('url', '/')}"
        with guarded(
            client().guard, encrypted=bool(getattr(service, "secure", True)), seconds=TOTAL_SECONDS
        ) as sending:
            good = service.notify(
                body=f"{wording(parcel)}{where}", title="", body_format=NotifyFormat.TEXT, notify_type="warning"
            )
        if good:
            return Outcome()
        if sending.refused:
            return failed(sending.refused)
        if sending.cut:
            return failed(f"The service did not answer within {TOTAL_SECONDS:.0f} s.")
        said = " ".join(heard.lines) or "The service did not take it."
        return failed(without_secrets(said, address))

    def close(self) -> None:
        """Nothing is kept open."""
        self._service, self._address = None, ""


def without_secrets(text: str, address: str) -> str:
    """The text without the address or any longer part of it: user, password, path and query all may be tokens."""
    parts = urlsplit(address)
    pieces = {address, parts.netloc, *parts.netloc.split("@"), *parts.netloc.replace("@", ":").split(":")}
    pieces |= set(parts.path.split("/")) | set(parts.query.replace("=", "&").split("&"))
    pieces |= {unquote(piece) for piece in pieces}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= _SHORTEST_SECRET:
            text = text.replace(piece, "…")
    return text
