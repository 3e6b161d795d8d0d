"""`manage.py create_token USERNAME [--actor-type T] [--name N]`: print a new API token."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.people.rules import token_types
from portal.people.tokens import create_token
from portal.roles import ActorType


class Command(BaseCommand):
    help = "Prints a new API token of a user. It is shown once; only its digest is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--actor-type", choices=ActorType.values, default=None, help="what the token acts as")
        parser.add_argument("--name", default="command line", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            known = ", ".join(User.objects.order_by("username").values_list("username", flat=True)[:20])
            raise CommandError(f"There is no user {options['username']!r}. Users: {known or 'none yet'}.")
        actor_type = options["actor_type"] or user.actor_type
        allowed = token_types(ActorType(user.actor_type))
        if actor_type not in allowed:
            raise CommandError(f"A token of {user.username} acts as: {', '.join(allowed)}.")
        token = create_token(
            actor=Actor.system("command create_token"),
            user=user,
            actor_type=actor_type,
            name=options["name"],
            now=database_now(),
        )
        self.stdout.write(token)
