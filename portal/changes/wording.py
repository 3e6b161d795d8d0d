"""The subjects of notices of changes, in the language of whoever reads them: `CHG-12 applied: Register the lookup`."""

import re
from collections.abc import Callable

from django.utils.translation import gettext as _

from portal.language.direction import isolated

_SUBJECT = re.compile(r"(CHG-[0-9]+) ([a-z ]+): (.*)", re.DOTALL)
_COMMENT = re.compile(r"(\S+) on (CHG-[0-9]+): (.*)", re.DOTALL)
_WORDS: dict[str, Callable[[], str]] = {
    "submitted": lambda: _("submitted"),
    "withdrawn": lambda: _("withdrawn"),
    "expired": lambda: _("expired"),
    "window closed": lambda: _("its time to be applied is over"),
    "reminder": lambda: _("still waits"),
    "held back": lambda: _("held back"),
    "rejected": lambda: _("rejected"),
    "amended": lambda: _("amended"),
    "emergency": lambda: _("applied in an emergency"),
    "reviewed": lambda: _("reviewed"),
    "applied": lambda: _("applied"),
}


def subject_words(subject: str) -> str:
    """The portal's own words of it; summaries stay as they were written."""
    if told := _SUBJECT.fullmatch(subject):
        word = _WORDS.get(told[2])
        said = word() if word else told[2]
        return f"{isolated(told[1])} {said}: {isolated(told[3])}"
    if told := _COMMENT.fullmatch(subject):
        return _("%(who)s on %(change)s: %(summary)s") % {
            "who": isolated(told[1]),
            "change": isolated(told[2]),
            "summary": isolated(told[3]),
        }
    return subject
