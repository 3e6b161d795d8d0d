"""Keeping runs of data movements: each once under the key of its scheduler, whoever sends it how often and in whatever order.

Reporting is no governed change and leaves no audit line: each run says itself who sent it and when. A run that is running may
end; one that has ended never ends otherwise. States are locked in one order, so that those who send at once wait in a line.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind, RunState, SyncRun, SyncState
from connectors.summary import path_in_document
from connectors.syncs.reading import Reported, read
from connectors.syncs.rules import MOST_AT_ONCE
from connectors.syncs.standing import recompute
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Refusal
from portal.registry.models import STANDING
from portal.roles import Permission

NEW, UPDATED, LATE, REPEATED = "new", "updated", "late", "repeated"
_HUMAN_ID = re.compile(r"DM-([0-9]{1,18})", re.ASCII)
_COLUMNS = (
    "state", "ended_at", "data_until", "rows", "bytes", "streams", "note", "source", "digest", "reported_at", "reported_by",
    "reporter",
)  # fmt: skip
# By the unique index on both: never all runs of a connector.
_KNOWN = """
SELECT run.id FROM unnest(%(connectors)s::bigint[], %(keys)s::text[]) AS given (connector_id, run_key)
JOIN connectors_syncrun run ON run.connector_id = given.connector_id AND run.run_key = given.run_key
"""


@dataclass(frozen=True)
class Report:
    """What somebody sends: of which sync (its key, or DM-014), and the run as its scheduler tells it."""

    sync: str
    body: object


@dataclass(frozen=True)
class Taken:
    """What became of a report: `new`, `updated`, `repeated` or `late` (known, but newer news decides).

    `created` is whether the run was not known before; `not_in_contract` names its streams that the document does not know.
    """

    sync: str
    run: SyncRun
    outcome: str
    created: bool
    not_in_contract: list[str]


@dataclass(frozen=True)
class Source:
    """Who tells: a person or machine through the API, or the portal itself that looked."""

    actor: Actor
    name: str = "api"


@dataclass
class _Standing:
    """A sync under the lock of its state."""

    connector: Connector
    state: SyncState
    streams: frozenset[str]
    newest: datetime | None


def find(key: str) -> Connector:
    """The data movement of this key or human id, without its document. Raises Missing, also for a runtime tool."""
    found = Connector.objects.filter(_where({key}), kind=ConnectorKind.DATA_MOVEMENT).defer("document").first()
    if found is None:
        raise _missing(key)
    return found


def take(*, actor: Actor, report: Report, now: datetime) -> Taken:
    """Keep one run. Raises Missing, Conflict (retired, or it ended otherwise) or Invalid with the places."""
    found = take_many(actor=actor, reports=[report], now=now)[0]
    if isinstance(found, Refusal):
        raise found
    return found


def take_many(*, actor: Actor, reports: Sequence[Report], now: datetime) -> list[Taken | Refusal]:
    """Keep up to 500 runs, each or the reason why not, in the order given."""
    require(actor, Permission.REPORT_RUN)
    if len(reports) > MOST_AT_ONCE:
        raise Invalid("too_many", _("At most %d runs at once; send the others after them.") % MOST_AT_ONCE)
    told: list[tuple[str, Reported | Refusal]] = []
    for one in reports:
        try:
            told.append((one.sync, read(one.body, now)))
        except Refusal as refusal:
            told.append((one.sync, refusal))
    return keep(source=Source(actor), told=told, now=now)


@transaction.atomic
def keep(*, source: Source, told: Sequence[tuple[str, Reported | Refusal]], now: datetime) -> list[Taken | Refusal]:
    """Keep runs that are sound in themselves; refusals among them are passed on."""
    standing = _locked({sync for sync, _run in told})
    known = _known(standing, told)
    made: dict[int, SyncRun] = {}
    moved: dict[int, SyncRun] = {}
    touched: set[int] = set()
    answers: list[Taken | Refusal] = []
    for sync, run in told:
        if isinstance(run, Refusal):
            answers.append(run)
            continue
        try:
            of = _of(sync, standing)
            place = (of.connector.pk, run.run_key)
            row, outcome = _judged(of, known.get(place), run, source, now)
        except Refusal as refusal:
            answers.append(refusal)
            continue
        if place not in known:
            known[place] = made[id(row)] = row
            created = True
        else:
            created = False
        if outcome == UPDATED and id(row) not in made:
            moved[row.pk] = row
        if created or outcome == UPDATED:
            touched.add(of.state.pk)
        answers.append(Taken(of.connector.key, row, outcome, created, not_in_contract(run.streams, of.streams)))
    SyncRun.objects.bulk_create(made.values())
    if moved:
        SyncRun.objects.bulk_update(moved.values(), _COLUMNS)
    recompute(sorted(touched))
    return answers


def not_in_contract(streams: Sequence[Mapping[str, object]], declared: frozenset[str]) -> list[str]:
    """The streams of a run that the document does not know; a document that names none knows all."""
    return sorted({str(one["name"]) for one in streams} - declared) if declared else []


def _named(sync: str) -> str:
    """The name under which a sync is looked up: DM-14 is DM-014."""
    found = _HUMAN_ID.fullmatch(sync)
    return f"DM-{int(found[1]):03d}" if found else sync[:60]


def _where(keys: set[str]) -> Q:
    numbers = [int(found[1]) for found in map(_HUMAN_ID.fullmatch, keys) if found]
    return Q(key__in=[key[:60] for key in keys]) | Q(pk__in=numbers)


def _missing(key: str) -> Missing:
    return Missing("no_such_sync", _("There is no data sync “%s”.") % key[:60])


def _locked(keys: set[str]) -> dict[str, _Standing]:
    """The syncs by key and human id. Documents are read after the states are locked: who changes one waits, or is seen."""
    wanted = Connector.objects.filter(_where(keys), kind=ConnectorKind.DATA_MOVEMENT).values("pk")
    rows = SyncState.objects.select_for_update(of=("self",), no_key=True).filter(connector__in=wanted)
    states = {one.connector_id: one for one in rows.order_by("connector_id")}
    newest = dict(
        SyncRun.objects.filter(pk__in=[one.last_run_id for one in states.values()]).values_list(
            "connector_id", "started_at"
        )
    )
    connectors = (
        Connector.objects.filter(pk__in=states)
        .only("key", "kind", "state", "customer_impacting")
        .annotate(declared=path_in_document("data_movement", "source", "streams"))
    )
    found = {}
    for one in connectors:
        standing = _Standing(one, states[one.pk], frozenset(one.declared or ()), newest.get(one.pk))
        found[one.key] = found[one.human_id] = standing
    return found


def _of(sync: str, standing: Mapping[str, _Standing]) -> _Standing:
    found = standing.get(_named(sync))
    if found is None:
        raise _missing(sync)
    if found.connector.state not in STANDING:
        raise Conflict("retired", _("“%s” is not active: nothing is reported of it.") % found.connector.key)
    return found


def _known(
    standing: Mapping[str, _Standing], told: Sequence[tuple[str, Reported | Refusal]]
) -> dict[tuple[int, str], SyncRun]:
    places = [
        (standing[_named(sync)].connector.pk, run.run_key)
        for sync, run in told
        if isinstance(run, Reported) and _named(sync) in standing
    ]
    if not places:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"connectors": [pk for pk, _key in places], "keys": [key for _pk, key in places]})
        ids = [pk for (pk,) in cursor.fetchall()]
    return {(one.connector_id, one.run_key): one for one in SyncRun.objects.filter(pk__in=ids)} if ids else {}


def _judged(of: _Standing, kept: SyncRun | None, run: Reported, source: Source, now: datetime) -> tuple[SyncRun, str]:
    """The row that is kept of it, and what became of the report."""
    if kept is None:
        row = SyncRun(connector=of.connector, run_key=run.run_key, started_at=run.started_at)
        _take(row, run, source, now)
        if of.newest is not None and run.started_at < of.newest:
            return row, LATE
        of.newest = run.started_at
        return row, NEW
    if kept.digest == run.digest:
        return kept, REPEATED
    if kept.started_at != run.started_at:
        message = _(
            "Run “%(run)s” is kept as one that started at %(at)s. Another start is another run: give it another key."
        )
        raise Conflict("started_otherwise", message % {"run": run.run_key, "at": kept.started_at.isoformat()})
    if kept.state != RunState.RUNNING:
        if run.state == RunState.RUNNING:
            # It was told late that it runs.
            return kept, LATE
        message = _("Run “%(run)s” is kept as %(state)s, ended at %(at)s; what was told stands.")
        ended = kept.ended_at.isoformat() if kept.ended_at is not None else ""
        raise Conflict("ended_otherwise", message % {"run": run.run_key, "state": kept.state, "at": ended})
    _take(kept, run, source, now)
    return kept, UPDATED


def _take(row: SyncRun, run: Reported, source: Source, now: datetime) -> None:
    row.state, row.ended_at, row.data_until = run.state, run.ended_at, run.data_until
    row.rows, row.bytes, row.streams, row.note = run.rows, run.bytes, run.streams, run.note
    row.digest, row.reported_at, row.source = run.digest, now, source.name
    row.reported_by, row.reporter = source.actor.name, source.actor.user
