"""App configuration."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People, teams and tokens: who acts."""

    name = "portal.people"
    label = "people"
