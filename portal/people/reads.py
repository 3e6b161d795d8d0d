"""Reading people, teams and tokens."""

from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet

from portal.people.actors import Actor
from portal.people.models import ApiToken, Team, User
from portal.roles import ActorType, Permission, may


def people() -> QuerySet[User]:
    """Every account with its teams and who answers for it."""
    return User.objects.select_related("accountable").prefetch_related("teams")


def humans() -> QuerySet[User]:
    """Who may answer for an account: active humans, by name."""
    return User.objects.filter(actor_type=ActorType.HUMAN, is_active=True).order_by("username")


def has_somebody(team: Team) -> bool:
    """Whether an active human belongs to a team: somebody who answers for what it owns."""
    return team.members.filter(is_active=True, actor_type=ActorType.HUMAN).exists()


def teams() -> QuerySet[Team]:
    """Every team with its members and how many of them are active."""
    members = Prefetch("members", User.objects.order_by("username"))
    active = Count("members", filter=Q(members__is_active=True), distinct=True)
    return Team.objects.prefetch_related(members).annotate(active_members=active).order_by("key")


def tokens(actor: Actor) -> QuerySet[ApiToken]:
    """The tokens an actor may see: every one as an administrator, else the own ones and those of its machines."""
    found = ApiToken.objects.select_related("user").order_by("-created", "-digest")
    if may(actor, Permission.MANAGE_PEOPLE):
        return found
    if actor.actor_type != ActorType.HUMAN:
        return found.filter(user=actor.user)
    return found.filter(Q(user=actor.user) | Q(user__accountable=actor.user))


def token_state(token: ApiToken, now: datetime) -> str:
    """`usable`, `expired` or `revoked`; the account must be active besides."""
    if token.revoked_at is not None:
        return "revoked"
    return "usable" if token.usable_at(now) else "expired"
