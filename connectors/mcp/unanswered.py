"""What it means that there is no answer, or none that was hoped for: the same for every way of asking."""

from connectors.mcp.answers import Reply
from connectors.mcp.observation import Kind, StartKind, StartOutcome
from connectors.mcp.protocol import RequestError
from portal.outbound.errors import AnswerTooLarge, OutboundError, OutboundRefused

# What sending may raise: none of it is raised any further.
UNANSWERED = (RequestError, OutboundError)


def unheard(error: RequestError | OutboundError) -> tuple[Kind, str]:
    """How an exchange ended that brought no answer, and a sentence about it."""
    if isinstance(error, RequestError | OutboundRefused):
        return Kind.REFUSED, str(error)
    return (Kind.DRIFT if isinstance(error, AnswerTooLarge) else Kind.UNAVAILABLE), error.reason


def not_heard_of(error: RequestError | OutboundError) -> StartOutcome:
    """What became of a start that brought no answer: certainly nothing only if not one byte of it was sent."""
    kind, detail = unheard(error)
    sent = isinstance(error, OutboundError) and error.sent
    return StartOutcome(StartKind.UNKNOWN if sent else StartKind.NOT_STARTED, detail, cause=kind)


def turned_away(reply: Reply) -> StartOutcome:
    """What became of a start that was answered with something else than a result."""
    if reply.sure or reply.kind in (Kind.UNAUTHORIZED, Kind.RATE_LIMITED):
        kind = StartKind.NOT_STARTED
    else:
        kind = StartKind.FAILED if reply.error is not None else StartKind.UNKNOWN
    return StartOutcome(
        kind,
        reply.detail,
        error=reply.error,
        cause=None if kind is StartKind.FAILED else reply.kind,
        retry_after_seconds=reply.retry_after_seconds,
        http_status=reply.http_status,
    )
