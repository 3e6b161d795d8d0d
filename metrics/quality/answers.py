"""What the API takes and says of results and promotions. The types are what its description is made from."""

from datetime import datetime
from typing import Any, TypedDict

from rest_framework import serializers

from metrics.quality.rules import TOOLS
from metrics.quality.taking import MOST_AT_ONCE


class ResultBody(serializers.Serializer[Any]):
    """A result in the form of its tool, as it is described; `metrics.quality.reading` reads it by an allow-list.

    Great Expectations: `run_results` (`to_json_dict()` of each), `definitions`. dbt: `metadata`, `results` of run_results.json.
    Soda: the scan result. Generic: `run_id`, `run_at`, `checks`.
    """

    tool = serializers.ChoiceField(TOOLS, required=False, help_text="That of the checkpoint; another one is refused.")
    run_id = serializers.JSONField(required=False, help_text="The name of the run, told twice and kept once.")
    run_at = serializers.DateTimeField(required=False, help_text="With its zone.")
    definitions = serializers.ListField(child=serializers.DictField(), required=False)
    run_results = serializers.ListField(child=serializers.DictField(), required=False)
    checks = serializers.ListField(child=serializers.DictField(), required=False)


class NamedResult(ResultBody):
    """The same with the key of its checkpoint."""

    checkpoint = serializers.CharField(max_length=60)


class BatchBody(serializers.Serializer[Any]):
    """Several results in one body."""

    results = NamedResult(many=True, help_text=f"At most {MOST_AT_ONCE}.")


class RunTakenAnswer(TypedDict):
    """What became of a result: `new`, `late` (kept; a newer run decides) or `repeated`, its verdict and why."""

    checkpoint: str
    run_key: str
    outcome: str
    verdict: str
    told: str


class RunRefusedAnswer(TypedDict):
    """A result of a batch that was not taken, by its place."""

    index: int
    rule: str
    reason: str


class RunBatchAnswer(TypedDict):
    """What became of a batch."""

    taken: list[RunTakenAnswer]
    refused: list[RunRefusedAnswer]


class FailingAnswer(TypedDict):
    """A check that did not pass: names and counts, never a value."""

    type: str
    outcome: str
    severity: str
    columns: list[str]
    unknowable: bool
    counts: dict[str, int]
    exception: str


class DefinitionAnswer(TypedDict):
    """What was received of one definition."""

    definition: str
    suite: str
    asset: str
    received: bool
    verdict: str
    checks: int
    passed: int
    noted: int
    failing: list[FailingAnswer]


class RunAnswer(TypedDict):
    """One kept run, without its definitions."""

    id: int
    checkpoint: str
    run_key: str
    tool: str
    run_at: datetime
    received_at: datetime
    sent_by: str
    verdict: str
    told: str
    columns: list[str]
    unknowable: bool


class WholeRunAnswer(RunAnswer):
    """One kept run with what was received of each definition."""

    results: list[DefinitionAnswer]


class HeldReasonAnswer(TypedDict):
    """Why a workflow is held. `checkpoint` is null where the dataset has none."""

    checkpoint: str | None
    dataset: str | None
    verdict: str
    since: datetime | None
    told: str
    what_to_do: str


class PromotionAnswer(TypedDict):
    """Whether a workflow may be promoted: held unless every checkpoint of what it consumes is a fresh pass."""

    workflow: str
    held: bool
    reasons: list[HeldReasonAnswer]
    evaluated_at: datetime
