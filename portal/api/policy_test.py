"""The test box of the approval policy: which rule and row would this hit, and who must sign?"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.judgement_answers import JudgementAnswer, judgement_answer
from portal.api.views import PortalViewSet
from portal.changes.freezing import row_of
from portal.policy import reads
from portal.policy.rules import BASELINE, ApprovalClass, Classes, ReversibilityClass, SensitivityClass, judge, level
from portal.registry.documents import StrictSerializer
from portal.registry.rules import Floor
from portal.roles import ActorType, Permission


class QuestionBody(StrictSerializer):
    """What a change would be: its classes, what its states do, and what it touches."""

    approval_class = serializers.ChoiceField(
        ApprovalClass.choices, required=False, help_text="Declared by the author; the least one unless told."
    )
    reversibility_class = serializers.ChoiceField(ReversibilityClass.choices, default=ReversibilityClass.R0)
    sensitivity_class = serializers.ChoiceField(SensitivityClass.choices, default=SensitivityClass.S0)
    read_only = serializers.BooleanField(  # type: ignore[assignment] # a field of that name, not the switch
        default=False, help_text="Every operation only reads."
    )
    external_side_effect = serializers.BooleanField(default=False)
    touched = serializers.ListField(
        child=serializers.ChoiceField([(name, name) for name in BASELINE.touched]), default=list, max_length=20
    )
    actor_type = serializers.ChoiceField(ActorType.choices, default=ActorType.HUMAN)


class PolicyTestViewSet(PortalViewSet):
    """Asks the policy in force; nothing is written."""

    bodies: dict[str, Any] = {"create": QuestionBody}
    answers = {"create": {200: JudgementAnswer}}
    write_permissions = {"create": Permission.VIEW}

    def create(self, request: Request) -> Response:
        """Judge a change that is only described. `action_class` C means: refused, by the rule that is named."""
        body = self.body(QuestionBody)
        policy = reads.in_force()
        declared = Classes(approval=level(body["approval_class"]) if "approval_class" in body else None)
        state = Floor(
            reversibility=level(body["reversibility_class"]),
            sensitivity=level(body["sensitivity_class"]),
            external_side_effect=body["external_side_effect"],
            read_only=body["read_only"],
        )
        judgement = judge(policy, declared, [state], body["touched"])
        row, commits = row_of(judgement, policy, body["actor_type"])
        return Response(
            judgement_answer(judgement, row, commits=commits, evidence_needed=judgement.evidence or not commits)
        )
