"""Asking the portal: one GET, bounded in bytes and in time, never redirected."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from portal_allowlist.bundles import MOST_BYTES, Refused

_PIECE = 65536


@dataclass(frozen=True)
class Answer:
    """What the portal sent: a list and its validator, or neither where nothing changed."""

    text: str | None
    etag: str


@dataclass(frozen=True)
class Place:
    """Where the portal is asked, as whom, and for how long at most."""

    url: str
    token: str
    timeout: float
    context: ssl.SSLContext | None = None

    def check(self) -> None:
        """Raise ValueError for an address that a token must not be sent to."""
        parts = urlsplit(self.url)
        if (
            parts.scheme not in ("https", "http")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("Give the portal's address: https://portal.example.com")
        if parts.scheme == "http" and not _loopback(parts.hostname):
            raise ValueError("A token travels over https only, but on this machine.")
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ValueError("Give a token of the portal.")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def fetch(place: Place, agent: str, environment: str, etag: str) -> Answer:
    """The signed list of an agent, or that it has not changed.

    Raises Refused for any other answer, OSError where there is none.
    """
    parts = urlsplit(place.url)
    query = urlencode({"agent": agent, "environment": environment})
    headers = {"Authorization": f"Bearer {place.token}", "Accept": "application/jose", "Accept-Encoding": "identity"}
    if etag:
        headers["If-None-Match"] = etag
    connection: Any
    if parts.scheme == "https":
        context = place.context or ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            str(parts.hostname), parts.port, timeout=place.timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=place.timeout)
    # The timeout of the socket begins anew with every byte; this one does not.
    end = threading.Timer(place.timeout, _shut, [connection])
    end.daemon = True
    end.start()
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/api/v1/allowlist/bundle/?{query}", headers=headers)
        return _read(connection.getresponse(), bool(etag))
    except (http.client.HTTPException, ValueError) as error:
        raise Refused(f"the answer is no answer over HTTP ({type(error).__name__})") from None
    except AttributeError:
        # Shut from the other thread in between.
        raise TimeoutError("it took too long") from None
    finally:
        end.cancel()
        connection.close()


def _shut(connection: Any) -> None:
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _read(response: Any, conditional: bool) -> Answer:
    if response.status == 304 and conditional:
        return Answer(None, response.headers.get("ETag") or "")
    if response.status != 200:
        raise Refused(f"the portal answers {response.status}")
    if (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower() != "application/jose":
        raise Refused("the answer is of another content type")
    pieces, size = [], 0
    while True:
        piece = response.read(_PIECE)
        if not piece:
            break
        size += len(piece)
        if size > MOST_BYTES:
            raise Refused("the answer is too large")
        pieces.append(piece)
    if response.length not in (None, 0):
        raise Refused("the answer is cut off")
    try:
        return Answer(b"".join(pieces).decode("ascii"), response.headers.get("ETag") or "")
    except UnicodeDecodeError:
        raise Refused("the answer is no signed list") from None
