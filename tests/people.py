"""The people that the tests talk about, by name."""

from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import Team, User
from portal.roles import ActorType, Role

ROLES: dict[str, Role] = {
    "vera": Role.VIEWER,
    "amal": Role.ENGINEER,
    "noor": Role.ENGINEER,
    "omar": Role.LEAD,
    "lina": Role.LEAD,
    "huda": Role.HEAD,
    "khalid": Role.EXECUTIVE,
    "yusuf": Role.OPERATOR,
    "adam": Role.ADMINISTRATOR,
}


def user(name: str, role: Role | None = None) -> User:
    """The account of this name, made if it is one of these people.

    amal and noor engineer, omar and lina lead, huda heads, khalid is an executive.
    """
    known = User.objects.filter(username=name).first()
    if known is not None:
        return known
    chosen = role or ROLES[name]
    made, _ = User.objects.get_or_create(
        username=name,
        defaults={"first_name": name.title(), "email": f"{name}@portal.example", "roles": [chosen.value]},
    )
    return made


def actor(name: str, role: Role | None = None) -> Actor:
    """The same person as an actor who has just signed in."""
    return Actor.of(user(name, role), signed_in_at=database_now())


def machine(name: str, accountable: str = "omar", actor_type: ActorType = ActorType.EXECUTOR_SYSTEM) -> User:
    """An account of a machine with an engineer's role, for which a person answers."""
    made, _ = User.objects.get_or_create(
        username=name,
        defaults={
            "roles": [Role.ENGINEER.value],
            "actor_type": actor_type.value,
            "accountable": user(accountable),
        },
    )
    return made


def team(key: str = "crm-team") -> Team:
    """A team by its key."""
    return Team.objects.get_or_create(key=key, defaults={"name": key.replace("-", " ").title()})[0]
