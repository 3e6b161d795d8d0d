"""Forms of the settings: accounts, passwords, teams, tokens. What is said here is checked by the services again."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from portal.people import hours, reads
from portal.people.models import Team, User
from portal.people.rules import MOST_TOKEN_DAYS, token_types
from portal.people.services import Person
from portal.refusals import Refusal
from portal.roles import ActorType, Role


def shown(form: forms.Form, refusal: Refusal) -> None:
    """Put a refusal beside the fields that it is about."""
    for problem in refusal.problems:
        form.add_error(problem.path if problem.path in form.fields else None, problem.message)
    if not refusal.problems:
        form.add_error(None, refusal.message)


def _password(label: Any, **more: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": more.pop("autocomplete", "new-password")})
    return forms.CharField(label=label, strip=False, max_length=200, widget=widget, **more)


def _names(users: Any) -> list[tuple[str, str]]:
    return [(user.username, f"{user} ({user.username})" if str(user) != user.username else user.username)
            for user in users]  # fmt: skip


class PersonForm(forms.Form):
    """What may change of an account."""

    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, required=False, help_text=_("Where notices go: amal@company.example")
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    accountable = forms.ChoiceField(
        label=_("Accountable human"), required=False, help_text=_("Who answers for it; machines' accounts only.")
    )

    def __init__(self, *args: Any, human: bool | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if human:
            del self.fields["accountable"]
        else:
            choice: Any = self.fields["accountable"]
            choice.choices = [("", "–"), *_names(reads.humans())]

    def person(self) -> Person:
        """What was said."""
        said = self.cleaned_data
        return Person(
            first_name=said["first_name"],
            last_name=said["last_name"],
            email=said["email"],
            roles=said["roles"],
            accountable=said.get("accountable"),
        )


class NewPersonForm(PersonForm):
    """A new account."""

    username = forms.CharField(
        label=_("User name"), max_length=100, help_text=_("It stays for ever: amal.harbi, release-robot")
    )
    actor_type = forms.ChoiceField(label=_("Type"), choices=ActorType.choices, initial=ActorType.HUMAN)
    password = _password(
        _("First password"),
        required=False,
        help_text=_("10 characters or more; without one nobody signs in. Machines' accounts have tokens instead."),
    )
    field_order = ("username", "actor_type", "first_name", "last_name", "email", "roles", "accountable", "password")


class NewPassword(forms.Form):
    """A new password for somebody else."""

    password = _password(_("New password"), help_text=_("10 characters or more. Every session of this person ends."))


class OwnPassword(forms.Form):
    """The own password, with the old one."""

    old = _password(_("Old password"), autocomplete="current-password")
    new = _password(_("New password"), help_text=_("10 characters or more. Your other sessions end."))


class DeactivateForm(forms.Form):
    """Who answers from now on, if there is something to answer for."""

    successor = forms.ChoiceField(label=_("Who answers for its accounts from now on"), required=False)

    def __init__(self, *args: Any, leaving: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["successor"]
        choice.choices = [("", "–"), *_names(reads.humans().exclude(pk=leaving.pk))]


class TokenForm(forms.Form):
    """A token of one of these accounts."""

    account = forms.ChoiceField(label=_("Account"))
    name = forms.CharField(label=_("What it is for"), max_length=120, help_text=_("release pipeline, my laptop"))
    actor_type = forms.ChoiceField(
        label=_("It acts as"),
        required=False,
        help_text=_("A token may do less than its account, never more; only a human's signs."),
    )
    days = forms.IntegerField(
        label=_("Days until it ends"), min_value=1, max_value=MOST_TOKEN_DAYS, initial=MOST_TOKEN_DAYS
    )

    def __init__(self, *args: Any, accounts: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account: Any = self.fields["account"]
        account.choices = _names(accounts)
        kinds: dict[str, Any] = {}
        for one in accounts:
            kinds |= {kind.value: kind.label for kind in token_types(ActorType(one.actor_type))}
        acts: Any = self.fields["actor_type"]
        acts.choices = [("", _("as the account")), *kinds.items()]


class TeamForm(forms.Form):
    """A new team."""

    key = forms.CharField(label=_("Key"), max_length=60, help_text=_("It stays for ever: crm-team"))
    name = forms.CharField(label=_("Name"), max_length=120)


class TeamName(forms.Form):
    """Another name."""

    name = forms.CharField(label=_("Name"), max_length=120)


class TeamHours(forms.Form):
    """Its working hours; without days, none."""

    days = forms.MultipleChoiceField(
        label=_("Days"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None: no working hours are told."),
        choices=[(str(day), WEEKDAYS[day - 1]) for day in hours.WEEK],
    )  # fmt: skip
    begins = forms.CharField(label=_("From"), max_length=5, initial="08:00")
    ends = forms.CharField(label=_("Until"), max_length=5, initial="17:00")
    zone = forms.CharField(label=_("Time zone"), max_length=60)
    holidays = forms.CharField(
        label=_("Free days"), required=False, max_length=11 * hours.MOST_HOLIDAYS, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: 2026-12-31"),
    )  # fmt: skip

    @classmethod
    def of(cls, team: Team) -> "TeamHours":
        """Filled in as the team has them."""
        kept: dict[str, Any] = team.hours or {"days": [], "from": "08:00", "to": "17:00", "zone": settings.TIME_ZONE}
        return cls(
            initial={
                "days": [str(day) for day in kept["days"]], "begins": kept["from"], "ends": kept["to"], "zone": kept["zone"],
                "holidays": "\n".join(kept.get("holidays", ())),
            }
        )  # fmt: skip

    def clean_holidays(self) -> list[str]:
        """As days."""
        return str(self.cleaned_data["holidays"]).split()


class NewMember(forms.Form):
    """Who shall belong to a team."""

    member = forms.ChoiceField(label=_("Account"))

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.filter(is_active=True).exclude(teams=team).order_by("username")
        choice: Any = self.fields["member"]
        choice.choices = [("", "–"), *_names(others)]
