"""Breaking changes of a data sync: announced in good time, with those who must move; who has moved; and the end of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.consumers import consumers_of
from connectors.models import BreakingNotice, Connector, NoticeConsumer
from connectors.pauses import reason_problems
from connectors.syncs.keeping import find
from connectors.syncs.rules import LEAST_NOTICE, MOST_CONSUMERS
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.registry.models import STANDING
from portal.roles import Permission

MOST_TITLE, MOST_DETAIL, MOST_NAME = 200, 2000, 120
MOST_KNOWN = 200


@dataclass(frozen=True)
class Draft:
    """A notice before it is announced."""

    title: str
    detail: str
    deadline: datetime
    consumers: Sequence[str]


def known_consumers(sync: Connector) -> list[str]:
    """Those who read what the sync writes, as far as the registry knows; the datasets themselves need not move."""
    names = [one.called for one in consumers_of(sync) if one.kind != "dataset"]
    return [name for name in dict.fromkeys(names) if name != sync.key][:MOST_KNOWN]


@transaction.atomic
def announce(*, actor: Actor, sync: str, draft: Draft, now: datetime) -> BreakingNotice:
    """Announce it: seven days ahead at least, with somebody who must move. Raises Invalid with every problem."""
    require(actor, Permission.ANNOUNCE_BREAK)
    connector = find(sync)
    if connector.state not in STANDING:
        raise Conflict("retired", _("“%s” is not active: nobody reads it any more.") % connector.key)
    names = list(dict.fromkeys(name.strip() for name in draft.consumers if name.strip()))
    _sound(draft, names, now)
    notice = BreakingNotice.objects.create(
        connector=connector, title=draft.title.strip(), detail=draft.detail.strip(), deadline=draft.deadline,
        announced_at=now, announced_by=actor.name, notice_clock=draft.deadline,
    )  # fmt: skip
    NoticeConsumer.objects.bulk_create(NoticeConsumer(notice=notice, name=name) for name in names)
    _audit(actor, "notice.announced", notice, notice.title, now)
    return notice


@transaction.atomic
def moved(*, actor: Actor, sync: str, notice_id: int, consumers: Sequence[str], now: datetime) -> BreakingNotice:
    """Mark consumers as moved; told again, it changes nothing. When the last one has moved, the notice is closed."""
    require(actor, Permission.ANNOUNCE_BREAK)
    notice = _locked(sync, notice_id)
    rows = {row.name: row for row in notice.consumers.all()}
    strange = [name for name in consumers if name not in rows]
    if strange or not consumers:
        message = _("Known consumers of this notice: %s.") % ", ".join(rows)
        raise Invalid("consumer", message, [Problem("consumers", message, "unknown")])
    new = [rows[name] for name in dict.fromkeys(consumers) if rows[name].moved_at is None]
    if not new:
        return notice
    if notice.closed_at is not None:
        raise Conflict("closed", _("%s is closed.") % notice.human_id)
    for row in new:
        row.moved_at, row.moved_by = now, actor.name
        row.save(update_fields=["moved_at", "moved_by"])
    _audit(actor, "notice.moved", notice, ", ".join(row.name for row in new), now)
    if all(row.moved_at is not None for row in rows.values()):
        _close(notice, _("Everybody has moved."), now)
        _audit(actor, "notice.closed", notice, notice.close_reason, now)
    return notice


@transaction.atomic
def close(*, actor: Actor, sync: str, notice_id: int, reason: str, now: datetime) -> BreakingNotice:
    """End it before everybody has moved, with the reason; closed already, it stays as it is."""
    require(actor, Permission.ANNOUNCE_BREAK)
    notice = _locked(sync, notice_id)
    problems = reason_problems(reason)
    if problems:
        raise Invalid("notice", problems[0].message, problems)
    if notice.closed_at is not None:
        raise Conflict("closed", _("%s is closed.") % notice.human_id)
    _close(notice, reason.strip(), now)
    _audit(actor, "notice.closed", notice, notice.close_reason, now)
    return notice


def one_of(connector: Connector, notice_id: int) -> BreakingNotice:
    """A notice of this sync with its consumers. Raises Missing."""
    rows = BreakingNotice.objects.filter(connector=connector).prefetch_related("consumers")
    found = rows.filter(pk=notice_id).first() if notice_id < 2**63 else None
    if found is None:
        raise Missing(
            "no_such_notice", _("“%(sync)s” has no notice %(id)s.") % {"sync": connector.key, "id": notice_id}
        )
    return found


def _locked(sync: str, notice_id: int) -> BreakingNotice:
    connector = find(sync)
    rows = BreakingNotice.objects.select_for_update(of=("self",), no_key=True).filter(connector=connector)
    found = rows.filter(pk=notice_id).first() if notice_id < 2**63 else None
    if found is None:
        raise Missing(
            "no_such_notice", _("“%(sync)s” has no notice %(id)s.") % {"sync": connector.key, "id": notice_id}
        )
    found.connector = connector
    return found


def _close(notice: BreakingNotice, reason: str, now: datetime) -> None:
    notice.closed_at, notice.close_reason, notice.notice_clock, notice.judge_at = now, reason, None, now
    notice.save(update_fields=["closed_at", "close_reason", "notice_clock", "judge_at"])


def _sound(draft: Draft, names: Sequence[str], now: datetime) -> None:
    problems = []
    for path, text, most, needed in (
        ("title", draft.title, MOST_TITLE, True), ("detail", draft.detail, MOST_DETAIL, False)
    ):  # fmt: skip
        if (needed and not text.strip()) or len(text) > most or "\0" in text:
            problems.append(Problem(path, _("A text of at most %d characters is expected here.") % most, "text"))
    if draft.deadline < now + LEAST_NOTICE:
        message = _("Those who must move need at least %d days.") % LEAST_NOTICE.days
        problems.append(Problem("deadline", message, "too_soon"))
    elif draft.deadline.year > now.year + 5:
        problems.append(Problem("deadline", _("That is too far away to be a deadline."), "too_far"))
    if not 1 <= len(names) <= MOST_CONSUMERS:
        problems.append(Problem("consumers", _("Name 1 to %d who must move.") % MOST_CONSUMERS, "count"))
    elif any(len(name) > MOST_NAME or "\0" in name for name in names):
        problems.append(Problem("consumers", _("A name has at most %d characters.") % MOST_NAME, "text"))
    if problems:
        raise Invalid("notice", problems[0].message, problems)


def _audit(actor: Actor, action: str, notice: BreakingNotice, detail: str, now: datetime) -> None:
    record(
        actor=actor, action=action, kind="data_movement", key=notice.connector.key, now=now,
        detail=f"{notice.human_id}: {detail}",
    )  # fmt: skip
