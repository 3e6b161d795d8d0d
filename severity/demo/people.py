"""The people and teams of the demo."""

from datetime import datetime

from django.contrib.auth.hashers import make_password

from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.models import Team, User
from portal.roles import Role

PASSWORD = "portal-demo"  # noqa: S105 - of the demo alone, shown on its sign-in page
LOADER = Actor.system("demo")
# user name, first name, last name, role; the last one only writes changes and does not sign in.
PEOPLE = (
    ("viewer", "Vera", "Haddad", Role.VIEWER),
    ("engineer", "Amal", "Al-Harbi", Role.ENGINEER),
    ("lead", "Omar", "Al-Qahtani", Role.LEAD),
    ("head", "Huda", "Al-Salem", Role.HEAD),
    ("executive", "Khalid", "Al-Rashid", Role.EXECUTIVE),
    ("operator", "Yusuf", "Karim", Role.OPERATOR),
    ("admin", "Salma", "Nasser", Role.ADMINISTRATOR),
    ("noor", "Noor", "Al-Amri", Role.ENGINEER),
)
WITHOUT_PASSWORD = "noor"  # noqa: S105 - a user name
TEAMS = (
    ("ai-platform", "AI platform", ("engineer", "lead")),
    ("billing-team", "Billing", ("noor", "lead")),
    ("crm-team", "CRM", ("engineer", "head")),
    ("data-platform", "Data platform", ("engineer", "noor", "operator")),
    ("finance-team", "Finance", ("head", "executive")),
    ("legal-team", "Legal", ("executive",)),
    ("messaging-team", "Messaging", ("noor", "operator")),
    ("support-team", "Support", ("viewer", "operator")),
)


def load(now: datetime) -> bool:
    """Make whoever is missing; whether anybody was. Nobody who exists is touched."""
    standing = set(User.objects.values_list("username", flat=True))
    missing = [person for person in PEOPLE if person[0] not in standing]
    if missing:
        # One slow hash for all of them: a start must be quick.
        hashed = make_password(PASSWORD)
        for username, first, last, role in missing:
            User.objects.create(
                username=username,
                first_name=first,
                last_name=last,
                email=f"{username}@portal.example",
                roles=[role.value],
                password=make_password(None) if username == WITHOUT_PASSWORD else hashed,
            )
            record(actor=LOADER, action="user.create", kind="user", key=username, now=now, detail=role.value)
    for key, name, members in TEAMS:
        team, created = Team.objects.get_or_create(key=key, defaults={"name": name})
        if created:
            team.members.set(User.objects.filter(username__in=members))
            record(actor=LOADER, action="team.create", kind="team", key=key, now=now, detail=", ".join(members))
    return bool(missing)


def actor(username: str, at: datetime | None = None) -> Actor:
    """A demo person as an actor, who signed in at that moment."""
    return Actor.of(User.objects.get(username=username), signed_in_at=at)
