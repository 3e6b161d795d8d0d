"""The test box of the approval policy: which row would hit this, who must sign?"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.changes.freezing import row_of
from portal.policy import reads
from portal.policy.rules import (
    ActionClass,
    ApprovalClass,
    Classes,
    ReversibilityClass,
    SensitivityClass,
    judge,
    level,
)
from portal.registry.rules import Floor
from portal.roles import ActorType
from portal.web.views.base import PageView

_TOUCHED = [
    ("allowlist", gettext_lazy("Allowlist")),
    ("endpoint", gettext_lazy("Endpoint")),
    ("retention", gettext_lazy("Retention")),
    ("sensitivity", gettext_lazy("Sensitivity")),
]


class PolicyQuestion(forms.Form):
    """A change, described."""

    reversibility = forms.ChoiceField(choices=ReversibilityClass.choices, label=gettext_lazy("Reversibility"))
    sensitivity = forms.ChoiceField(choices=SensitivityClass.choices, label=gettext_lazy("Sensitivity"))
    approval = forms.ChoiceField(
        choices=[("", gettext_lazy("the least")), *ApprovalClass.choices],
        required=False,
        label=gettext_lazy("Declared approval class"),
    )
    actor_type = forms.ChoiceField(choices=ActorType.choices, required=False, label=gettext_lazy("Requested by"))
    read_only = forms.BooleanField(required=False, label=gettext_lazy("Every operation only reads"))
    external_side_effect = forms.BooleanField(required=False, label=gettext_lazy("External side effect"))
    touched = forms.MultipleChoiceField(
        choices=_TOUCHED, required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("It touches")
    )


class PolicyTest(PageView):
    """A plain GET form, so that a question has an address; nothing is written."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The question, and the answer once one is asked."""
        form = PolicyQuestion(request.GET if "reversibility" in request.GET else None)
        policy = reads.in_force()
        context: dict[str, Any] = {
            "form": form,
            "policy": policy,
            "rows": [(row.name, row.still_needed([])) for row in policy.rows[1:]],
            "crumbs": [{"label": _("Approval policy"), "href": reverse("policies")}, {"label": _("Test box")}],
        }
        if form.is_bound and form.is_valid():
            asked = form.cleaned_data
            state = Floor(
                reversibility=level(asked["reversibility"]),
                sensitivity=level(asked["sensitivity"]),
                external_side_effect=asked["external_side_effect"],
                read_only=asked["read_only"],
            )
            declared = Classes(approval=level(asked["approval"]) if asked["approval"] else None)
            judgement = judge(policy, declared, [state], asked["touched"])
            row, commits = row_of(judgement, policy, asked["actor_type"] or ActorType.HUMAN)
            context |= {
                "judgement": judgement,
                "forbidden": judgement.action_class == ActionClass.C,
                "row": row,
                "needed": row.still_needed([]),
                "sla": row.sla_minutes * 60,
                "evidence": judgement.evidence or not commits,
            }
        return render(request, "policy/test.html", context)
