"""What the portal itself wrote of incidents, in the language of whoever reads it.

Titles and the first lines of timelines are written in English by the statements that open incidents, and stay so in the database,
the API and webhooks. Whoever reads a page or an e-mail in another language reads them in that one, as far as they are the
portal's own words.
"""

import re
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from metrics.quality.wording import TOLD_TEXTS
from portal.language.direction import isolated
from portal.language.stored import Sayings
from severity.rules import CLOCK_RULES, END_RULES, LATE, RULES, TOOL_ADDED, TOOL_DRIFT, UNJUDGED

_TITLES = {rule.title for rule in RULES.values()}
# Their titles go on with `operation of connector`; those of others with what people wrote.
_OF_SOMETHING = {rule.title for rule in (*CLOCK_RULES, *END_RULES, LATE, UNJUDGED, TOOL_DRIFT, TOOL_ADDED)}
# The lines of timelines: what the rules tell, and the sentences that the statements write after that and at the end.
_LINES = Sayings(
    (
        *(rule.told for rule in RULES.values()),
        gettext_noop("%(part)s: expected every %(seconds)s s, silent for %(silence)s s."),
        gettext_noop("%(n)s wait, the longest for %(worst)s s, of %(connector)s; p95 %(p95)s s."),
        gettext_noop("It shows life again."),
        gettext_noop("It is not watched any more."),
        gettext_noop("Polls are done when they are due again."),
        gettext_noop("What differs: %(what)s."),
        gettext_noop("What differs: %(what)s to %(name)s?"),
        gettext_noop("They are: %(names)s."),
        gettext_noop("The connector is not called any more."),
        gettext_noop("No tool is left that nobody approved."),
        gettext_noop("What its server shows is what is approved."),
        gettext_noop("None has succeeded yet."),
        gettext_noop("The newest one brought data of %(at)s."),
        gettext_noop("It is run %(run)s, ended %(at)s."),
        gettext_noop("The sync is %(state)s."),
        gettext_noop("The data is fresh again."),
        gettext_noop("A newer run succeeded."),
        gettext_noop("Behind: %(names)s."),
        gettext_noop("Everybody has moved."),
        gettext_noop("The notice is closed: %(why)s"),
        gettext_noop("Everybody who is named has moved on."),
        gettext_noop("The version is retired."),
        gettext_noop("%(value)s of %(at)s; expected %(low)s to %(high)s."),
        gettext_noop("Its newest value is within the range."),
        gettext_noop("Nobody has taken it on."),
        gettext_noop("No update has been posted."),
        gettext_noop("It is not mitigated."),
        gettext_noop("Its review is not approved."),
        gettext_noop("The metric is retired."),
        gettext_noop("Nobody says any more that it is certified."),
        gettext_noop("It is certified until %(day)s."),
        gettext_noop("Its first result is overdue."),
        gettext_noop("Its newest result, of %(at)s, is too old."),
        gettext_noop("The checkpoint is retired."),
        gettext_noop("The checkpoint passes again."),
        gettext_noop("The team has somebody again."),
        gettext_noop("The team owns nothing any more."),
        gettext_noop("Two others have reviewed it."),
        gettext_noop("It was put before its approvers anew."),
        gettext_noop("The change is %(state)s."),
        gettext_noop("It lasted past the escalation time of its connector."),
        gettext_noop("Its cause is over."),
        gettext_noop("The task ended %(after)s after its deadline (%(state)s)."),
        gettext_noop("The task ended (%(state)s)."),
        gettext_noop("%(exception)s has ended."),
        gettext_noop("%(release)s may go on with it until %(until)s: %(why)s"),
        gettext_noop("%(claim)s is verified."),
        gettext_noop("%(claim)s is verified. %(note)s"),
        *TOLD_TEXTS,
    )
)
_SUBJECT = re.compile(r"(V[0-3]) ([a-z_]+): (.*)", re.DOTALL)
_CLAIMED = re.compile(r"Claim of (.+?): (.*)", re.DOTALL)
# How what is said of a claim begins, and each piece of what is held against it.
_VERDICTS = (
    gettext_noop("Verified"),
    gettext_noop("Partially verified"),
    gettext_noop("Unverified"),
    gettext_noop("Contradicted"),
    gettext_noop("supports"),
    gettext_noop("contradicts"),
    gettext_noop("unclear"),
)
_WORDS = {
    "opened": lambda: _("opened"),
    "raised": lambda: _("raised"),
    "lowered": lambda: _("lowered"),
    "acknowledged": lambda: _("acknowledged"),
    "mitigated": lambda: _("mitigated"),
    "resolved": lambda: _("resolved"),
    "reopened": lambda: _("came back"),
    "repeated": lambda: _("came back"),
    "escalated": lambda: _("escalated"),
    "overdue": lambda: _("overdue"),
    "update": lambda: _("updated"),
    "merged": lambda: _("merged"),
    "given": lambda: _("given to another team"),
}


def until_words(moment: datetime) -> str:
    """`2026-11-30 04:52 +03`: an instant within a sentence that is kept, in the zone of the portal."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M %Z")


def title_words(title: str) -> str:
    """The title of an incident: `Deadline passed: reconcile_ledger of Ledger desk`; what people wrote stays as it is."""
    if told := _CLAIMED.fullmatch(title):
        return _("Claim of %(who)s: %(what)s") % {"who": isolated(told[1]), "what": isolated(told[2])}
    # Titles of rules may hold a colon themselves.
    head = next((one for one in _TITLES if title.startswith(f"{one}: ")), "")
    if not head:
        return title
    rest = title[len(head) + 2 :]
    what, of, name = rest.partition(" of ")
    if of and head in _OF_SOMETHING:
        return f"{_(head)}: " + _("%(what)s of %(name)s") % {"what": isolated(what), "name": isolated(name)}
    return f"{_(head)}: {isolated(rest)}"


def told_words(text: str) -> str:
    """A line of the timeline, or a note of evidence, as far as it is made of what the portal itself says."""
    head, colon, rest = text.partition(": ")
    if colon and head in _VERDICTS:
        return f"{_(head)}: {_LINES.words(rest)}"
    return _LINES.words(text)


def subject_words(subject: str) -> str:
    """The subject of a notice of an incident: `V2 opened: Deadline passed: …`."""
    told = _SUBJECT.fullmatch(subject)
    if told is None:
        return subject
    word = _WORDS.get(told[2])
    return f"{isolated(told[1])} {word() if word else told[2]}: {title_words(told[3])}"
