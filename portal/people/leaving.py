"""What follows when somebody leaves a team: its clock is set, and those who stay hear what they answer for.

Whether anybody is left is judged by the sweep, from the truth: two who leave at once each see the other.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import ngettext

from portal.outbox.services import publish
from portal.people.actors import Actor
from portal.people.models import Team, User
from portal.people.reads import has_somebody
from portal.registry.owning import owned_by


def look_again(teams: Iterable[Team], now: datetime) -> None:
    """Have the sweep look whether these teams have somebody."""
    Team.objects.filter(pk__in=[team.pk for team in teams]).update(judge_at=now)


def left(team: Team, people: Iterable[User], *, actor: Actor, now: datetime) -> None:
    """People have left a team, or are not active any more. Call it in the transaction in which they went."""
    look_again([team], now)
    gone = [str(user) for user in people]
    if not gone or not has_somebody(team):
        return
    owned = owned_by(team)
    if not owned:
        return
    count = sum(one.count for one in owned)
    publish(
        topic="team.left",
        subject=ngettext(
            "%(who)s left %(team)s, which answers for one entry",
            "%(who)s left %(team)s, which answers for %(count)d entries",
            count,
        )
        % {"who": ", ".join(gone)[:150], "team": team.name, "count": count},
        payload={
            "team": team.key,
            "left": gone[:50],
            "entries": count,
            "owned": [{"kind": one.kind, "count": one.count, "first": list(one.names)} for one in owned],
            "by": actor.name,
            "url": team.get_absolute_url(),
        },
        dedup_key=f"team.left:{team.pk}:{now.isoformat()}",
        team_key=team.key,
        caused_by=actor.user_id,
        about=f"team {team.key}"[:40],
    )
