"""What routes and silences may say, and the measures by which notices are grouped and damped. Pure."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# The portal's own route, for teams that have none: at once, then what comes of one connector in one notice after so long.
OWN_WINDOW_MINUTES = 10
MOST_WINDOW_MINUTES = 240
LEAST_REPEAT_MINUTES = 5
MOST_MINUTES = 7 * 24 * 60
LONGEST_SILENCE_DAYS = 7
# A cause that opens more often than so within the hour flaps: that is told once, then nothing until it was calm for an hour.
FLAPPING_TIMES = 4
CALM_MINUTES = 60
MOST_ROUTES = 500
MOST_SILENCES = 500
# So many routes escalate one to the other at most.
LONGEST_CHAIN = 5
# Of one notice so many incidents are listed; it counts all of them.
MOST_LISTED = 50


class Way(TextChoices):
    """How a route tells."""

    MEMBERS = "members", _("E-mail and portal, to the members of a team")
    WEBHOOK = "webhook", _("Signed webhook")
    CHAT = "chat", _("Chat room")
