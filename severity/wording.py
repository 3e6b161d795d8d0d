"""What the portal itself wrote of incidents, in the language of whoever reads it.

Titles and the first lines of timelines are written in English by the statements that open incidents, and stay so in the database,
the API and webhooks. Whoever reads a page or an e-mail in another language reads them in that one, as far as they are the
portal's own words.
"""

import re

from django.utils.translation import gettext as _

from severity.rules import CLOCK_RULES, END_RULES, LATE, RULES, TOOL_ADDED, TOOL_DRIFT, UNJUDGED

_TITLES = {rule.title for rule in RULES.values()}
# Their titles go on with `operation of connector`; those of others with what people wrote.
_OF_SOMETHING = {rule.title for rule in (*CLOCK_RULES, *END_RULES, LATE, UNJUDGED, TOOL_DRIFT, TOOL_ADDED)}
_TOLD = {rule.told for rule in RULES.values()}
_SUBJECT = re.compile(r"(V[0-3]) ([a-z_]+): (.*)", re.DOTALL)
_CLAIMED = re.compile(r"Claim of (.+?): (.*)", re.DOTALL)
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


def title_words(title: str) -> str:
    """The title of an incident: `Deadline passed: reconcile_ledger of Ledger desk`; what people wrote stays as it is."""
    if told := _CLAIMED.fullmatch(title):
        return _("Claim of %(who)s: %(what)s") % {"who": told[1], "what": told[2]}
    # Titles of rules may hold a colon themselves.
    head = next((one for one in _TITLES if title.startswith(f"{one}: ")), "")
    if not head:
        return title
    rest = title[len(head) + 2 :]
    what, of, name = rest.partition(" of ")
    if of and head in _OF_SOMETHING:
        rest = _("%(what)s of %(name)s") % {"what": what, "name": name}
    return f"{_(head)}: {rest}"


def told_words(text: str) -> str:
    """A line of the timeline, if it is one that a rule says."""
    return _(text) if text in _TOLD else text


def subject_words(subject: str) -> str:
    """The subject of a notice of an incident: `V2 opened: Deadline passed: …`."""
    told = _SUBJECT.fullmatch(subject)
    if told is None:
        return subject
    word = _WORDS.get(told[2])
    return f"{told[1]} {word() if word else told[2]}: {title_words(told[3])}"
