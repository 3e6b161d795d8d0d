"""`manage.py create_administrator`: make the first person who can give others their roles."""

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.people.services import create_administrator
from portal.roles import Role

_REFUSED = 2


class Command(BaseCommand):
    """Takes name and password from the environment, or asks on the terminal."""

    help = "Create an administrator from ADMIN_USERNAME, ADMIN_PASSWORD, ADMIN_EMAIL or by asking."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-none", action="store_true", help="do nothing when there is one already")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_none"] and User.objects.filter(is_active=True, roles__contains=[Role.ADMINISTRATOR]).exists():
            return
        username, password, email = self._answers()
        try:
            create_administrator(
                actor=Actor.system("command create_administrator"),
                username=username,
                password=password,
                email=email,
                now=database_now(),
            )
        except ValidationError as error:
            raise CommandError(
                f"The administrator was not created: {' '.join(error.messages)}", returncode=_REFUSED
            ) from error
        self.stdout.write(f"Administrator {username} created.")

    def _answers(self) -> tuple[str, str, str]:
        username = os.environ.get("ADMIN_USERNAME", "").strip()
        password = os.environ.get("ADMIN_PASSWORD", "")
        email = os.environ.get("ADMIN_EMAIL", "").strip()
        if username and password:
            return username, password, email
        if not sys.stdin.isatty():
            raise CommandError(
                "There is no administrator yet; set ADMIN_USERNAME and ADMIN_PASSWORD, or start it on a terminal.",
                returncode=_REFUSED,
            )
        self.stdout.write("The portal needs its first administrator.")
        username = username or input("User name [admin]: ").strip() or "admin"
        email = email or input("E-mail (may stay empty): ").strip()
        while not password:
            password = getpass.getpass("Password (10 characters or more): ")
            if password != getpass.getpass("Password again: "):
                self.stdout.write("They differ; once more.")
                password = ""
        return username, password, email
