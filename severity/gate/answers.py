"""What API, files and frozen matrices say of an evaluation."""

import hashlib
from datetime import datetime
from typing import Any, TypedDict

import orjson

from severity.gate.values import Evaluation, Reason, Row
from severity.rules import Level


class GateReasonAnswer(TypedDict):
    """One thing that blocks or is to be known: rule, what, which object, where, since when, who can lift it."""

    rule: str
    what: str
    object: str
    address: str
    since: datetime | None
    who: str


class GateAnswer(TypedDict):
    """The verdict on one promotion. Anything but `launch_allowed: true` is a no."""

    release: str
    stage: str
    to: str
    launch_allowed: bool
    blocked_reasons: list[GateReasonAnswer]
    blocked_unlisted: int
    warnings: list[GateReasonAnswer]
    evaluated_at: datetime
    severity_note: str
    digest: str


class StatementEvidenceAnswer(TypedDict):
    """A piece of evidence."""

    title: str
    address: str


class SaidAnswer(TypedDict):
    """What people said of a row."""

    status: str
    note: str
    evidence: list[StatementEvidenceAnswer]
    owner: str
    by: str
    at: str


class MatrixRowAnswer(TypedDict):
    """One row of the matrix."""

    dimension: str
    status: str
    worst_severity: str | None
    reasons: list[GateReasonAnswer]
    said: SaidAnswer | None
    exceptions: list[str]


class MatrixAnswer(TypedDict):
    """The nine rows and the verdict, as they are frozen at sign-off."""

    release: str
    stage: str
    to: str
    evaluated_at: str
    launch_allowed: bool
    severity_note: str
    rows: list[MatrixRowAnswer]


def reason_answer(reason: Reason) -> GateReasonAnswer:
    """One reason."""
    return {
        "rule": reason.rule,
        "what": reason.what,
        "object": reason.object,
        "address": reason.address,
        "since": reason.since,
        "who": reason.who,
    }


def gate_answer(evaluation: Evaluation) -> GateAnswer:
    """The verdict."""
    return {
        "release": evaluation.release.upper(),
        "stage": evaluation.stage,
        "to": evaluation.to,
        "launch_allowed": evaluation.allowed,
        "blocked_reasons": [reason_answer(one) for one in evaluation.blocked],
        "blocked_unlisted": evaluation.unlisted,
        "warnings": [reason_answer(one) for one in evaluation.warnings],
        "evaluated_at": evaluation.at,
        "severity_note": evaluation.note,
        "digest": digest_of(matrix_answer(evaluation)),
    }


def digest_of(matrix: dict[str, Any]) -> str:
    """The sha256 of a matrix as canonical JSON, in hex."""
    return hashlib.sha256(orjson.dumps(matrix, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _row(row: Row) -> dict[str, Any]:
    said = row.said
    return {
        "dimension": row.dimension,
        "status": row.status.value,
        "worst_severity": None if row.worst is None else Level(row.worst).name,
        "reasons": [
            {**reason_answer(one), "since": one.since.isoformat() if one.since else None} for one in row.reasons
        ],
        "said": said
        and {
            "status": said.status.value,
            "note": said.note,
            "evidence": [dict(one) for one in said.evidence],
            "owner": said.owner,
            "by": said.by,
            "at": said.at.isoformat(),
        },
        "exceptions": [f"{one.covered_by}: INC-{one.id}" for one in row.covered],
    }


def matrix_answer(evaluation: Evaluation) -> dict[str, Any]:
    """The whole matrix as plain JSON, for the API and for freezing; `MatrixAnswer` says its shape."""
    return {
        "release": evaluation.release.upper(),
        "stage": evaluation.stage,
        "to": evaluation.to,
        "evaluated_at": evaluation.at.isoformat(),
        "launch_allowed": evaluation.allowed,
        "severity_note": evaluation.note,
        "rows": [_row(row) for row in evaluation.rows],
    }
