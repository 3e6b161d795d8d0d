"""Forms of data syncs. What is said here is checked by the services again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connectors.pauses import MOST_REASON
from connectors.syncs.notices import MOST_DETAIL, MOST_NAME, MOST_TITLE
from connectors.syncs.rules import MOST_CONSUMERS


def _moment(label: Any, help_text: Any) -> forms.DateTimeField:
    """An instant in the portal's zone, as the browser's own control gives it."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, help_text=help_text, widget=widget)


def _text(label: Any, most: int, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    return forms.CharField(label=label, max_length=most, help_text=help_text, required=required, widget=widget)


class PauseForm(forms.Form):
    """Until when, and why."""

    until = _moment(_("Until"), _("At most 90 days ahead."))
    reason = _text(_("Reason"), MOST_REASON, _("Whoever looks at it meanwhile reads this."))


class AnnounceForm(forms.Form):
    """A breaking change."""

    title = forms.CharField(
        label=_("What will break"),
        max_length=MOST_TITLE,
        help_text=_("One sentence: The column email of contacts goes."),
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    detail = _text(_("What to do about it"), MOST_DETAIL, _("How to move."), required=False)
    deadline = _moment(_("Deadline"), _("At least seven days ahead."))
    consumers = forms.CharField(
        label=_("Who must move"),
        max_length=MOST_CONSUMERS * (MOST_NAME + 2),
        help_text=_("One a line. Those that the registry knows are filled in."),
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )

    def clean_consumers(self) -> list[str]:
        """The lines that say something."""
        return [line.strip() for line in self.cleaned_data["consumers"].splitlines() if line.strip()]


class CloseForm(forms.Form):
    """Why a notice ends before everybody has moved."""

    reason = _text(_("Reason"), MOST_REASON)
