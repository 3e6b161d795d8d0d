"""What is told of a run of checks: names and counts only. Kept in English; `TOLD.words` reads it in the language of the page."""

from django.utils.translation import gettext_noop

from portal.language.stored import Sayings

BAD = gettext_noop("%(bad)s of %(all)s checks did not hold: %(names)s.")
SILENT = gettext_noop("It is told as failed without a reason.")
MISSING = gettext_noop("Declared and not received: %(names)s.")
EMPTY = gettext_noop("Without any check: %(names)s.")
SKIPPED = gettext_noop("%(n)s of %(all)s checks were skipped.")
NOT_TOLD = gettext_noop("Not every check that ran is told.")
NOTED = gettext_noop("%(n)s failed for information only.")
PASSED = gettext_noop("All %(n)s checks passed.")
ONE_PASSED = gettext_noop("Its one check passed.")
CHANGED_SINCE = gettext_noop("What it declares has changed since its newest run: %(names)s was not part of it.")

TOLD_TEXTS = (BAD, SILENT, MISSING, EMPTY, SKIPPED, NOT_TOLD, NOTED, PASSED, ONE_PASSED, CHANGED_SINCE)
TOLD = Sayings(TOLD_TEXTS)
