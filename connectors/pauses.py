"""What a pause must say, of whatever clocks: why, and until when."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from portal.refusals import Problem

LONGEST_PAUSE = timedelta(days=90)
MOST_REASON = 500


def reason_problems(reason: str) -> list[Problem]:
    """What is wrong with a reason."""
    if reason.strip() and len(reason) <= MOST_REASON and "\0" not in reason:
        return []
    return [Problem("reason", _("Say why, in at most %d characters.") % MOST_REASON, "required")]


def end_problems(until: datetime, now: datetime) -> list[Problem]:
    """What is wrong with the end of a pause that begins now."""
    if now < until <= now + LONGEST_PAUSE:
        return []
    return [Problem("until", _("It must end within the next %d days.") % LONGEST_PAUSE.days, "out_of_bounds")]
