"""Releases by API, beside what every entry has: gate, matrix, rows, attestations, promotions, import from CI."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypedDict

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.change_answers import ChangeAnswer, change_answer
from portal.api.views import PortalViewSet
from portal.registry.documents import StrictSerializer
from portal.roles import Permission
from severity.gate import services as gate
from severity.gate.answers import GateAnswer, MatrixAnswer, StatementEvidenceAnswer, gate_answer, matrix_answer
from severity.gate.rules import next_stage
from severity.models import Attestation, GateDecision, Promotion, ReadinessStatement
from severity.readiness import BY_PEOPLE_CHOICES, STAGES, RowStatus
from severity.releases import services
from severity.releases.services import Statement


class RowEvidenceBody(StrictSerializer):
    """A piece of evidence."""

    title = serializers.CharField(max_length=200)
    address = serializers.CharField(max_length=500, help_text="https://… or a page of the portal, /….")


class RowBody(StrictSerializer):
    """What somebody says of a row."""

    dimension = serializers.ChoiceField(BY_PEOPLE_CHOICES)
    status = serializers.ChoiceField(RowStatus.choices)
    owner = serializers.CharField(max_length=60, help_text="The key of the team that answers for it.")
    evidence = RowEvidenceBody(many=True)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class AttestationBody(StrictSerializer):
    """What CI attests: an in-toto statement with SLSA provenance, bare or in a DSSE envelope."""

    attestation = serializers.JSONField()


class FromCiBody(StrictSerializer):
    """A candidate as CI knows it."""

    key = serializers.CharField(max_length=60)
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=2000)
    owner = serializers.CharField(max_length=60)
    repository = serializers.CharField(max_length=300)
    commit = serializers.CharField(max_length=64)
    build = serializers.CharField(max_length=200)
    notes = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    attestation = serializers.JSONField(required=False, default=None)


class StatementAnswer(TypedDict):
    """One statement about a row."""

    dimension: str
    status: str
    note: str
    evidence: list[StatementEvidenceAnswer]
    owner: str
    by: str
    at: datetime


class AttestationAnswer(TypedDict):
    """One attestation; `signed_by` is empty where no trusted key signed it."""

    id: int
    release: str
    commit: str
    predicate_type: str
    builder: str
    signed_by: str
    subjects: list[dict[str, Any]]
    received_at: datetime
    new: bool


class SignedPromotionAnswer(TypedDict):
    """One promotion with the frozen matrix; `digest` is the sha256 of its canonical JSON."""

    release: str
    from_stage: str
    to_stage: str
    change: str
    at: datetime
    signed_by: list[str]
    digest: str
    matrix: MatrixAnswer


class GateDecisionAnswer(TypedDict):
    """One answer of the gate."""

    at: datetime
    to: str
    launch_allowed: bool
    blocked: int
    reasons: list[list[str]]
    rows: dict[str, str]
    asked_by: str
    way: str


class CandidateAnswer(TypedDict):
    """A candidate as it stands."""

    release: str
    key: str
    commit: str
    build: str
    stage: str
    version: int
    new: bool
    url: str


def statement_answer(one: ReadinessStatement) -> StatementAnswer:
    """One statement."""
    return {
        "dimension": one.dimension,
        "status": one.status,
        "note": one.note,
        "evidence": one.evidence,
        "owner": one.owner.key,
        "by": one.by.username,
        "at": one.at,
    }


def _attestation_answer(one: Attestation, new: bool = False) -> AttestationAnswer:
    return {
        "id": one.pk,
        "release": one.release.human_id,
        "commit": one.commit,
        "predicate_type": one.predicate_type,
        "builder": one.builder,
        "signed_by": one.signed_by,
        "subjects": one.subjects,
        "received_at": one.received_at,
        "new": new,
    }


TO = {"to": f"The stage to be promoted to: {', '.join(STAGES[1:])}. Without it, the next one."}


class ReleaseViewSet(PortalViewSet):
    """What a release has beside its document."""

    bodies: dict[str, Any] = {
        "say": RowBody,
        "attest": AttestationBody,
        "from_ci": FromCiBody,
        "promote": OpenApiTypes.NONE,
    }
    pages = ("rows", "attestations", "promotions", "decisions")
    asked = dict.fromkeys(("gate", "matrix"), TO)
    answers = {
        "gate": {200: GateAnswer},
        "matrix": {200: MatrixAnswer},
        "rows": {200: StatementAnswer},
        "say": {201: StatementAnswer},
        "attestations": {200: AttestationAnswer},
        "attest": {200: AttestationAnswer, 201: AttestationAnswer},
        "promotions": {200: SignedPromotionAnswer},
        "decisions": {200: GateDecisionAnswer},
        "promote": {201: ChangeAnswer},
        "from_ci": {200: CandidateAnswer, 201: CandidateAnswer},
    }
    write_permissions = {
        "say": Permission.SET_READINESS,
        "attest": Permission.ATTEST_BUILD,
        "from_ci": Permission.ATTEST_BUILD,
        "promote": Permission.PROPOSE,
    }

    def _to(self, key: str) -> str:
        asked = self.request.query_params.get("to")
        if asked is None:
            return next_stage(services.candidate(key).stage) or STAGES[-1]
        return gate.stage_named(asked)

    def gate(self, request: Request, key: str) -> Response:
        """Whether the release may be promoted now. Anything but `launch_allowed: true` is a no. The answer is logged."""
        return Response(gate_answer(gate.ask(actor=self.actor, key=key, to=self._to(key), way="api")))

    def matrix(self, request: Request, key: str) -> Response:
        """The nine rows, evaluated now, for the next promotion or the one asked for."""
        return Response(matrix_answer(gate.evaluate(key, self._to(key))))

    def _listed(self, rows: Any, answer: Callable[[Any], Any]) -> Response:
        return self.get_paginated_response([answer(one) for one in self.page_of(rows)])

    def rows(self, request: Request, key: str) -> Response:
        """What people said of the rows, the newest first; the newest of a row counts."""
        release = services.candidate(key)
        return self._listed(
            ReadinessStatement.objects.filter(release=release).select_related("owner", "by"), statement_answer
        )

    def say(self, request: Request, key: str) -> Response:
        """Set a row that people set, with evidence and owner."""
        made = services.say(actor=self.actor, key=key, statement=Statement(**self.body(RowBody)), now=self.now())
        return Response(statement_answer(made), status=201)

    def attestations(self, request: Request, key: str) -> Response:
        """What CI attested of the build, the newest first."""
        rows = Attestation.objects.filter(release=services.candidate(key)).select_related("release").defer("statement")
        return self._listed(rows, _attestation_answer)

    def attest(self, request: Request, key: str) -> Response:
        """Keep an attestation of the build. Sent again it is kept once; one of another commit is refused."""
        given = self.body(AttestationBody)["attestation"]
        made, new = services.attest(actor=self.actor, key=key, given=given, now=self.now())
        return Response(_attestation_answer(made, new), status=201 if new else 200)

    def promotions(self, request: Request, key: str) -> Response:
        """The promotions of the release, with the matrix as it was frozen at sign-off."""
        release = services.candidate(key)

        def answer(one: Promotion) -> SignedPromotionAnswer:
            return {
                "release": release.human_id,
                "from_stage": one.from_stage,
                "to_stage": one.to_stage,
                "change": f"CHG-{one.change_id}",
                "at": one.at,
                "signed_by": one.signed_by,
                "digest": one.digest,
                "matrix": one.matrix,
            }

        return self._listed(Promotion.objects.filter(release=release), answer)

    def decisions(self, request: Request, key: str) -> Response:
        """What the gate answered about the release, the newest first."""

        def answer(one: GateDecision) -> GateDecisionAnswer:
            return {
                "at": one.at,
                "to": one.to_stage,
                "launch_allowed": one.allowed,
                "blocked": one.blocked,
                "reasons": one.reasons,
                "rows": one.rows,
                "asked_by": one.asked_by,
                "way": one.way,
            }

        return self._listed(GateDecision.objects.filter(release_key=services.candidate(key).key), answer)

    def promote(self, request: Request, key: str) -> Response:
        """Open a draft change that promotes the release by one stage; it is submitted with its evidence and signed."""
        change = services.request_promotion(actor=self.actor, key=key, now=self.now())
        return Response(change_answer(change), status=201, headers={"Location": f"/api/v1/changes/{change.pk}/"})

    def from_ci(self, request: Request) -> Response:
        """Register a candidate with its attestation, all or nothing. Told again it changes nothing."""
        body = self.body(FromCiBody)
        attestation = body.pop("attestation")
        release, new = services.from_ci(actor=self.actor, document=body, attestation=attestation, now=self.now())
        answer: CandidateAnswer = {
            "release": release.human_id,
            "key": release.key,
            "commit": release.commit,
            "build": release.build,
            "stage": release.stage,
            "version": release.version,
            "new": new,
            "url": release.get_absolute_url(),
        }
        return Response(answer, status=201 if new else 200)
