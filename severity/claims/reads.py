"""Reads of claims that page and API share."""

from django.db.models import F, Func, IntegerField, QuerySet

from severity.models import Claim, ClaimEvent, Verdict

# So many verdicts of one claim are shown; the audit log has them all.
MOST_EVENTS = 50


def visible() -> QuerySet[Claim]:
    """With what every list shows; without evidence, which only the claim itself shows."""
    return (
        Claim.objects.select_related("owner", "connector", "reported_by")
        .defer("evidence", "connector__document")
        .order_by("-id")
    )


def backlog() -> QuerySet[Claim]:
    """What is not verified: on the least reversible path first, then what stands so the longest."""
    return visible().exclude(verdict=Verdict.VERIFIED).order_by("-reversibility", "judged_at", "id")


def one(claim_id: int) -> Claim | None:
    """A claim with its evidence and incident."""
    rows = Claim.objects.select_related("owner", "connector", "reported_by", "incident").defer("connector__document")
    return rows.filter(pk=claim_id).first()


def events_of(claim: Claim) -> list[ClaimEvent]:
    """The newest verdicts on a claim, in the order in which they came."""
    return list(claim.events.order_by("-id")[:MOST_EVENTS])[::-1]


def counted_events(claim: Claim) -> list[ClaimEvent]:
    """The newest verdicts, newest first, each with the number of its `pieces` instead of its evidence."""
    pieces = Func(F("evidence"), function="jsonb_array_length", output_field=IntegerField())
    return list(claim.events.order_by("-id").defer("evidence").annotate(pieces=pieces)[:MOST_EVENTS])
