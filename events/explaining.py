"""Why a version breaks its family's promise, in words: the same for the registry, for files, and for clients. Pure."""

from typing import Any

import orjson
from django.utils.translation import gettext as _

from events.schemas import Answer, Mode, Schema, Verdict, differences

MOST_TOLD = 6
LONGEST_EVENT = 600


def hurting(verdict: Verdict, old: Schema, new: Schema) -> list[str]:
    """What differs between two bundled versions and may break the direction of a verdict, in sentences with pointers."""
    return [f"{one.pointer}: {one.sentence}" for one in differences(old, new) if verdict.direction in one.hurts]


def explained(mode: Mode, verdict: Verdict, sentences: list[str]) -> str:
    """A verdict in words: what is broken, the first few sentences, and an event that shows it where there is one."""
    if verdict.answer is Answer.UNKNOWN:
        text = _("Whether it gets on with %(version)s by %(mode)s cannot be proven, which is a refusal.")
    elif verdict.direction == "backward":
        text = _("%(mode)s is broken: this version cannot read every event of %(version)s.")
    else:
        text = _("%(mode)s is broken: version %(version)s cannot read every event of this one.")
    told = [text % {"mode": mode, "version": verdict.version}, *sentences[:MOST_TOLD]]
    if verdict.event is not None:
        told.append(_("For example this event: %s") % _short(verdict.event))
    return " ".join(told)


def _short(event: Any) -> str:
    text = orjson.dumps(event).decode()
    return text if len(text) <= LONGEST_EVENT else f"{text[:LONGEST_EVENT]}…"
