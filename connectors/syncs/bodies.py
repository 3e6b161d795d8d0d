"""What is sent to the API of data syncs, as it is described and checked."""

from typing import Any

from rest_framework import serializers

from connectors.models import RunState
from connectors.pauses import MOST_REASON
from connectors.syncs.notices import MOST_DETAIL, MOST_NAME, MOST_TITLE
from connectors.syncs.rules import MOST_AT_ONCE, MOST_CONSUMERS
from portal.registry.documents import StrictSerializer


class StreamBody(serializers.Serializer[Any]):
    """A stream of a run; one that the document does not know is kept and told."""

    name = serializers.CharField(max_length=120)
    mode = serializers.CharField(max_length=40, required=False)
    cursor = serializers.CharField(max_length=200, required=False)
    rows = serializers.IntegerField(min_value=0, required=False)
    state = serializers.ChoiceField(RunState.choices, required=False)
    schema_changed_at = serializers.DateTimeField(required=False)


class RunBody(serializers.Serializer[Any]):
    """A run as its scheduler knows it; read by `connectors.syncs.reading`. Unknown fields are refused."""

    run = serializers.CharField(max_length=120, help_text="The scheduler's own key of the run: told twice, kept once.")
    state = serializers.ChoiceField(RunState.choices)
    started_at = serializers.DateTimeField(help_text="With its zone; never changes.")
    ended_at = serializers.DateTimeField(required=False, help_text="Needed unless it is running.")
    data_until = serializers.DateTimeField(required=False, help_text="How new the newest data is; else when it ended.")
    rows = serializers.IntegerField(min_value=0, required=False)
    bytes = serializers.IntegerField(min_value=0, required=False)
    streams = StreamBody(many=True, required=False)
    note = serializers.CharField(max_length=500, required=False, help_text="Plain words; never a secret.")


class NamedRunBody(RunBody):
    """The same with the key or id of its sync."""

    sync = serializers.CharField(max_length=60)


class RunsBody(serializers.Serializer[Any]):
    """Several runs of one sync."""

    runs = RunBody(many=True, help_text=f"At most {MOST_AT_ONCE}.")


class NamedRunsBody(serializers.Serializer[Any]):
    """Several runs of several syncs."""

    runs = NamedRunBody(many=True, help_text=f"At most {MOST_AT_ONCE}.")


class PauseBody(StrictSerializer):
    """Until when nobody is told that its data is late, and why."""

    until = serializers.DateTimeField()
    reason = serializers.CharField(max_length=MOST_REASON)


class PauseManyBody(PauseBody):
    """The same for several."""

    syncs = serializers.ListField(
        child=serializers.CharField(max_length=60), min_length=1, max_length=MOST_AT_ONCE, help_text="Keys or ids."
    )


class BreakingBody(StrictSerializer):
    """A breaking change that is to be announced."""

    title = serializers.CharField(max_length=MOST_TITLE)
    detail = serializers.CharField(max_length=MOST_DETAIL, required=False, allow_blank=True, default="")
    deadline = serializers.DateTimeField(help_text="At least seven days ahead.")
    consumers = serializers.ListField(
        child=serializers.CharField(max_length=MOST_NAME),
        required=False,
        default=list,
        max_length=MOST_CONSUMERS,
        help_text="Who must move; those that the registry knows, if none is named.",
    )


class MovedBody(StrictSerializer):
    """Who has moved."""

    consumers = serializers.ListField(child=serializers.CharField(max_length=MOST_NAME), max_length=MOST_CONSUMERS)


class CloseBody(StrictSerializer):
    """Why the notice ends."""

    reason = serializers.CharField(max_length=MOST_REASON)
