"""Bringing one notice outside: a signed webhook, or an e-mail over a connection shared by many.

Nothing here touches the database. A sender belongs to one lane and is used by one thread at a time.
"""

import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import translation
from django.utils.translation import gettext as _
from standardwebhooks.webhooks import Webhook

from portal.outbound.client import Timeouts, client
from portal.outbound.errors import OutboundError
from portal.outbound.secrets import CredentialError, resolve
from portal.outbox.rules import Outcome, retry_after
from portal.outbox.wording import subject_words

logger = logging.getLogger(__name__)

TIMEOUTS = Timeouts(connect=5, read=10, total=15)
# Only the status counts. Reading ends at the first piece of the body, so no answer is too large.
_ANY_SIZE = 10**17
_LONGEST_ERROR = 500
# Of many things told at once so many are listed; the address leads to all of them.
MOST_LINES = 50


@dataclass(frozen=True)
class Parcel:
    """One leased attempt at a delivery, with all that its sending needs."""

    delivery_id: int
    event_id: int
    attempts: int
    receiver: str
    topic: str
    subject: str
    payload: Mapping[str, Any]
    created_at: datetime
    url: str = ""
    secret_ref: str = ""
    # Of whoever reads it, where that is a person.
    language: str = ""


class Sender(Protocol):
    """Sends parcels of one lane one after the other."""

    def send(self, parcel: Parcel) -> Outcome:
        """Try once."""

    def close(self) -> None:
        """Let go of what is kept between two parcels."""


def guarded(sender: Sender, parcel: Parcel) -> Outcome:
    """Try once; whatever goes wrong becomes an outcome."""
    try:
        return sender.send(parcel)
    except (OutboundError, CredentialError, OSError, smtplib.SMTPException) as error:
        return failed(str(error) or type(error).__name__)
    except Exception as error:
        logger.exception("a delivery failed in an unforeseen way")
        return failed(f"{type(error).__name__}: {error}")


def failed(error: str, *, asked: float = 0.0) -> Outcome:
    """An attempt that failed for what the receiver is, not for this one notice: it rests for a while."""
    return Outcome(error[:_LONGEST_ERROR], stops_lane=True, retry_after=asked)


def identity(parcel: Parcel) -> str:
    """The `webhook-id`: the same at every attempt, so that receivers can tell a repeat."""
    return f"msg_{parcel.event_id}_{parcel.delivery_id}"


class WebhookSender:
    """Posts to one endpoint, signed by the rules of Standard Webhooks."""

    def send(self, parcel: Parcel) -> Outcome:
        """Post once; redirects are not followed, since the address was judged and the next one was not."""
        secret = resolve(parcel.secret_ref, secret_dir=settings.SECRET_DIR)
        now = datetime.now(UTC)
        body = orjson.dumps({"type": parcel.topic, "timestamp": parcel.created_at, "data": parcel.payload}).decode()
        headers = [
            ("content-type", "application/json"),
            ("webhook-id", identity(parcel)),
            ("webhook-timestamp", str(int(now.timestamp()))),
            ("webhook-signature", Webhook(secret).sign(identity(parcel), now, body)),
        ]
        answer = client().request(
            "POST",
            parcel.url,
            headers=headers,
            body=body.encode(),
            timeouts=TIMEOUTS,
            max_bytes=_ANY_SIZE,
            enough=lambda _headers, _body: True,
        )
        return judged(answer.status, answer.headers, now=now)

    def close(self) -> None:
        """Nothing is kept: a request that is not repeatable gets a connection of its own."""


def wording(parcel: Parcel) -> str:
    """What people read: the subject, and the lines that the event brings where it tells of several things at once."""
    lines = parcel.payload.get("lines")
    listed = "".join(f"{line}\n" for line in lines[:MOST_LINES]) if isinstance(lines, list) else ""
    return f"{parcel.subject}\n\n{listed}" + ("\n" if listed else "")


def judged(status: int, headers: Mapping[str, str], *, now: datetime) -> Outcome:
    """What an answer means for the delivery and for its lane."""
    if 200 <= status < 300:
        return Outcome()
    if status == 410:
        return Outcome("The receiver answered 410: it wants no more of these.", permanent=True)
    if 300 <= status < 400:
        return failed(f"The receiver answered {status}; redirects are not followed, change the endpoint's address.")
    asked = retry_after(headers.get("retry-after", ""), now=now) if status in (429, 503) else 0.0
    return failed(f"The receiver answered {status}.", asked=asked)


class MailSender:
    """Sends e-mails over one connection to the mail server, opened at the first and closed after the last."""

    def __init__(self) -> None:
        self._connection: Any = None

    def send(self, parcel: Parcel) -> Outcome:
        """Send once. A refused address says nothing about the server, so the other mails go on."""
        try:
            if self._connection is None:
                connection = get_connection()
                connection.open()
                # Kept only once it is open: `send_messages` would close one that it had to open itself.
                self._connection = connection
            self._connection.send_messages([self._message(parcel)])
        except smtplib.SMTPRecipientsRefused as error:
            self.close()
            code, text = next(iter(error.recipients.values()), (550, b""))
            said = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
            return Outcome(
                f"The mail server refused the address: {code} {said}"[:_LONGEST_ERROR], permanent=500 <= code < 600
            )
        except Exception:
            self.close()
            raise
        return Outcome()

    def close(self) -> None:
        """Say goodbye to the mail server, if it was spoken to."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except (OSError, smtplib.SMTPException):
            logger.debug("the mail server did not say goodbye", exc_info=True)

    def _message(self, parcel: Parcel) -> EmailMessage:
        address = f"{settings.PUBLIC_URL}{parcel.payload.get('url', '/')}"
        host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
        with translation.override(parcel.language or settings.LANGUAGE_CODE):
            subject = subject_words(parcel.topic, parcel.subject)
            choose = _("What you are told of, and how: %s") % f"{settings.PUBLIC_URL}/notices/choices/"
        return EmailMessage(
            subject=" ".join(subject.split())[:200],
            body=f"{wording(replace(parcel, subject=subject))}\n{address}\n\n{choose}\n",
            to=[parcel.receiver],
            # The same at every attempt, so that mail readers show a repeat once.
            headers={"Message-ID": f"<delivery-{parcel.delivery_id}@{host}>"},
        )
