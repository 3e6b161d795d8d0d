"""What stands against checkpoints and workflows, how strictly they are signed, and what is written with them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics.models import Checkpoint, CheckpointState, CheckVerdict, Dataset, Workflow, WorkflowDataset
from metrics.quality import wording
from metrics.quality.documents import definitions_of
from metrics.quality.rules import circumstance, consumed, covers
from portal.people.actors import Actor
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.models import STANDING, EntryState
from portal.registry.rules import Floor

# What the policy knows the loosening of a checkpoint as: it asks for a function head (A2).
LOOSER = frozenset({"sensitivity"})


def floor(document: Document) -> Floor:
    """What decides over promotions is signed by a lead, whatever the author says."""
    return Floor(reversibility=1, approval=1)


def touched(before: Document | None, after: Document) -> frozenset[str]:
    """A checkpoint that asks for less than before: fewer or wider definitions, older results, another row or tool."""
    if before is None:
        return frozenset()
    known = {(one.name, one.suite, one.asset) for one in definitions_of(after)}
    fewer = any((one.name, one.suite, one.asset) not in known for one in definitions_of(before))
    older = after["max_age_minutes"] > before["max_age_minutes"]
    elsewhere = any(before[name] != after[name] for name in ("dimension", "tool"))
    return LOOSER if fewer or older or elsewhere else frozenset()


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """The dataset is there and stays."""
    if before is not None and before["dataset"] != after["dataset"]:
        return [Problem("dataset", _("A checkpoint looks at one dataset for ever: register another one."), "fixed")]
    return _unknown_datasets("dataset", [after["dataset"]], standing=before is None)


def workflow_touched(before: Document | None, after: Document) -> frozenset[str]:
    """A workflow that is held by fewer datasets than before."""
    return LOOSER if before is not None and set(before["consumes"]) - set(after["consumes"]) else frozenset()


def workflow_problems(before: Document | None, after: Document) -> list[Problem]:
    """Every dataset is there."""
    new = set(after["consumes"]) - set(before["consumes"] if before else ())
    return _unknown_datasets("consumes", [key for key in after["consumes"] if key in new], standing=True)


def _unknown_datasets(name: str, keys: Iterable[str], *, standing: bool) -> list[Problem]:
    wanted = list(keys)
    known = dict(Dataset.objects.filter(key__in=wanted).values_list("key", "state"))
    found = [
        Problem(name, _("There is no dataset “%s”.") % key, "unknown_dataset") for key in wanted if key not in known
    ]
    if standing:
        found += [
            Problem(name, _("The dataset “%s” is retired.") % key, "retired_dataset")
            for key in wanted
            if known.get(key) == EntryState.RETIRED
        ]
    return found


def settle(entry: Checkpoint, actor: Actor, now: datetime) -> None:
    """Keep what is known of the checkpoint in step with its document, and have it judged at once.

    A pass that did not look at everything that is declared now is no pass of what is declared: it becomes incomplete until the
    next run, or else adding a definition would promote unseen data. Taken back, the run counts again as it was.
    """
    state = CheckpointState.objects.select_for_update(no_key=True).filter(checkpoint=entry).first()
    if state is None:
        state = CheckpointState(checkpoint=entry)
    refresh(state, entry, entry.dataset.document, now)
    state.save()


def settle_dataset(entry: Dataset, actor: Actor, now: datetime) -> None:
    """Other columns or consumers: whom a failure of its checkpoints touches is told anew."""
    states = CheckpointState.objects.select_for_update(of=("self",), no_key=True).filter(checkpoint__dataset=entry)
    for state in states.select_related("checkpoint", "run").order_by("checkpoint_id"):
        was = (state.circumstance, state.consumed)
        refresh(state, state.checkpoint, entry.document, now)
        if (state.circumstance, state.consumed) != was:
            state.save()


def refresh(state: CheckpointState, checkpoint: Checkpoint, dataset: Document, now: datetime) -> None:
    """From the newest run, the documents and the clock to what is known; the caller holds the row and saves it."""
    run = state.run
    since = run.run_at if run is not None else checkpoint.created_at
    state.stale_at = since + timedelta(minutes=checkpoint.max_age_minutes)
    state.judge_at = now
    state.consumed = consumed(dataset)
    if run is None:
        state.verdict, state.told, state.circumstance = CheckVerdict.UNKNOWN, "", "regulated"
        return
    state.verdict, state.told = CheckVerdict(run.verdict), run.told
    state.circumstance = circumstance(dataset, run.columns, unknowable=run.unknowable)
    declared = definitions_of(checkpoint.document)
    if run.verdict == CheckVerdict.PASS and not covers(run.results, declared):
        names = [one.name for one in declared if not covers(run.results, [one])]
        state.verdict, state.told = CheckVerdict.INCOMPLETE, wording.CHANGED_SINCE % {"names": ", ".join(names[:5])}


def settle_workflow(entry: Workflow, actor: Actor, now: datetime) -> None:
    """Write which datasets it consumes."""
    wanted = set(Dataset.objects.filter(key__in=entry.document["consumes"]).values_list("pk", flat=True))
    rows = WorkflowDataset.objects.filter(workflow=entry)
    rows.exclude(dataset_id__in=wanted).delete()
    known = set(rows.values_list("dataset_id", flat=True))
    WorkflowDataset.objects.bulk_create(
        WorkflowDataset(workflow=entry, dataset_id=one) for one in sorted(wanted - known)
    )


def retiring_dataset_problems(entry: Any) -> list[Problem]:
    """A dataset that standing workflows consume stays."""
    users = Workflow.objects.filter(consumes__dataset=entry, state__in=STANDING).order_by("key")
    return [
        Problem("", _("The workflow “%s” consumes it; change or retire that one first.") % key, "consumed")
        for key in users.values_list("key", flat=True)[:5]
    ]
