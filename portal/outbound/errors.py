"""What can go wrong with an outbound request, as types a caller can tell apart."""


class OutboundError(Exception):
    """A request without a usable answer.

    `sent` is False only when it is certain that not one byte of the request left this process, so that the
    other side cannot have acted on it.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class OutboundRefused(OutboundError):
    """The portal itself refused to send: the address, a header or the credential is not acceptable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, sent=False)


class OutboundFailed(OutboundError):
    """The connection could not be made or broke before the answer was complete."""


class OutboundTimeout(OutboundError):
    """One of the time limits passed: connecting, one read, or the whole exchange."""


class AnswerTooLarge(OutboundError):
    """The answer is larger than the caller accepts; reading stopped there."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The answer is larger than {limit} bytes.", sent=True)
        self.limit = limit
