"""Forms of the SLA watch: its filters, and what is done with several clocks at once."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.people.models import Team
from severity.sla.reading import WINDOWS, Asked
from severity.sla.statements import ClockKind, ClockState

_ANY = [("", _("Any"))]
_YES, _NO = "true", "false"
_WORDS = {"1h": _("The next hour"), "4h": _("The next 4 hours"), "1d": _("The next day"), "7d": _("The next 7 days")}


class ClockFilter(forms.Form):
    """Kind, state, owner, how near the deadline is, and whether customers feel it."""

    kind = forms.MultipleChoiceField(
        choices=ClockKind.choices, required=False, label=_("Kind"), widget=forms.CheckboxSelectMultiple
    )
    state = forms.MultipleChoiceField(
        choices=ClockState.choices, required=False, label=_("State"), widget=forms.CheckboxSelectMultiple
    )
    owner = forms.ModelChoiceField(
        queryset=Team.objects.order_by("name"),
        to_field_name="key",
        required=False,
        label=_("Owner"),
        empty_label=_("Any"),
    )
    window = forms.ChoiceField(
        choices=[*_ANY, *((name, _WORDS[name]) for name in WINDOWS)], required=False, label=_("Due within")
    )
    critical = forms.ChoiceField(
        choices=[*_ANY, (_YES, _("Yes")), (_NO, _("No"))], required=False, label=_("Customer-impacting")
    )

    @property
    def asked(self) -> Asked:
        """What a form that is valid asks for."""
        told = self.cleaned_data
        owner = told["owner"]
        return Asked(
            kinds=tuple(told["kind"]),
            states=tuple(told["state"]),
            owner=owner.key if owner is not None else "",
            window=told["window"],
            critical=None if not told["critical"] else told["critical"] == _YES,
        )

    @property
    def active(self) -> bool:
        """Whether anything is filtered at all."""
        told: Any = self.data
        return any(any(told.getlist(name)) for name in self.fields)
