"""Talking about a change and following it.

Comments are append-only. Who is named with @ is found here, never told by the caller.
"""

import re
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes.models import ChangeRequest, Comment, Watch
from portal.changes.telling import tell
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.refusals import Invalid, Missing, Problem
from portal.roles import ActorType, Permission

MAX_TEXT = 10_000
MAX_MENTIONS = 20
# What a user name is made of. An @ inside a word (an e-mail address) names nobody.
_AT_NAME = re.compile(r"(?<![\w.+@-])@([\w.@+-]{1,150})")
_ENDS_A_SENTENCE = ".@+-_"


def _change(change_id: int) -> ChangeRequest:
    found = ChangeRequest.objects.filter(pk=change_id).first()
    if found is None:
        raise Missing("no_such_change", _("There is no change CHG-%d.") % change_id)
    return found


def _readings(name: str) -> list[str]:
    """What `@omar...` may mean, longest first: a full stop may belong to the sentence."""
    found = [name]
    while name and name[-1] in _ENDS_A_SENTENCE:
        name = name[:-1]
        found.append(name)
    return [one.lower() for one in found if one]


def mentioned(text: str) -> list[str]:
    """The user names of the active people whom a text names with @, in its order; in any case of letters."""
    told = list(dict.fromkeys(_AT_NAME.findall(text)))[: MAX_MENTIONS * 5]
    wanted = {reading for name in told for reading in _readings(name)}
    if not wanted:
        return []
    people = User.objects.filter(is_active=True, actor_type=ActorType.HUMAN).annotate(small=Lower("username"))
    known: dict[str, list[str]] = {}
    for small, username in people.filter(small__in=wanted).order_by("pk").values_list("small", "username"):
        known.setdefault(small, []).append(username)
    found: list[str] = []
    for name in told:
        reading = next((one for one in _readings(name) if one in known), "")
        names = known.get(reading, [])
        # Names that differ by case alone are different people: only the exact one is meant.
        exact = [one for one in names if name.startswith(one)]
        found += exact[:1] or (names if len(names) == 1 else [])
    return list(dict.fromkeys(found))[:MAX_MENTIONS]


@transaction.atomic
def comment(*, actor: Actor, change_id: int, text: str, now: datetime) -> Comment:
    """Say something about a change, whatever its state. Who is mentioned or watches hears of it by the notice."""
    user = require(actor, Permission.COMMENT)
    change = _change(change_id)
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > MAX_TEXT or "\x00" in text:
        message = _("Write 1 to %d characters.") % MAX_TEXT
        raise Invalid("comment", message, [Problem("text", message, "length" if "\x00" not in text else "nul")])
    mentions = [name for name in mentioned(text) if name != user.username]
    made = Comment.objects.create(
        change=change, author=user, author_name=actor.name, text=text, mentions=mentions, at=now
    )
    record(actor=actor, action="change.comment", kind=change.kind, key=change.key, now=now, change_id=change.pk,
           detail=f"comment {made.pk}")  # fmt: skip
    named = User.objects.filter(username__in=mentions).values_list("pk", flat=True)
    tell(change, "comment", actor=actor, occasion=str(made.pk), anchor=f"?tab=discussion#comment-{made.pk}",
         subject=f"{actor.name} on {change.human_id}: {change.summary}", mentions=mentions, named=named)  # fmt: skip
    return made


@transaction.atomic
def watch(*, actor: Actor, change_id: int, now: datetime) -> bool:
    """Follow a change: hear of what becomes of it. Returns whether that is new."""
    user = require(actor, Permission.VIEW)
    change = _change(change_id)
    _watch, created = Watch.objects.get_or_create(change=change, user=user, defaults={"at": now})
    if created:
        record(actor=actor, action="change.watch", kind=change.kind, key=change.key, now=now, change_id=change.pk)
    return created


@transaction.atomic
def unwatch(*, actor: Actor, change_id: int, now: datetime) -> bool:
    """Follow a change no longer. Returns whether it was followed."""
    user = require(actor, Permission.VIEW)
    change = _change(change_id)
    gone, _rows = Watch.objects.filter(change=change, user=user).delete()
    if gone:
        record(actor=actor, action="change.unwatch", kind=change.kind, key=change.key, now=now, change_id=change.pk)
    return bool(gone)


def watches(user: User, change: ChangeRequest) -> bool:
    """Whether this person follows a change."""
    return Watch.objects.filter(change=change, user=user).exists()
