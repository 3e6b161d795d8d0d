"""What pages and the API ask of checkpoints and workflows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from metrics.models import Checkpoint, CheckpointRun, CheckpointState, CheckVerdict, Dataset, Workflow
from metrics.quality.rules import verdict_now
from metrics.quality.wording import TOLD
from portal.registry.models import EntryState

SHOWN = 20
# One statement, so one moment: what is consumed, whether it stands, and each standing checkpoint of it as it is known now.
_HELD = """
SELECT dataset.key, dataset.state, checkpoint.key, state.verdict, state.told, state.run_at, state.stale_at, checkpoint.created_at,
       statement_timestamp()
FROM metrics_workflowdataset consumed
  JOIN metrics_dataset dataset ON dataset.id = consumed.dataset_id
  LEFT JOIN metrics_checkpoint checkpoint ON checkpoint.dataset_id = dataset.id AND checkpoint.state IN ('active', 'deprecated')
  LEFT JOIN metrics_checkpointstate state ON state.checkpoint_id = checkpoint.id
WHERE consumed.workflow_id = %s
ORDER BY dataset.key, checkpoint.key
"""


@dataclass(frozen=True)
class Reason:
    """Why a workflow is held: which checkpoint of which dataset, what is known of it since when, and what to do."""

    checkpoint: str
    dataset: str
    verdict: str
    since: datetime | None
    told: str
    what: str

    @property
    def told_words(self) -> str:
        """What was told of the newest run, in the language of the page."""
        return TOLD.words(self.told)


@dataclass(frozen=True)
class Promotion:
    """Whether a workflow may be promoted at an instant. Held unless everything it consumes passes."""

    held: bool
    reasons: list[Reason]
    evaluated_at: datetime


def what_to_do(verdict: str) -> str:
    """The next step for whoever wants a pass."""
    words = {
        "fail": _("Put the data right and run the checkpoint again."),
        "error": _("Find out why an expectation could not look, and run the checkpoint again."),
        "incomplete": _(
            "Run everything that the checkpoint declares, each on a batch or suite of its own, and report it."
        ),
        "empty": _("Add expectations to the suite, and run the checkpoint again."),
        "stale": _("Run the checkpoint again: its newest result is too old."),
        "unknown": _("Run the checkpoint for the first time and report its result."),
    }
    return words.get(verdict, "")


def promotion(workflow: Workflow, now: datetime) -> Promotion:
    """By the newest runs and the clock of the database, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [workflow.pk])
        rows = cursor.fetchall()
    at: datetime = rows[0][-1] if rows else now
    reasons = []
    if workflow.state not in (EntryState.ACTIVE, EntryState.DEPRECATED):
        reasons.append(Reason("", "", "unknown", workflow.updated_at, "", _("The workflow is not active.")))
    for dataset, life, key, verdict, told, run_at, stale_at, created_at, _at in rows:
        if life == EntryState.RETIRED:
            reasons.append(
                Reason(key or "", dataset, "unknown", None, "", _("The dataset is retired: consume another one."))
            )
        elif key is None:
            words = _("Register a checkpoint of the dataset: nobody knows what it holds.")
            reasons.append(Reason("", dataset, "unknown", None, "", words))
        else:
            seen = verdict_now(verdict, stale_at, at) if verdict else "unknown"
            since = stale_at if seen == "stale" else run_at or created_at
            if seen != CheckVerdict.PASS:
                reasons.append(Reason(key, dataset, seen, since, told or "", what_to_do(seen)))
    if not rows:
        reasons.append(Reason("", "", "unknown", None, "", _("It consumes nothing that is known.")))
    return Promotion(bool(reasons), reasons, at)


def state_of(checkpoint: Checkpoint) -> CheckpointState | None:
    """What is known of a checkpoint, with its newest run."""
    return CheckpointState.objects.select_related("run", "run__sent_by").filter(checkpoint=checkpoint).first()


def since(checkpoint: Checkpoint, state: CheckpointState, now: datetime) -> datetime | None:
    """Since when it is what it is now: the first run after the last one that told otherwise."""
    seen = verdict_now(state.verdict, state.stale_at, now)
    if seen in ("stale", "unknown") or state.run is None:
        return state.stale_at if seen == "stale" else checkpoint.created_at
    runs = CheckpointRun.objects.filter(checkpoint=checkpoint)
    other = runs.exclude(verdict=state.run.verdict).order_by("-run_at", "-id").values_list("run_at", flat=True).first()
    same = runs.filter(verdict=state.run.verdict, **({"run_at__gt": other} if other is not None else {}))
    first: datetime | None = same.order_by("run_at", "id").values_list("run_at", flat=True).first()
    return first or state.run_at


def checkpoint_facts(entry: Checkpoint, now: datetime) -> dict[str, Any]:
    """What the page of a checkpoint shows beside its document."""
    state = state_of(entry)
    runs = CheckpointRun.objects.filter(checkpoint=entry).select_related("sent_by").defer("results")
    facts: dict[str, Any] = {
        "dataset": entry.dataset,
        "verdict": verdict_now(state.verdict, state.stale_at, now) if state is not None else "unknown",
        "state": state,
        "since": since(entry, state, now) if state is not None else None,
        "runs": list(runs[:SHOWN]),
        "failing": [],
        "workflows": list(
            Workflow.objects.filter(consumes__dataset=entry.dataset_id).defer("document").order_by("key")[:SHOWN]
        ),
    }
    facts["what"] = what_to_do(facts["verdict"])
    if state is not None and state.run is not None:
        facts["definitions"] = state.run.results
        facts["failing"] = [
            {"definition": one["definition"] or one["suite"], **check}
            for one in state.run.results
            for check in one["failing"]
        ]
    return facts


def checkpoints_of(dataset: Dataset, now: datetime) -> list[Mapping[str, Any]]:
    """The checkpoints of a dataset that are not retired, each with its verdict now."""
    rows = (
        Checkpoint.objects.filter(dataset=dataset)
        .exclude(state=EntryState.RETIRED)
        .select_related("now")
        .defer("document")
    )
    return [
        {
            "entry": one,
            "verdict": verdict_now(one.now.verdict, one.now.stale_at, now),
            "run_at": one.now.run_at,
            "stale_at": one.now.stale_at,
            "told": one.now.told_words,
        }
        for one in rows.order_by("key")[:SHOWN]
    ]
