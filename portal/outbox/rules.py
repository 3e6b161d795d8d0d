"""Why people hear of something and how by default; how long to wait after a failed delivery, and when to stop trying.

Pure: chance and clock are passed in.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

FIRST_PAUSE = 10.0
LONGEST_PAUSE = 7200.0
# A receiver is looked at again much sooner than one notice: when it comes back, what piled up is late already.
LONGEST_LANE_PAUSE = 600.0
LONGEST_RETRY_AFTER = 3600.0
JITTER = 0.2
GIVE_UP_AFTER = 14  # attempts; the pauses double from 10 s to 2 h: about a day in all
GIVE_UP_DAYS = 3  # whatever the attempts: behind a dead receiver most notices never get as far as an attempt


class Reason(TextChoices):
    """Why a person hears of something, the strongest reason first: of several, the first is shown."""

    MENTION = "mention", _("You were named in a comment")
    SIGNER = "signer", _("A change waits for a signature or review that you can give")
    AUTHOR = "author", _("Something happened to a change that you wrote")
    WATCHER = "watcher", _("Something happened to a change or an incident that you follow")
    INCIDENT = "incident", _("An incident of your team opened, rose or ended")
    TEAM = "team", _("A change to what your team owns was applied or is late")


@dataclass(frozen=True)
class Ways:
    """How a person hears of something. Webhooks are the organisation's and follow no person's choice."""

    in_portal: bool
    by_email: bool


DEFAULTS: dict[Reason, Ways] = {
    Reason.MENTION: Ways(in_portal=True, by_email=True),
    Reason.SIGNER: Ways(in_portal=True, by_email=True),
    Reason.AUTHOR: Ways(in_portal=True, by_email=True),
    Reason.WATCHER: Ways(in_portal=True, by_email=False),
    Reason.INCIDENT: Ways(in_portal=True, by_email=True),
    Reason.TEAM: Ways(in_portal=True, by_email=True),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt; an empty error is success.

    `permanent`: no later attempt can do better. `stops_lane`: the receiver is in trouble, not this one notice, so
    nothing else is tried there before the pause is over. `retry_after`: seconds the receiver asked for.
    """

    error: str = ""
    permanent: bool = False
    stops_lane: bool = False
    retry_after: float = 0.0


def pause(times: int, *, longest: float, chance: float, asked: float = 0.0) -> float:
    """Seconds to wait after this many failures, at least what the receiver asked for.

    `chance` in 0..1 spreads the waits, so that what failed together does not come back together.
    """
    doubled = min(longest, FIRST_PAUSE * 2.0 ** min(max(times - 1, 0), 30))
    return max(doubled * (1 - JITTER + 2 * JITTER * chance), asked)


def retry_after(text: str, *, now: datetime) -> float:
    """Seconds that a `Retry-After` header asks for (a number or a date), bounded; 0 if it says nothing usable."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        seconds = float(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
