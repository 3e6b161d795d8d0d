"""What the log of a backfill says. It is kept in English; `LOG.words` reads it in the language of the page."""

from django.utils.translation import gettext_noop

from portal.language.stored import Sayings

APPROVED = gettext_noop("Approved: %(n)s parts to be loaded.")
APPROVED_ONE = gettext_noop("Approved: one part to be loaded.")
TAKEN = gettext_noop("Part %(number)s is taken by %(worker)s, attempt %(attempt)s.")
LEASE_OVER = gettext_noop("The lease of %(worker)s was over.")
DONE = gettext_noop("Part %(number)s is done by %(worker)s: %(rows)s rows.")
FAILED = gettext_noop("Part %(number)s failed with %(worker)s: %(note)s")
GIVEN_UP = gettext_noop("Part %(number)s failed %(attempts)s times, the last time: %(why)s.")
LOADED = gettext_noop("Every part is done. Somebody verifies it before it counts as done.")
PAUSED = gettext_noop("Paused: %(why)s")
RESUMED = gettext_noop("Resumed.")
CANCELLED = gettext_noop("Cancelled: %(why)s")
RETRIED = gettext_noop("%(n)s parts are tried anew: %(why)s")
VERIFIED = gettext_noop("Verified: %(how)s")

LOG = Sayings(
    (
        APPROVED,
        APPROVED_ONE,
        TAKEN,
        LEASE_OVER,
        DONE,
        FAILED,
        GIVEN_UP,
        LOADED,
        PAUSED,
        RESUMED,
        CANCELLED,
        RETRIED,
        VERIFIED,
    )
)
