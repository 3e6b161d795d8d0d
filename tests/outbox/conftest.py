"""Receivers, endpoints and notices of the tests of delivery."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.outbox.receivers import SECRET, MailServer, Receiver


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Receiver]]:
    """Makes real receivers; all are closed at the end."""
    monkeypatch.setenv("CREDENTIAL_HOOK", SECRET)
    made: list[Receiver] = []

    def make() -> Receiver:
        made.append(Receiver())
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def receiver(receivers: Callable[[], Receiver]) -> Receiver:
    return receivers()


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """A real mail server that the portal's mails go to."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = server.port
    settings.EMAIL_TIMEOUT = 3
    yield server
    server.close()
