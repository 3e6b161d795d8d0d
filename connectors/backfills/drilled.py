"""Whether a backfill runbook is tested: a passed drill of today's runbook that is not too old. Shown, never refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connectors.backfills.runbooks import runbook_of
from connectors.models import Connector, Drill
from portal.registry.documents import digest

OLDEST = timedelta(days=180)


class Tested(TextChoices):
    """How well a runbook is rehearsed."""

    TESTED = "tested", _("Tested")
    OLD = "old", _("Drilled long ago")
    CHANGED = "moved_on", _("Changed since its drill")
    NEVER = "never", _("Never drilled")


_TOLD: dict[Tested, str | Promise] = {
    Tested.TESTED: _("Drilled and passed as it stands today, within the last 180 days."),
    Tested.OLD: _("The last drill that passed is older than 180 days: rehearse it before you rely on it."),
    Tested.CHANGED: _("The runbook has changed since the last drill that passed: rehearse it as it stands today."),
    Tested.NEVER: _("No drill of this runbook has ever passed: nobody knows whether its steps work."),
}


@dataclass(frozen=True)
class Drilled:
    """What is known of a runbook, with the newest drill that passed, of today's runbook if there is one."""

    state: Tested
    drill: Drill | None

    @property
    def tested(self) -> bool:
        """Whether one may rely on it."""
        return self.state == Tested.TESTED

    @property
    def told(self) -> str | Promise:
        """In one sentence."""
        return _TOLD[self.state]


def state_of(passed_at: datetime | None, passed_at_today: datetime | None, now: datetime) -> Tested:
    """From when any drill last passed, and when one of today's runbook did; pure, for lists that ask by a subquery."""
    if passed_at_today is not None:
        return Tested.TESTED if passed_at_today > now - OLDEST else Tested.OLD
    return Tested.NEVER if passed_at is None else Tested.CHANGED


def drilled(connector: Connector, now: datetime) -> Drilled:
    """How well the runbook of one data movement is rehearsed."""
    passed = Drill.objects.filter(connector=connector, passed=True).order_by("-drilled_at", "-id")
    today = passed.filter(runbook_digest=digest(runbook_of(connector.document))).first()
    newest = today or passed.first()
    state = state_of(newest.drilled_at if newest else None, today.drilled_at if today else None, now)
    return Drilled(state, newest)
