"""What the API takes of backfills at work and of drills."""

from rest_framework import serializers

from connectors.backfills.documents import MOST_PARTITIONS, MOST_ROWS
from connectors.backfills.steering import LEAST_WORDS, MOST_REASON, MOST_WORDS
from connectors.backfills.working import LEASE_SECONDS, LEAST_LEASE, MOST_LEASE
from portal.registry.documents import StrictSerializer

MOST_MINUTES = 100_000


def _worker() -> serializers.CharField:
    return serializers.CharField(max_length=150, help_text="The name of the worker, as its log calls it.")


def _seconds() -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=LEAST_LEASE,
        max_value=MOST_LEASE,
        required=False,
        default=LEASE_SECONDS,
        help_text="How long the part stays with the worker without a sign of life.",
    )


class BackfillClaimBody(StrictSerializer):
    """Who asks for a part, and for how long."""

    worker = _worker()
    lease_seconds = _seconds()


class BackfillReportBody(StrictSerializer):
    """What has become of a part: `running` renews the lease, `failed` has it tried again."""

    worker = _worker()
    lease = serializers.IntegerField(min_value=1, max_value=2**62, help_text="As the claim gave it.")
    state = serializers.ChoiceField(["running", "done", "failed"])
    rows = serializers.IntegerField(min_value=0, max_value=MOST_ROWS, required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    lease_seconds = _seconds()


class BackfillReasonBody(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=MOST_REASON)


class BackfillRetryBody(BackfillReasonBody):
    """Why, and which parts; without any, those that failed."""

    partitions = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MOST_PARTITIONS),
        required=False,
        default=list,
        max_length=MOST_PARTITIONS,
    )


class BackfillVerifyBody(StrictSerializer):
    """How it was verified: what was compared with what, and what came out."""

    verification = serializers.CharField(min_length=LEAST_WORDS, max_length=MOST_WORDS)


class DrillStepBody(StrictSerializer):
    """What became of one step, by its number in the runbook."""

    number = serializers.IntegerField(min_value=1, max_value=60)
    done = serializers.BooleanField()
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class DrillBody(StrictSerializer):
    """A rehearsal of today's runbook. Steps that are not named were not done."""

    passed = serializers.BooleanField()
    drilled_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Now, unless told.")
    minutes = serializers.IntegerField(
        min_value=0, max_value=MOST_MINUTES, required=False, allow_null=True, default=None
    )
    steps = DrillStepBody(many=True, required=False, default=list, max_length=60)  # type: ignore[call-arg] # the list's own bound
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    runbook_digest = serializers.RegexField(
        r"^(?:[0-9a-f]{64})?$",
        max_length=64,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of the runbook that was followed: refused with 409 if it is not today's.",
    )
